// `skald workflow restart | retry | rerun | skip | update-variables`.
#include <string>

#include "engine/app/action.h"
#include "engine/app/commands.h"
#include "engine/app/exit_codes.h"

namespace skald::app {
namespace {

int Restart(const Options& options, const Arguments& arguments) {
  v1::RestartRequest request;
  request.set_reason(arguments->reason);
  request.set_force(arguments->flag);
  request.set_use_latest_definition(arguments->use_latest_definition);
  return Act(options, arguments, request,
             [](auto& stub, auto& context, const auto& message, auto& response) {
               return stub.Restart(&context, message, &response);
             });
}

int Retry(const Options& options, const Arguments& arguments) {
  v1::RetryRequest request;
  request.set_reason(arguments->reason);
  request.set_resume_sub_workflows(arguments->flag);
  return Act(options, arguments, request,
             [](auto& stub, auto& context, const auto& message, auto& response) {
               return stub.Retry(&context, message, &response);
             });
}

int Rerun(const Options& options, const Arguments& arguments) {
  const auto task_input = TextOrFile(arguments->payload);
  if (!task_input.ok()) return FailLocally(task_input.status());
  const auto input = TextOrFile(arguments->input);
  if (!input.ok()) return FailLocally(input.status());
  v1::RerunRequest request;
  request.set_reason(arguments->reason);
  request.set_task_id(arguments->task);
  request.set_reference(arguments->step);
  request.set_task_input(*task_input);
  request.set_input(*input);
  request.set_correlation_id(arguments->correlation_id);
  return Act(options, arguments, request,
             [](auto& stub, auto& context, const auto& message, auto& response) {
               return stub.Rerun(&context, message, &response);
             });
}

int Skip(const Options& options, const Arguments& arguments) {
  const auto input = TextOrFile(arguments->input);
  if (!input.ok()) return FailLocally(input.status());
  const auto output = TextOrFile(arguments->payload);
  if (!output.ok()) return FailLocally(output.status());
  v1::SkipTaskRequest request;
  request.set_reason(arguments->reason);
  request.set_reference(arguments->step);
  request.set_task_input(*input);
  request.set_task_output(*output);
  return Act(options, arguments, request,
             [](auto& stub, auto& context, const auto& message, auto& response) {
               return stub.SkipTask(&context, message, &response);
             });
}

int UpdateVariables(const Options& options, const Arguments& arguments) {
  const auto variables = TextOrFile(arguments->payload);
  if (!variables.ok()) return FailLocally(variables.status());
  v1::UpdateVariablesRequest request;
  request.set_reason(arguments->reason);
  request.set_variables(*variables);
  return Act(options, arguments, request,
             [](auto& stub, auto& context, const auto& message, auto& response) {
               return stub.UpdateVariables(&context, message, &response);
             });
}

void AddRerun(CLI::App& workflow, Chosen& chosen) {
  CLI::App* command =
      workflow.add_subcommand("rerun", "Do a task of an ended workflow again, and what follows");
  Options options = AddClientOptions(*command);
  Arguments arguments = AddAction(*command, Reason::kOptional);
  auto* step = command->add_option("--step", arguments->step,
                                   "From the newest run of that step; absent: from the beginning");
  auto* task = command->add_option("--task", arguments->task, "From the task with that id");
  task->excludes(step);
  command->add_option("--task-input", arguments->payload, "Its input: JSON object, or @FILE");
  command->add_option("--input", arguments->input, "The workflow's: JSON object, or @FILE");
  command->add_option("--correlation-id", arguments->correlation_id, "Another one");
  command->callback([=, &chosen] { chosen = [=] { return Rerun(options, arguments); }; });
}

}  // namespace

void AddReopenCommands(CLI::App& workflow, Chosen& chosen) {
  CLI::App* command = workflow.add_subcommand("restart", "Begin an ended workflow again");
  Options options = AddClientOptions(*command);
  Arguments arguments = AddAction(*command, Reason::kOptional);
  command->add_flag("--force", arguments->flag, "Also a saga that left effects standing");
  command->add_flag("--use-latest-definition", arguments->use_latest_definition,
                    "With the newest version of its definition");
  command->callback([=, &chosen] { chosen = [=] { return Restart(options, arguments); }; });

  command = workflow.add_subcommand("retry", "Attempt anew what failed in an ended workflow");
  options = AddClientOptions(*command);
  arguments = AddAction(*command, Reason::kOptional);
  command->add_flag("--resume-sub-workflows", arguments->flag,
                    "Retry sub-workflows that failed, instead of starting new ones");
  command->callback([=, &chosen] { chosen = [=] { return Retry(options, arguments); }; });

  AddRerun(workflow, chosen);

  command = workflow.add_subcommand("skip", "Have a step that has not begun stepped over");
  options = AddClientOptions(*command);
  arguments = AddAction(*command, Reason::kOptional);
  command->add_option("--step", arguments->step, "Reference of the step")->required();
  command->add_option("--task-input", arguments->input, "JSON object, or @FILE");
  command->add_option("--task-output", arguments->payload, "JSON object, or @FILE");
  command->callback([=, &chosen] { chosen = [=] { return Skip(options, arguments); }; });

  command = workflow.add_subcommand("update-variables", "Lay variables over the workflow's");
  options = AddClientOptions(*command);
  arguments = AddAction(*command, Reason::kOptional);
  command->add_option("--variables", arguments->payload, "JSON object, or @FILE")->required();
  command->callback([=, &chosen] { chosen = [=] { return UpdateVariables(options, arguments); }; });
}

}  // namespace skald::app
