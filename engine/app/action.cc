#include "engine/app/action.h"

#include <fmt/format.h>
#include <unistd.h>

#include "engine/app/exit_codes.h"

namespace skald::app {
namespace {

// Who is at the keyboard, for the history.
std::string DefaultActor() {
  const char* login = getlogin();
  return login == nullptr ? "" : login;
}

}  // namespace

int Finish(const Client& client, const grpc::Status& status, const v1::ActionResponse& response) {
  if (!status.ok()) return client.Fail(status);
  if (client.json()) {
    fmt::print("{{\"changed\":{}}}\n", response.changed());
  } else {
    fmt::print("{}\n", response.changed() ? "done" : "unchanged: it was so already");
  }
  return kExitOk;
}

Arguments AddAction(CLI::App& command, Reason wanted) {
  Arguments arguments = AddActor(command, wanted);
  command.add_option("id", arguments->id, "Workflow id")->required();
  return arguments;
}

Arguments AddActor(CLI::App& command, Reason wanted) {
  auto arguments = std::make_shared<ActionArguments>();
  arguments->actor = DefaultActor();
  auto* actor = command.add_option("--actor", arguments->actor, "Who does it");
  if (wanted == Reason::kNone) return arguments;
  auto* reason = command.add_option("--reason", arguments->reason, "Why");
  if (wanted == Reason::kOptional) return arguments;
  reason->required();
  if (arguments->actor.empty()) actor->required();
  return arguments;
}

}  // namespace skald::app
