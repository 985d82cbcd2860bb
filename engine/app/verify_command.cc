// `skald workflow verify ID | --all`: checks the invariants on stored histories.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <deque>
#include <future>
#include <memory>
#include <string>
#include <utility>

#include "engine/app/client_json.h"
#include "engine/app/commands.h"
#include "engine/app/exit_codes.h"

namespace skald::app {
namespace {

constexpr std::uint32_t kVerifyPageSize = 500;
// Under way at once: as many as a server reads histories at a time (--blocking-threads).
constexpr std::size_t kCallsMax = 8;

using Options = std::shared_ptr<ClientOptions>;

struct VerifyArguments {
  std::string id;
  bool all = false;
};

struct Totals {
  std::uint64_t workflows = 0, events = 0, violations = 0;
  std::uint64_t gone = 0;  // listed, and deleted before they were looked at
};

std::string Workflows(std::uint64_t count) {
  return fmt::format("{} workflow{}", count, count == 1 ? "" : "s");
}

// One call, under way or answered.
struct Call {
  std::string id;
  grpc::ClientContext context;
  v1::VerifyRequest request;
  v1::VerifyResponse response;
  grpc::Status status;
};

void Count(Client& client, const Call& call, Totals& totals) {
  ++totals.workflows;
  totals.events += call.response.events_checked();
  totals.violations += static_cast<std::uint64_t>(call.response.violations_size());
  if (client.json()) {
    fmt::print("{}\n", VerifyJson(call.id, call.response));
    return;
  }
  for (const auto& violation : call.response.violations()) {
    fmt::print("{}  event {}  {}: {}\n", call.id, violation.seq(), violation.invariant(),
               violation.message());
  }
}

std::unique_ptr<Call> Prepare(Client& client, const std::string& id) {
  auto call = std::make_unique<Call>();
  call->id = id;
  call->request.set_namespace_(client.options().name_space);
  call->request.set_workflow_id(id);
  client.Prepare(call->context);
  return call;
}

grpc::Status VerifyOne(Client& client, const std::string& id, Totals& totals) {
  const std::unique_ptr<Call> call = Prepare(client, id);
  call->status = client.workflows().Verify(&call->context, call->request, &call->response);
  if (call->status.ok()) Count(client, *call, totals);
  return call->status;
}

// What was counted so far, over the line before; on a terminal only.
void ShowProgress(const Totals& totals) {
  if (isatty(STDERR_FILENO) == 0) return;
  std::fprintf(stderr, "\r%s verified", Workflows(totals.workflows).c_str());
  std::fflush(stderr);
}

// All of a page, some at a time, told in the order of the page.
grpc::Status VerifyPage(Client& client, const v1::ListResponse& page, Totals& totals) {
  std::deque<std::pair<std::unique_ptr<Call>, std::future<grpc::Status>>> under_way;
  int next = 0;
  while (next < page.workflows_size() || !under_way.empty()) {
    if (next < page.workflows_size() && under_way.size() < kCallsMax) {
      std::unique_ptr<Call> call = Prepare(client, page.workflows(next++).workflow_id());
      auto answered = std::make_shared<std::promise<grpc::Status>>();
      std::future<grpc::Status> answer = answered->get_future();
      client.workflows().async()->Verify(
          &call->context, &call->request, &call->response,
          [answered](grpc::Status status) { answered->set_value(std::move(status)); });
      under_way.emplace_back(std::move(call), std::move(answer));
      continue;
    }
    const std::unique_ptr<Call> call = std::move(under_way.front().first);
    call->status = under_way.front().second.get();
    under_way.pop_front();
    if (call->status.ok()) {
      Count(client, *call, totals);
    } else if (call->status.error_code() == grpc::StatusCode::NOT_FOUND) {
      ++totals.gone;
    } else {
      for (auto& [other, answer] : under_way) {
        other->context.TryCancel();
        answer.wait();  // until then the call writes into it
      }
      return call->status;
    }
  }
  return grpc::Status::OK;
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
    if (status.ok()) status = VerifyPage(client, response, totals);
    if (!status.ok()) return status;
    ShowProgress(totals);
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  if (isatty(STDERR_FILENO) != 0) std::fputc('\n', stderr);
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
    fmt::print(
        "{}, {} events checked, {} violations{}\n", Workflows(totals.workflows), totals.events,
        totals.violations,
        totals.gone == 0 ? "" : fmt::format("; {} deleted meanwhile", Workflows(totals.gone)));
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
