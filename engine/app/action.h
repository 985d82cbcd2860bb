// Action: what commands that ask something of workflows have in common: their id, who asks and
// why.
//
// Single-threaded.
#pragma once

#include <memory>
#include <string>

#include "engine/app/commands.h"

namespace skald::app {

using Options = std::shared_ptr<ClientOptions>;

struct ActionArguments {
  std::string id, actor, reason, step, task, payload, effect, input, correlation_id;
  std::string status = "COMPLETED";
  int iteration = 0;
  int version = 0;
  bool dry_run = false;
  bool flag = false;
  bool failure_workflow = false;
  bool use_latest_definition = false;
  double callback_after_seconds = 0;
};
using Arguments = std::shared_ptr<ActionArguments>;

// Says what came of it; the exit code.
int Finish(const Client& client, const grpc::Status& status, const v1::ActionResponse& response);

// Runs one call whose request has namespace, workflow_id and actor.
template <typename Request, typename Call>
int Act(const Options& options, const Arguments& arguments, Request request, Call call) {
  Client client(*options);
  request.set_namespace_(options->name_space);
  request.set_workflow_id(arguments->id);
  request.set_actor(arguments->actor);
  grpc::ClientContext context;
  client.Prepare(context);
  v1::ActionResponse response;
  const grpc::Status status = call(client.workflows(), context, request, response);
  return Finish(client, status, response);
}

enum class Reason { kNone, kOptional, kRequired };

// Adds the workflow's id, --actor and --reason. With kRequired the actor is too, unless it is
// known.
Arguments AddAction(CLI::App& command, Reason wanted);
// The same without the id.
Arguments AddActor(CLI::App& command, Reason wanted);

}  // namespace skald::app
