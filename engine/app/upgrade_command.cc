#include "engine/app/upgrade_command.h"

#include <fmt/format.h>

#include "absl/strings/str_join.h"
#include "engine/app/client_json.h"
#include "engine/app/exit_codes.h"

namespace skald::app {
namespace {

void ShowDifferences(const v1::UpgradeResponse& response) {
  if (!response.workflow_fields().empty()) {
    fmt::print("CHANGED  the workflow: {}\n", absl::StrJoin(response.workflow_fields(), ", "));
  }
  for (const auto& step : response.steps()) {
    fmt::print("{:<8} {} {}{}{}\n", ShortName(step.change()), step.type(), step.reference(),
               step.fields().empty() ? "" : ": ", absl::StrJoin(step.fields(), ", "));
  }
  for (const auto& refusal : response.refusals()) {
    fmt::print("{}\n", RefusalText(refusal));
  }
}

std::string Versions(const v1::UpgradeResponse& response) {
  return fmt::format("version {} to {}", response.from_version(), response.to_version());
}

}  // namespace

std::string RefusalText(const v1::UpgradeResponse::Refusal& refusal) {
  return fmt::format("REFUSED  {}: {}: {}",
                     refusal.reference().empty() ? "the workflow" : refusal.reference(),
                     refusal.what(), refusal.why());
}

std::string UpgradeOutcome(const v1::UpgradeResponse& response, bool dry_run) {
  if (response.same()) {
    return fmt::format("unchanged: it has version {} already", response.to_version());
  }
  if (!response.refusals().empty()) return "cannot go from " + Versions(response);
  if (dry_run) return "can go from " + Versions(response);
  return response.changed() ? "went from " + Versions(response) : "unchanged: it was so already";
}

int Upgrade(const Options& options, const Arguments& arguments) {
  Client client(*options);
  v1::UpgradeRequest request;
  request.set_namespace_(options->name_space);
  request.set_workflow_id(arguments->id);
  request.set_actor(arguments->actor);
  request.set_reason(arguments->reason);
  request.set_version(arguments->version);
  request.set_dry_run(arguments->dry_run);
  grpc::ClientContext context;
  client.Prepare(context);
  v1::UpgradeResponse response;
  const grpc::Status status = client.workflows().Upgrade(&context, request, &response);
  if (!status.ok()) return client.Fail(status);
  if (client.json()) {
    fmt::print("{}\n", UpgradeJson(response));
  } else {
    ShowDifferences(response);
    fmt::print("{}\n", UpgradeOutcome(response, arguments->dry_run));
  }
  return response.refusals().empty() ? kExitOk : kExitRefused;
}

}  // namespace skald::app
