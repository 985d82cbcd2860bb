// `skald workflow verify ID | --all`: checks the invariants on stored histories.
#include <fmt/format.h>

#include <cstdio>
#include <string>

#include "engine/app/client_json.h"
#include "engine/app/commands.h"
#include "engine/app/exit_codes.h"

namespace skald::app {
namespace {

constexpr std::uint32_t kVerifyPageSize = 500;

using Options = std::shared_ptr<ClientOptions>;

struct VerifyArguments {
  std::string id;
  bool all = false;
};

struct Totals {
  std::uint64_t workflows = 0, events = 0, violations = 0;
};

grpc::Status VerifyOne(Client& client, const std::string& id, Totals& totals) {
  v1::VerifyRequest request;
  request.set_namespace_(client.options().name_space);
  request.set_workflow_id(id);
  v1::VerifyResponse response;
  grpc::ClientContext context;
  client.Prepare(context);
  const grpc::Status status = client.workflows().Verify(&context, request, &response);
  if (!status.ok()) return status;
  ++totals.workflows;
  totals.events += response.events_checked();
  totals.violations += static_cast<std::uint64_t>(response.violations_size());
  if (client.json()) {
    fmt::print("{}\n", VerifyJson(id, response));
    return status;
  }
  for (const auto& violation : response.violations()) {
    fmt::print("{}  event {}  {}: {}\n", id, violation.seq(), violation.invariant(),
               violation.message());
  }
  return status;
}

grpc::Status VerifyAll(Client& client, Totals& totals) {
  v1::ListRequest request;
  request.set_namespace_(client.options().name_space);
  request.set_order(v1::ListRequest::ORDER_OLDEST_FIRST);
  request.set_page_size(kVerifyPageSize);
  do {
    v1::ListResponse response;
    grpc::ClientContext context;
    client.Prepare(context);
    grpc::Status status = client.workflows().List(&context, request, &response);
    if (!status.ok()) return status;
    for (const v1::WorkflowSummary& summary : response.workflows()) {
      status = VerifyOne(client, summary.workflow_id(), totals);
      if (!status.ok()) return status;
    }
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  return grpc::Status::OK;
}

int Verify(const Options& options, const VerifyArguments& arguments) {
  if (arguments.all == !arguments.id.empty()) {
    std::fprintf(stderr, "skald: verify: a workflow id or --all expected\n");
    return kExitUsage;
  }
  Client client(*options);
  Totals totals;
  const grpc::Status status =
      arguments.all ? VerifyAll(client, totals) : VerifyOne(client, arguments.id, totals);
  if (!status.ok()) return client.Fail(status);
  if (!client.json()) {
    fmt::print("{} workflows, {} events checked, {} violations\n", totals.workflows, totals.events,
               totals.violations);
  }
  return totals.violations == 0 ? kExitOk : kExitFailed;
}

}  // namespace

void AddVerifyCommand(CLI::App& workflow, Chosen& chosen) {
  CLI::App* command = workflow.add_subcommand("verify", "Check the invariants on stored histories");
  Options options = AddClientOptions(*command);
  auto arguments = std::make_shared<VerifyArguments>();
  command->add_option("id", arguments->id, "Workflow id");
  command->add_flag("--all", arguments->all, "Every workflow of the namespace");
  command->callback([=, &chosen] { chosen = [=] { return Verify(options, *arguments); }; });
}

}  // namespace skald::app
