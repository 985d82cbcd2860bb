// `skald workflow upgrade ID`: another version of its definition for a running workflow.
#include <fmt/format.h>

#include <cstdint>
#include <memory>
#include <string>

#include "absl/strings/str_join.h"
#include "engine/app/action.h"
#include "engine/app/client_json.h"
#include "engine/app/commands.h"
#include "engine/app/exit_codes.h"

namespace skald::app {
namespace {

struct UpgradeOptions {
  Options client;
  Arguments action;
  std::int32_t version = 0;
  bool dry_run = false;
};

void ShowDifferences(const v1::UpgradeResponse& response) {
  if (!response.workflow_fields().empty()) {
    fmt::print("CHANGED  the workflow: {}\n", absl::StrJoin(response.workflow_fields(), ", "));
  }
  for (const auto& step : response.steps()) {
    fmt::print("{:<8} {} {}{}{}\n", ShortName(step.change()), step.type(), step.reference(),
               step.fields().empty() ? "" : ": ", absl::StrJoin(step.fields(), ", "));
  }
  for (const auto& refusal : response.refusals()) {
    fmt::print("REFUSED  {}: {}: {}\n",
               refusal.reference().empty() ? "the workflow" : refusal.reference(), refusal.what(),
               refusal.why());
  }
}

std::string Outcome(const UpgradeOptions& options, const v1::UpgradeResponse& response) {
  const std::string versions =
      fmt::format("version {} to {}", response.from_version(), response.to_version());
  if (!response.refusals().empty()) return "cannot go from " + versions;
  if (options.dry_run) return "can go from " + versions;
  return response.changed() ? "went from " + versions : "unchanged: it was so already";
}

int Upgrade(const UpgradeOptions& options) {
  Client client(*options.client);
  v1::UpgradeRequest request;
  request.set_namespace_(options.client->name_space);
  request.set_workflow_id(options.action->id);
  request.set_actor(options.action->actor);
  request.set_reason(options.action->reason);
  request.set_version(options.version);
  request.set_dry_run(options.dry_run);
  grpc::ClientContext context;
  client.Prepare(context);
  v1::UpgradeResponse response;
  const grpc::Status status = client.workflows().Upgrade(&context, request, &response);
  if (!status.ok()) return client.Fail(status);
  if (client.json()) {
    fmt::print("{}\n", UpgradeJson(response));
  } else {
    ShowDifferences(response);
    fmt::print("{}\n", Outcome(options, response));
  }
  return response.refusals().empty() ? kExitOk : kExitRefused;
}

}  // namespace

void AddUpgradeCommand(CLI::App& workflow, Chosen& chosen) {
  CLI::App* command = workflow.add_subcommand(
      "upgrade", "Go on with another version of the definition of a running workflow");
  auto options = std::make_shared<UpgradeOptions>();
  options->client = AddClientOptions(*command);
  options->action = AddAction(*command, Reason::kOptional);
  command->add_option("--version", options->version, "Of the definition; 0 = the newest");
  command->add_flag("--dry-run", options->dry_run,
                    "Change nothing: show what would change, and what stands against it");
  command->callback([options, &chosen] { chosen = [options] { return Upgrade(*options); }; });
}

}  // namespace skald::app
