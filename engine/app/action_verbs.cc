#include "engine/app/action_verbs.h"

#include <array>
#include <cmath>
#include <cstdint>
#include <string>

#include "engine/app/upgrade_command.h"
#include "engine/base/status.h"

namespace skald::app {
namespace {

using Stub = v1::WorkflowService::Stub;

constexpr double kCallbackAfterSecondsMax = 2'147'483;  // as of a worker (worker.proto)

// ---- what the options say, but for whom it is for and who asks ----

v1::TaskStatus StatusOf(const ActionArguments& arguments) {
  v1::TaskStatus status = v1::TASK_STATUS_UNSPECIFIED;
  v1::TaskStatus_Parse("TASK_STATUS_" + arguments.status, &status);
  return status;
}

absl::Status Fill(const ActionArguments& arguments, v1::SignalRequest& request) {
  request.set_reason(arguments.reason);
  request.set_reference(arguments.step);
  request.set_status(StatusOf(arguments));
  ASSIGN_OR_RETURN(*request.mutable_payload(), TextOrFile(arguments.payload));
  return absl::OkStatus();
}

absl::Status Fill(const ActionArguments& arguments, v1::UpdateTaskRequest& request) {
  request.set_task_id(arguments.task);
  request.set_reference(arguments.step);
  request.set_reason(arguments.reason);
  request.set_status(StatusOf(arguments));
  request.set_callback_after_ms(
      static_cast<std::uint32_t>(std::lround(arguments.callback_after_seconds * 1'000)));
  ASSIGN_OR_RETURN(*request.mutable_output(), TextOrFile(arguments.payload));
  return absl::OkStatus();
}

absl::Status Fill(const ActionArguments& arguments, v1::ActionRequest& request) {
  request.set_reason(arguments.reason);
  return absl::OkStatus();
}

absl::Status Fill(const ActionArguments& arguments, v1::TerminateRequest& request) {
  request.set_reason(arguments.reason);
  request.set_abandon(arguments.flag);
  request.set_trigger_failure_workflow(arguments.failure_workflow);
  return absl::OkStatus();
}

absl::Status Fill(const ActionArguments& arguments, v1::CompensateRequest& request) {
  request.set_reason(arguments.reason);
  request.set_force(arguments.flag);
  return absl::OkStatus();
}

absl::Status Fill(const ActionArguments& arguments, v1::RestartRequest& request) {
  request.set_reason(arguments.reason);
  request.set_force(arguments.flag);
  request.set_use_latest_definition(arguments.use_latest_definition);
  return absl::OkStatus();
}

absl::Status Fill(const ActionArguments& arguments, v1::RetryRequest& request) {
  request.set_reason(arguments.reason);
  request.set_resume_sub_workflows(arguments.flag);
  return absl::OkStatus();
}

absl::Status Fill(const ActionArguments& arguments, v1::RerunRequest& request) {
  request.set_reason(arguments.reason);
  request.set_task_id(arguments.task);
  request.set_reference(arguments.step);
  request.set_correlation_id(arguments.correlation_id);
  ASSIGN_OR_RETURN(*request.mutable_task_input(), TextOrFile(arguments.payload));
  ASSIGN_OR_RETURN(*request.mutable_input(), TextOrFile(arguments.input));
  return absl::OkStatus();
}

absl::Status Fill(const ActionArguments& arguments, v1::SkipTaskRequest& request) {
  request.set_reason(arguments.reason);
  request.set_reference(arguments.step);
  ASSIGN_OR_RETURN(*request.mutable_task_input(), TextOrFile(arguments.input));
  ASSIGN_OR_RETURN(*request.mutable_task_output(), TextOrFile(arguments.payload));
  return absl::OkStatus();
}

absl::Status Fill(const ActionArguments& arguments, v1::UpdateVariablesRequest& request) {
  request.set_reason(arguments.reason);
  ASSIGN_OR_RETURN(*request.mutable_variables(), TextOrFile(arguments.payload));
  return absl::OkStatus();
}

absl::Status Fill(const ActionArguments& arguments, v1::UpgradeRequest& request) {
  request.set_reason(arguments.reason);
  request.set_version(arguments.version);
  request.set_dry_run(arguments.dry_run);
  return absl::OkStatus();
}

absl::Status Fill(const ActionArguments& arguments, v1::OperateRequest& request) {
  request.set_reason(arguments.reason);
  request.set_reference(arguments.step);
  request.set_iteration(arguments.iteration);
  if (arguments.effect == "APPLIED") request.set_effect(v1::EFFECT_APPLIED);
  if (arguments.effect == "NONE") request.set_effect(v1::EFFECT_NONE);
  ASSIGN_OR_RETURN(*request.mutable_output(), TextOrFile(arguments.payload));
  return absl::OkStatus();
}

// ---- the options ----

void NoOptions(CLI::App& /*command*/, ActionArguments& /*arguments*/, bool /*one*/) {}

// Among many, the name is that of the filter.
void StatusOption(CLI::App& command, ActionArguments& arguments, bool one) {
  command.add_option(one ? "--status" : "--task-status", arguments.status, "What became of it")
      ->check(CLI::IsMember(
          {"COMPLETED", "FAILED", "FAILED_WITH_TERMINAL_ERROR", "CANCELED", "IN_PROGRESS"}))
      ->capture_default_str();
}

void SignalOptions(CLI::App& command, ActionArguments& arguments, bool one) {
  command.add_option("--step", arguments.step, "Reference of the step; the first that waits");
  StatusOption(command, arguments, one);
  command.add_option("--payload", arguments.payload, "JSON object, or @FILE");
}

void UpdateTaskOptions(CLI::App& command, ActionArguments& arguments, bool one) {
  auto* step = command.add_option("--step", arguments.step, "Reference of the step");
  if (one) command.add_option("--task", arguments.task, "Id of the task instead")->excludes(step);
  StatusOption(command, arguments, one);
  command
      .add_option("--callback-after", arguments.callback_after_seconds,
                  "IN_PROGRESS, of a worker's task: seconds until it is offered again")
      ->check(CLI::Range(0.0, kCallbackAfterSecondsMax));
  command.add_option("--task-output", arguments.payload, "JSON object, or @FILE");
}

void TerminateOptions(CLI::App& command, ActionArguments& arguments, bool /*one*/) {
  command.add_flag("--abandon", arguments.flag, "Leave a saga as it stands");
  command.add_flag("--failure-workflow", arguments.failure_workflow,
                   "Run the failure workflow, as after a failure");
}

void CompensateOptions(CLI::App& command, ActionArguments& arguments, bool /*one*/) {
  command.add_flag("--force", arguments.flag, "Also after the pivot; recorded as an override");
}

void RestartOptions(CLI::App& command, ActionArguments& arguments, bool /*one*/) {
  command.add_flag("--force", arguments.flag, "Also a saga that left effects standing");
  command.add_flag("--use-latest-definition", arguments.use_latest_definition,
                   "With the newest version of its definition");
}

void RetryOptions(CLI::App& command, ActionArguments& arguments, bool /*one*/) {
  command.add_flag("--resume-sub-workflows", arguments.flag,
                   "Retry sub-workflows that failed, instead of starting new ones");
}

void RerunOptions(CLI::App& command, ActionArguments& arguments, bool one) {
  auto* step = command.add_option("--step", arguments.step,
                                  "From the newest run of that step; absent: from the beginning");
  if (one) {
    command.add_option("--task", arguments.task, "From the task with that id")->excludes(step);
  }
  command.add_option("--task-input", arguments.payload, "Its input: JSON object, or @FILE");
  command.add_option("--input", arguments.input, "The workflow's: JSON object, or @FILE");
  // Among many, the name is that of the filter.
  if (one) command.add_option("--correlation-id", arguments.correlation_id, "Another one");
}

void SkipOptions(CLI::App& command, ActionArguments& arguments, bool /*one*/) {
  command.add_option("--step", arguments.step, "Reference of the step")->required();
  command.add_option("--task-input", arguments.input, "JSON object, or @FILE");
  command.add_option("--task-output", arguments.payload, "JSON object, or @FILE");
}

void VariablesOptions(CLI::App& command, ActionArguments& arguments, bool /*one*/) {
  command.add_option("--variables", arguments.payload, "JSON object, or @FILE")->required();
}

void UpgradeOptions(CLI::App& command, ActionArguments& arguments, bool /*one*/) {
  command.add_option("--version", arguments.version, "Of the definition; 0 = the newest");
  command.add_flag("--dry-run", arguments.dry_run,
                   "Change nothing: show what would change, and what stands against it");
}

// All that is parked, unless a step is named.
void OperatorOptions(CLI::App& command, ActionArguments& arguments, bool /*one*/) {
  command.add_option("--step", arguments.step, "Reference of the step");
  command.add_option("--iteration", arguments.iteration, "Pass of the enclosing loop");
}

void OperatorStepOptions(CLI::App& command, ActionArguments& arguments, bool one) {
  OperatorOptions(command, arguments, one);
  command.get_option("--step")->required();
}

void ResolveOptions(CLI::App& command, ActionArguments& arguments, bool one) {
  OperatorStepOptions(command, arguments, one);
  command.add_option("--step-output", arguments.payload, "JSON object, or @FILE");
}

void SettleOptions(CLI::App& command, ActionArguments& arguments, bool one) {
  ResolveOptions(command, arguments, one);
  command.add_option("--effect", arguments.effect, "APPLIED or NONE")
      ->required()
      ->check(CLI::IsMember({"APPLIED", "NONE"}));
}

// ---- the calls ----

template <typename Request,
          grpc::Status (Stub::*kCall)(grpc::ClientContext*, const Request&, v1::ActionResponse*)>
int One(const Options& options, const Arguments& arguments) {
  Request request;
  if (const absl::Status filled = Fill(*arguments, request); !filled.ok()) {
    return FailLocally(filled);
  }
  return Act(options, arguments, request,
             [](auto& stub, auto& context, const auto& message, auto& response) {
               return (stub.*kCall)(&context, message, &response);
             });
}

template <typename Request, Request* (v1::BulkRequest::*kPart)()>
absl::Status Many(const ActionArguments& arguments, v1::BulkRequest& request) {
  Request& part = *(request.*kPart)();
  part.set_actor(arguments.actor);
  return Fill(arguments, part);
}

template <v1::OperateRequest::Verb kVerb>
int OperateOne(const Options& options, const Arguments& arguments) {
  v1::OperateRequest request;
  request.set_verb(kVerb);
  if (const absl::Status filled = Fill(*arguments, request); !filled.ok()) {
    return FailLocally(filled);
  }
  return Act(options, arguments, request,
             [](auto& stub, auto& context, const auto& message, auto& response) {
               return stub.Operate(&context, message, &response);
             });
}

using Bulk = v1::BulkRequest;

template <v1::OperateRequest::Verb kVerb>
absl::Status OperateMany(const ActionArguments& arguments, v1::BulkRequest& request) {
  request.mutable_operate()->set_verb(kVerb);
  return Many<v1::OperateRequest, &Bulk::mutable_operate>(arguments, request);
}

constexpr std::array kVerbs = {
    ActionVerb{"signal", "Complete a waiting WAIT step, or fail it", Reason::kOptional,
               &SignalOptions, &One<v1::SignalRequest, &Stub::Signal>,
               &Many<v1::SignalRequest, &Bulk::mutable_signal>},
    ActionVerb{"update-task", "Say what became of a task", Reason::kOptional, &UpdateTaskOptions,
               &One<v1::UpdateTaskRequest, &Stub::UpdateTask>,
               &Many<v1::UpdateTaskRequest, &Bulk::mutable_update_task>},
    ActionVerb{"pause", "Start nothing new", Reason::kOptional, &NoOptions,
               &One<v1::ActionRequest, &Stub::Pause>,
               &Many<v1::ActionRequest, &Bulk::mutable_pause>},
    ActionVerb{"resume", "Go on after a pause", Reason::kOptional, &NoOptions,
               &One<v1::ActionRequest, &Stub::Resume>,
               &Many<v1::ActionRequest, &Bulk::mutable_resume>},
    ActionVerb{"terminate", "End a workflow and its sub-workflows; a saga is undone first",
               Reason::kOptional, &TerminateOptions, &One<v1::TerminateRequest, &Stub::Terminate>,
               &Many<v1::TerminateRequest, &Bulk::mutable_terminate>},
    ActionVerb{"delete", "Remove a workflow that has ended, with its history", Reason::kOptional,
               &NoOptions, &One<v1::ActionRequest, &Stub::Delete>,
               &Many<v1::ActionRequest, &Bulk::mutable_delete_>},
    ActionVerb{"compensate", "Undo a running saga", Reason::kOptional, &CompensateOptions,
               &One<v1::CompensateRequest, &Stub::Compensate>,
               &Many<v1::CompensateRequest, &Bulk::mutable_compensate>},
    ActionVerb{"restart", "Begin an ended workflow again", Reason::kOptional, &RestartOptions,
               &One<v1::RestartRequest, &Stub::Restart>,
               &Many<v1::RestartRequest, &Bulk::mutable_restart>},
    ActionVerb{"retry", "Attempt anew what failed in an ended workflow", Reason::kOptional,
               &RetryOptions, &One<v1::RetryRequest, &Stub::Retry>,
               &Many<v1::RetryRequest, &Bulk::mutable_retry>},
    ActionVerb{"rerun", "Do a task of an ended workflow again, and what follows", Reason::kOptional,
               &RerunOptions, &One<v1::RerunRequest, &Stub::Rerun>,
               &Many<v1::RerunRequest, &Bulk::mutable_rerun>},
    ActionVerb{"skip", "Have a step that has not begun stepped over", Reason::kOptional,
               &SkipOptions, &One<v1::SkipTaskRequest, &Stub::SkipTask>,
               &Many<v1::SkipTaskRequest, &Bulk::mutable_skip_task>},
    ActionVerb{"update-variables", "Lay variables over the workflow's", Reason::kOptional,
               &VariablesOptions, &One<v1::UpdateVariablesRequest, &Stub::UpdateVariables>,
               &Many<v1::UpdateVariablesRequest, &Bulk::mutable_update_variables>},
    ActionVerb{"upgrade", "Go on with another version of the definition of a running workflow",
               Reason::kOptional, &UpgradeOptions, &Upgrade,
               &Many<v1::UpgradeRequest, &Bulk::mutable_upgrade>},
};

using Operate = v1::OperateRequest;
constexpr std::array kOperatorVerbs = {
    ActionVerb{"retry", "Try parked undos again", Reason::kRequired, &OperatorOptions,
               &OperateOne<Operate::VERB_RETRY>, &OperateMany<Operate::VERB_RETRY>},
    ActionVerb{"resolve", "Declare an undo done by hand", Reason::kRequired, &ResolveOptions,
               &OperateOne<Operate::VERB_RESOLVE>, &OperateMany<Operate::VERB_RESOLVE>},
    ActionVerb{"settle", "Declare what an unknown step did", Reason::kRequired, &SettleOptions,
               &OperateOne<Operate::VERB_SETTLE>, &OperateMany<Operate::VERB_SETTLE>},
    ActionVerb{"skip", "Leave a step standing", Reason::kRequired, &OperatorStepOptions,
               &OperateOne<Operate::VERB_SKIP>, &OperateMany<Operate::VERB_SKIP>},
    ActionVerb{"abandon", "Give the saga up", Reason::kRequired, &OperatorOptions,
               &OperateOne<Operate::VERB_ABANDON>, &OperateMany<Operate::VERB_ABANDON>},
};

}  // namespace

std::span<const ActionVerb> ActionVerbs() { return kVerbs; }

std::span<const ActionVerb> OperatorVerbs() { return kOperatorVerbs; }

}  // namespace skald::app
