// `skald workflow bulk VERB`: one verb on many workflows, listed or found by a filter.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/app/action_verbs.h"
#include "engine/app/client_json.h"
#include "engine/app/commands.h"
#include "engine/app/exit_codes.h"
#include "engine/app/list_filter.h"
#include "engine/app/upgrade_command.h"
#include "engine/core/json_write.h"

namespace skald::app {
namespace {

constexpr std::size_t kIdsPerCall = 1'000;
constexpr std::uint32_t kBulkPageSize = 1'000;

struct Choice {
  std::vector<std::string> ids;
  ListFilter filter;
  bool all = false;
};

struct Tally {
  std::size_t changed = 0, unchanged = 0, refused = 0;
};

// A dry run refuses by what it lists.
bool IsRefused(const v1::BulkResponse::Outcome& outcome) {
  return outcome.code() != 0 || outcome.upgrade().refusals_size() > 0;
}

std::string TextOf(const v1::BulkRequest& request, const v1::BulkResponse::Outcome& outcome) {
  if (outcome.code() != 0) return outcome.error();
  if (!outcome.has_upgrade()) return outcome.changed() ? "done" : "unchanged: it was so already";
  std::string text = UpgradeOutcome(outcome.upgrade(), request.upgrade().dry_run());
  for (const auto& refusal : outcome.upgrade().refusals()) {
    text += "\n  " + RefusalText(refusal);
  }
  return text;
}

void Print(const Client& client, const v1::BulkRequest& request,
           const v1::BulkResponse::Outcome& outcome) {
  if (client.json()) {
    std::string error;
    core::AppendJsonString(error, outcome.error());
    const std::string upgrade =
        outcome.has_upgrade() ? ",\"upgrade\":" + UpgradeJson(outcome.upgrade()) : "";
    fmt::print("{{\"workflowId\":\"{}\",\"changed\":{},\"code\":{},\"error\":{}{}}}\n",
               outcome.workflow_id(), outcome.changed(), outcome.code(), error, upgrade);
    return;
  }
  fmt::print("{}  {}\n", outcome.workflow_id(), TextOf(request, outcome));
}

grpc::Status CallOnce(Client& client, const v1::BulkRequest& request, v1::BulkResponse& response,
                      Tally& tally) {
  grpc::ClientContext context;
  client.Prepare(context);
  grpc::Status status = client.workflows().Bulk(&context, request, &response);
  for (const v1::BulkResponse::Outcome& outcome : response.outcomes()) {
    Print(client, request, outcome);
    ++(IsRefused(outcome) ? tally.refused : outcome.changed() ? tally.changed : tally.unchanged);
  }
  return status;
}

// A page is done before the next is asked for: what is done to it does not move the others.
grpc::Status RunFiltered(Client& client, v1::BulkRequest request, Tally& tally) {
  request.mutable_filter()->set_page_size(kBulkPageSize);
  while (true) {
    v1::BulkResponse response;
    const grpc::Status status = CallOnce(client, request, response, tally);
    if (!status.ok() || response.next_page_token().empty()) return status;
    request.mutable_filter()->set_page_token(response.next_page_token());
  }
}

grpc::Status RunListed(Client& client, const std::vector<std::string>& ids, v1::BulkRequest request,
                       Tally& tally) {
  for (std::size_t first = 0; first < ids.size(); first += kIdsPerCall) {
    request.clear_workflow_ids();
    for (std::size_t i = first; i < std::min(first + kIdsPerCall, ids.size()); ++i) {
      request.add_workflow_ids(ids[i]);
    }
    v1::BulkResponse response;
    const grpc::Status status = CallOnce(client, request, response, tally);
    if (!status.ok()) return status;
  }
  return grpc::Status::OK;
}

int Run(const ActionVerb& verb, const Options& options, const Arguments& arguments,
        const Choice& choice) {
  const bool listed = !choice.ids.empty();
  const bool filtered = !choice.filter.empty();
  if (listed + filtered + choice.all != 1) {
    return FailLocally(absl::InvalidArgumentError("one of --id, a filter and --all expected"));
  }
  v1::BulkRequest request;
  request.set_namespace_(options->name_space);
  if (const absl::Status filled = verb.fill(*arguments, request); !filled.ok()) {
    return FailLocally(filled);
  }
  Client client(*options);
  Tally tally;
  grpc::Status status;
  if (listed) {
    status = RunListed(client, choice.ids, std::move(request), tally);
  } else {
    auto filter = choice.filter.ToRequest();
    if (!filter.ok()) return FailLocally(filter.status());
    *request.mutable_filter() = *std::move(filter);
    status = RunFiltered(client, std::move(request), tally);
  }
  if (!status.ok()) return client.Fail(status);
  if (!client.json()) {
    fmt::print("{} done, {} unchanged, {} refused\n", tally.changed, tally.unchanged,
               tally.refused);
  }
  return tally.refused == 0 ? kExitOk : kExitRefused;
}

void AddVerbs(CLI::App& group, std::span<const ActionVerb> verbs, Chosen& chosen) {
  for (const ActionVerb& verb : verbs) {
    CLI::App* command = group.add_subcommand(verb.name, verb.help);
    const Options options = AddClientOptions(*command);
    const Arguments arguments = AddActor(*command, verb.reason);
    auto choice = std::make_shared<Choice>();  // shared: the action outlives the parse
    command->add_option("--id", choice->ids, "Workflow ids; instead of a filter");
    AddListFilter(*command, choice->filter);
    command->add_flag("--all", choice->all, "Every workflow of the namespace");
    verb.add_options(*command, *arguments, false);
    command->callback([=, &chosen, &verb] {
      chosen = [=, &verb] { return Run(verb, options, arguments, *choice); };
    });
  }
}

}  // namespace

void AddBulkCommand(CLI::App& workflow, Chosen& chosen) {
  CLI::App* bulk = workflow.add_subcommand("bulk", "One verb on many workflows");
  bulk->require_subcommand(1);
  AddVerbs(*bulk, ActionVerbs(), chosen);
  CLI::App* verbs = bulk->add_subcommand("operator", "Decide on parked sagas");
  verbs->require_subcommand(1);
  AddVerbs(*verbs, OperatorVerbs(), chosen);
}

}  // namespace skald::app
