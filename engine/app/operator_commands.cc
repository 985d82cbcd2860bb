// `skald workflow signal | pause | resume | terminate | compensate | operator …`.
#include <string>

#include "engine/app/action.h"
#include "engine/app/commands.h"
#include "engine/app/exit_codes.h"

namespace skald::app {
namespace {

int Signal(const Options& options, const Arguments& arguments) {
  const auto payload = TextOrFile(arguments->payload);
  if (!payload.ok()) return FailLocally(payload.status());
  v1::SignalRequest request;
  request.set_reference(arguments->step);
  request.set_payload(*payload);
  return Act(options, arguments, request,
             [](auto& stub, auto& context, const auto& message, auto& response) {
               return stub.Signal(&context, message, &response);
             });
}

int UpdateTask(const Options& options, const Arguments& arguments) {
  const auto output = TextOrFile(arguments->payload);
  if (!output.ok()) return FailLocally(output.status());
  v1::UpdateTaskRequest request;
  request.set_task_id(arguments->task);
  request.set_reference(arguments->step);
  request.set_output(*output);
  request.set_reason(arguments->reason);
  v1::TaskStatus status = v1::TASK_STATUS_UNSPECIFIED;
  v1::TaskStatus_Parse("TASK_STATUS_" + arguments->status, &status);
  request.set_status(status);
  return Act(options, arguments, request,
             [](auto& stub, auto& context, const auto& message, auto& response) {
               return stub.UpdateTask(&context, message, &response);
             });
}

void AddUpdateTask(CLI::App& workflow, Chosen& chosen) {
  CLI::App* command = workflow.add_subcommand("update-task", "Say what became of a task");
  Options options = AddClientOptions(*command);
  Arguments arguments = AddAction(*command, Reason::kOptional);
  auto* step = command->add_option("--step", arguments->step, "Reference of the step");
  command->add_option("--task", arguments->task, "Id of the task instead")->excludes(step);
  command->add_option("--status", arguments->status, "What became of it")
      ->check(CLI::IsMember({"COMPLETED", "FAILED", "FAILED_WITH_TERMINAL_ERROR"}))
      ->capture_default_str();
  command->add_option("--task-output", arguments->payload, "JSON object, or @FILE");
  command->callback([=, &chosen] { chosen = [=] { return UpdateTask(options, arguments); }; });
}

int PauseOrResume(const Options& options, const Arguments& arguments, bool pause) {
  v1::ActionRequest request;
  request.set_reason(arguments->reason);
  return Act(options, arguments, request,
             [pause](auto& stub, auto& context, const auto& message, auto& response) {
               return pause ? stub.Pause(&context, message, &response)
                            : stub.Resume(&context, message, &response);
             });
}

int Terminate(const Options& options, const Arguments& arguments) {
  v1::TerminateRequest request;
  request.set_reason(arguments->reason);
  request.set_abandon(arguments->flag);
  request.set_trigger_failure_workflow(arguments->failure_workflow);
  return Act(options, arguments, request,
             [](auto& stub, auto& context, const auto& message, auto& response) {
               return stub.Terminate(&context, message, &response);
             });
}

int Compensate(const Options& options, const Arguments& arguments) {
  v1::CompensateRequest request;
  request.set_reason(arguments->reason);
  request.set_force(arguments->flag);
  return Act(options, arguments, request,
             [](auto& stub, auto& context, const auto& message, auto& response) {
               return stub.Compensate(&context, message, &response);
             });
}

int Operate(const Options& options, const Arguments& arguments, v1::OperateRequest::Verb verb) {
  const auto output = TextOrFile(arguments->payload);
  if (!output.ok()) return FailLocally(output.status());
  v1::OperateRequest request;
  request.set_verb(verb);
  request.set_reference(arguments->step);
  request.set_iteration(arguments->iteration);
  request.set_output(*output);
  request.set_reason(arguments->reason);
  if (arguments->effect == "APPLIED") request.set_effect(v1::EFFECT_APPLIED);
  if (arguments->effect == "NONE") request.set_effect(v1::EFFECT_NONE);
  return Act(options, arguments, request,
             [](auto& stub, auto& context, const auto& message, auto& response) {
               return stub.Operate(&context, message, &response);
             });
}

void AddVerb(CLI::App& group, const char* name, const char* help, v1::OperateRequest::Verb verb,
             Chosen& chosen) {
  CLI::App* command = group.add_subcommand(name, help);
  Options options = AddClientOptions(*command);
  Arguments arguments = AddAction(*command, Reason::kRequired);
  auto* step = command->add_option("--step", arguments->step, "Reference of the step");
  command->add_option("--iteration", arguments->iteration, "Pass of the enclosing loop");
  const bool for_one =
      verb != v1::OperateRequest::VERB_RETRY && verb != v1::OperateRequest::VERB_ABANDON;
  if (for_one) step->required();
  if (verb == v1::OperateRequest::VERB_SETTLE) {
    command->add_option("--effect", arguments->effect, "APPLIED or NONE")
        ->required()
        ->check(CLI::IsMember({"APPLIED", "NONE"}));
  }
  if (verb == v1::OperateRequest::VERB_SETTLE || verb == v1::OperateRequest::VERB_RESOLVE) {
    command->add_option("--step-output", arguments->payload, "JSON object, or @FILE");
  }
  command->callback([=, &chosen] { chosen = [=] { return Operate(options, arguments, verb); }; });
}

}  // namespace

void AddOperatorCommands(CLI::App& workflow, Chosen& chosen) {
  CLI::App* command = workflow.add_subcommand("signal", "Complete a waiting WAIT step");
  Options options = AddClientOptions(*command);
  Arguments arguments = AddAction(*command, Reason::kNone);
  command->add_option("--step", arguments->step, "Reference of the WAIT; the first if absent");
  command->add_option("--payload", arguments->payload, "JSON object, or @FILE");
  command->callback([=, &chosen] { chosen = [=] { return Signal(options, arguments); }; });

  AddUpdateTask(workflow, chosen);

  command = workflow.add_subcommand("pause", "Start nothing new");
  options = AddClientOptions(*command);
  arguments = AddAction(*command, Reason::kOptional);
  command->callback(
      [=, &chosen] { chosen = [=] { return PauseOrResume(options, arguments, true); }; });

  command = workflow.add_subcommand("resume", "Go on after a pause");
  options = AddClientOptions(*command);
  arguments = AddAction(*command, Reason::kOptional);
  command->callback(
      [=, &chosen] { chosen = [=] { return PauseOrResume(options, arguments, false); }; });

  command = workflow.add_subcommand("terminate",
                                    "End a workflow and its sub-workflows; a saga is undone first");
  options = AddClientOptions(*command);
  arguments = AddAction(*command, Reason::kOptional);
  command->add_flag("--abandon", arguments->flag, "Leave a saga as it stands");
  command->add_flag("--failure-workflow", arguments->failure_workflow,
                    "Run the failure workflow, as after a failure");
  command->callback([=, &chosen] { chosen = [=] { return Terminate(options, arguments); }; });

  command = workflow.add_subcommand("compensate", "Undo a running saga");
  options = AddClientOptions(*command);
  arguments = AddAction(*command, Reason::kOptional);
  command->add_flag("--force", arguments->flag, "Also after the pivot; recorded as an override");
  command->callback([=, &chosen] { chosen = [=] { return Compensate(options, arguments); }; });

  CLI::App* verbs = workflow.add_subcommand("operator", "Decide on a parked saga");
  verbs->require_subcommand(1);
  AddVerb(*verbs, "retry", "Try parked undos again", v1::OperateRequest::VERB_RETRY, chosen);
  AddVerb(*verbs, "resolve", "Declare an undo done by hand", v1::OperateRequest::VERB_RESOLVE,
          chosen);
  AddVerb(*verbs, "settle", "Declare what an unknown step did", v1::OperateRequest::VERB_SETTLE,
          chosen);
  AddVerb(*verbs, "skip", "Leave a step standing", v1::OperateRequest::VERB_SKIP, chosen);
  AddVerb(*verbs, "abandon", "Give the saga up", v1::OperateRequest::VERB_ABANDON, chosen);
}

}  // namespace skald::app
