// `skald workflow execute`: starts a workflow and waits for it (conductor.md 3.17).
#include <fmt/format.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/app/client_json.h"
#include "engine/app/commands.h"
#include "engine/app/exit_codes.h"
#include "engine/app/start_arguments.h"
#include "engine/app/workflow_tree.h"

namespace skald::app {
namespace {

struct WaitArguments {
  std::vector<std::string> references;
  int wait_seconds = 10;
};

std::string AnsweredName(const v1::ExecuteResponse& response) {
  return v1::ExecuteResponse::Answered_Name(response.answered()).substr(sizeof("ANSWERED_") - 1);
}

void Show(const Client& client, const v1::ExecuteResponse& response) {
  if (client.json()) {
    const std::string task =
        response.has_task()
            ? fmt::format(R"("task_id":{},"reference":{},"task_workflow_id":{},)",
                          Quoted(response.task().task_id()), Quoted(response.task().reference()),
                          Quoted(response.task_workflow_id()))
            : "";
    fmt::print("{{\"answered\":{},\"existed\":{},{}\"workflow\":{}}}\n",
               Quoted(AnsweredName(response)), response.existed(), task,
               WorkflowJson(response.workflow()));
    return;
  }
  fmt::print("{}", AnsweredName(response));
  if (response.has_task()) {
    fmt::print(" at {} (task {})", response.task().reference(), response.task().task_id());
  }
  fmt::print("\n{}", WorkflowTree(response.workflow(), {}));
}

int ExitCodeOf(const v1::ExecuteResponse& response) {
  if (response.answered() == v1::ExecuteResponse::ANSWERED_TIME_OUT) return kExitUnavailable;
  if (response.answered() != v1::ExecuteResponse::ANSWERED_ENDED) return kExitOk;
  return response.workflow().status() == v1::WORKFLOW_STATUS_COMPLETED ? kExitOk : kExitFailed;
}

int Execute(const ClientOptions& options, const StartArguments& start, const WaitArguments& wait) {
  auto request = ToRequest(start, options.name_space);
  if (!request.ok()) return FailLocally(request.status());
  v1::ExecuteRequest execute;
  *execute.mutable_start() = *std::move(request);
  for (const std::string& reference : wait.references) {
    execute.mutable_wait_for()->add_references(reference);
  }
  execute.mutable_wait_for()->set_wait_ms(static_cast<std::uint32_t>(wait.wait_seconds) * 1'000);
  // The call may take as long as it waits, and as any other call.
  ClientOptions patient = options;
  patient.timeout_seconds += wait.wait_seconds;
  Client client(patient);
  v1::ExecuteResponse response;
  grpc::ClientContext context;
  client.Prepare(context);
  const grpc::Status status = client.workflows().Execute(&context, execute, &response);
  if (!status.ok()) return client.Fail(status);
  Show(client, response);
  return ExitCodeOf(response);
}

}  // namespace

void AddExecuteCommand(CLI::App& workflow, Chosen& chosen) {
  CLI::App* command = workflow.add_subcommand(
      "execute",
      "Start a workflow and wait until it has ended, waits for a signal or a person, or one of the "
      "steps named has ended; exit 4 when the time is over first");
  const auto options = AddClientOptions(*command);
  const auto start = AddStartArguments(*command);
  auto wait = std::make_shared<WaitArguments>();  // shared: the action outlives the parse
  command
      ->add_option(
          "--wait-until", wait->references,
          "Reference of a step, also of a sub-workflow's; \"ref__2\": in iteration 2 of its "
          "loop; may be given more than once")
      ->delimiter(',');
  command->add_option("--wait-seconds", wait->wait_seconds, "How long to wait")
      ->check(CLI::Range(1, 600))
      ->capture_default_str();
  command->callback([=, &chosen] { chosen = [=] { return Execute(*options, *start, *wait); }; });
}

}  // namespace skald::app
