// `skald workflow send-message`: a message for a workflow's queue (conductor.md 3.17).
#include <fmt/format.h>

#include <memory>
#include <string>

#include "engine/app/action.h"
#include "engine/app/client_json.h"
#include "engine/app/commands.h"
#include "engine/app/exit_codes.h"

namespace skald::app {
namespace {

struct MessageArguments {
  std::string payload, message_id;
};

int SendMessage(const ClientOptions& options, const ActionArguments& action,
                const MessageArguments& arguments) {
  const auto payload = TextOrFile(arguments.payload);
  if (!payload.ok()) return FailLocally(payload.status());
  Client client(options);
  v1::SendMessageRequest request;
  request.set_namespace_(options.name_space);
  request.set_workflow_id(action.id);
  request.set_actor(action.actor);
  request.set_reason(action.reason);
  request.set_payload(*payload);
  request.set_message_id(arguments.message_id);
  v1::SendMessageResponse response;
  grpc::ClientContext context;
  client.Prepare(context);
  const grpc::Status status = client.workflows().SendMessage(&context, request, &response);
  if (!status.ok()) return client.Fail(status);
  if (client.json()) {
    fmt::print("{{\"message_id\":{},\"existed\":{}}}\n", Quoted(response.message_id()),
               response.existed());
  } else {
    fmt::print("{}\n", response.message_id());
  }
  return kExitOk;
}

}  // namespace

void AddMessageCommand(CLI::App& workflow, Chosen& chosen) {
  CLI::App* command = workflow.add_subcommand(
      "send-message", "Leave a message for PULL_WORKFLOW_MESSAGES steps; prints its id");
  const auto options = AddClientOptions(*command);
  auto arguments = std::make_shared<MessageArguments>();  // shared: the action outlives the parse
  const Arguments action = AddAction(*command, Reason::kOptional);
  command->add_option("--payload", arguments->payload,
                      "JSON object, or @FILE ('@-': standard input)");
  command->add_option("--message-id", arguments->message_id,
                      "The same id again sends nothing; at most 64 bytes");
  command->callback(
      [=, &chosen] { chosen = [=] { return SendMessage(*options, *action, *arguments); }; });
}

}  // namespace skald::app
