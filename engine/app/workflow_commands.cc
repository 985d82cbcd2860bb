// `skald workflow start | status | list | history | watch | logs`.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <vector>

#include "engine/app/client_json.h"
#include "engine/app/commands.h"
#include "engine/app/exit_codes.h"
#include "engine/app/list_filter.h"
#include "engine/app/start_arguments.h"
#include "engine/app/workflow_tree.h"

namespace skald::app {
namespace {

constexpr std::uint32_t kListPageSize = 500;
constexpr int kWatchAttemptsMax = 100;        // reconnects of one watch
constexpr std::size_t kDescendantsMax = 200;  // sub-workflows shown in one tree
// Home and clear, so that a tree is drawn over the one before.
constexpr char kClearScreen[] = "\033[H\033[2J";

using Options = std::shared_ptr<ClientOptions>;

struct ListArguments {
  ListFilter filter;
  bool oldest_first = false;
  std::uint64_t count_max = 100;
};

grpc::Status GetPage(Client& client, const v1::GetRequest& request, v1::Workflow& page) {
  grpc::ClientContext context;
  client.Prepare(context);
  return client.workflows().Get(&context, request, &page);
}

// With all its tasks, page after page.
grpc::Status GetWorkflow(Client& client, const std::string& id, v1::Workflow& workflow) {
  v1::GetRequest request;
  request.set_namespace_(client.options().name_space);
  request.set_workflow_id(id);
  grpc::Status status = GetPage(client, request, workflow);
  while (status.ok() && workflow.next_tasks_after() != 0) {
    request.set_tasks_after(workflow.next_tasks_after());
    v1::Workflow page;
    status = GetPage(client, request, page);
    workflow.set_next_tasks_after(page.next_tasks_after());
    for (v1::Task& task : *page.mutable_tasks()) *workflow.add_tasks() = std::move(task);
  }
  return status;
}

// The sub-workflows below a workflow, nearest first; a tree shows what could be read.
Descendants GetDescendants(Client& client, const v1::Workflow& root) {
  Descendants found;
  std::vector<std::string> wanted;
  const auto add = [&](const v1::Workflow& workflow) {
    for (const v1::Task& task : workflow.tasks()) {
      const bool own = task.step_type() == "SUB_WORKFLOW" && !task.child_workflow_id().empty();
      if (own && task.operation() == v1::OPERATION_ACTION) {
        wanted.push_back(task.child_workflow_id());
      }
    }
  };
  add(root);
  for (std::size_t i = 0; i < wanted.size() && found.size() < kDescendantsMax; ++i) {
    v1::Workflow workflow;
    if (!GetWorkflow(client, wanted[i], workflow).ok()) continue;
    add(workflow);
    found.emplace(wanted[i], std::move(workflow));
  }
  return found;
}

void Show(Client& client, const v1::Workflow& workflow) {
  if (client.json()) {
    fmt::print("{}\n", WorkflowJson(workflow));
  } else {
    fmt::print("{}", WorkflowTree(workflow, GetDescendants(client, workflow)));
  }
  std::fflush(stdout);
}

// Follows one workflow's events to its end; takes up the stream again when it breaks.
class Follower {
 public:
  Follower(Client& client, std::string id) : client_(client), id_(std::move(id)) {}

  // `tell` gets every event once, in order.
  template <typename Tell>
  grpc::Status Run(Tell tell) {
    grpc::Status status;
    for (int attempt = 0; attempt < kWatchAttemptsMax; ++attempt) {
      const std::uint64_t last_before = last_seq_;
      status = RunOnce(tell);
      if (ended_ || status.ok()) return grpc::Status::OK;
      const bool again = status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED ||
                         status.error_code() == grpc::StatusCode::UNAVAILABLE;
      if (!again) return status;
      if (last_seq_ == last_before) usleep(kReconnectDelayUs);
    }
    return status;
  }

 private:
  static constexpr unsigned kReconnectDelayUs = 200'000;

  template <typename Tell>
  grpc::Status RunOnce(Tell& tell) {
    v1::WatchRequest request;
    request.set_namespace_(client_.options().name_space);
    request.set_workflow_id(id_);
    request.set_after_seq(last_seq_);
    grpc::ClientContext context;
    context.set_wait_for_ready(last_seq_ > 0);
    auto stream = client_.workflows().Watch(&context, request);
    v1::WatchResponse response;
    while (stream->Read(&response)) {
      for (const auto& notice : response.notices()) {
        for (const v1::HistoryEvent& event : notice.events()) {
          last_seq_ = event.seq();
          tell(event);
        }
        if (notice.ended_as() != v1::WORKFLOW_STATUS_UNSPECIFIED) ended_ = true;
      }
    }
    return stream->Finish();
  }

  Client& client_;
  const std::string id_;
  std::uint64_t last_seq_ = 0;
  bool ended_ = false;
};

// The exit code of a workflow that was followed to its end; with `show`, the workflow is printed.
int TellEnd(Client& client, const std::string& id, bool show) {
  v1::Workflow workflow;
  const grpc::Status status = GetWorkflow(client, id, workflow);
  if (!status.ok()) return client.Fail(status);
  if (show) Show(client, workflow);
  return workflow.status() == v1::WORKFLOW_STATUS_COMPLETED ? kExitOk : kExitFailed;
}

int Start(const Options& options, const std::shared_ptr<StartArguments>& arguments, bool wait) {
  const auto request = ToRequest(*arguments, options->name_space);
  if (!request.ok()) return FailLocally(request.status());
  Client client(*options);
  v1::StartResponse response;
  grpc::ClientContext context;
  client.Prepare(context);
  const grpc::Status status = client.workflows().Start(&context, *request, &response);
  if (!status.ok()) return client.Fail(status);
  if (!wait) {
    fmt::print("{}\n", client.json() ? StartedJson(response) : response.workflow_id());
    return kExitOk;
  }
  const grpc::Status followed =
      Follower(client, response.workflow_id()).Run([](const v1::HistoryEvent&) {});
  if (!followed.ok()) return client.Fail(followed);
  return TellEnd(client, response.workflow_id(), true);
}

int Status(const Options& options, const std::string& id) {
  Client client(*options);
  v1::Workflow workflow;
  const grpc::Status status = GetWorkflow(client, id, workflow);
  if (!status.ok()) return client.Fail(status);
  Show(client, workflow);
  return kExitOk;
}

int Watch(const Options& options, const std::string& id) {
  Client client(*options);
  const bool redraw = !client.json() && isatty(STDOUT_FILENO) != 0;
  const auto tell = [&](const v1::HistoryEvent& event) {
    if (client.json()) {
      fmt::print("{}\n", EventJson(event));
    } else if (!redraw) {
      fmt::print("{}  {:>4}  {}\n", TimeText(event.at_us()), event.seq(), event.name());
    } else {
      v1::Workflow workflow;
      if (!GetWorkflow(client, id, workflow).ok()) return;
      fmt::print("{}{}", kClearScreen, WorkflowTree(workflow, GetDescendants(client, workflow)));
    }
    std::fflush(stdout);
  };
  const grpc::Status status = Follower(client, id).Run(tell);
  if (!status.ok()) return client.Fail(status);
  if (redraw) fmt::print("{}", kClearScreen);  // the last tree takes the place of the one before
  return TellEnd(client, id, !client.json());
}

int History(const Options& options, const std::string& id) {
  Client client(*options);
  v1::HistoryRequest request;
  request.set_namespace_(options->name_space);
  request.set_workflow_id(id);
  bool more = true;
  while (more) {
    v1::HistoryResponse response;
    grpc::ClientContext context;
    client.Prepare(context);
    const grpc::Status status = client.workflows().History(&context, request, &response);
    if (!status.ok()) return client.Fail(status);
    for (const v1::HistoryEvent& event : response.events()) {
      if (client.json()) {
        fmt::print("{}\n", EventJson(event));
      } else {
        fmt::print("{}  {:>4}  {:<20} {}\n", TimeText(event.at_us()), event.seq(), event.name(),
                   EventJson(event));
      }
      request.set_after_seq(event.seq());
    }
    more = response.more() && !response.events().empty();
  }
  return kExitOk;
}

void PrintSummary(const Client& client, const v1::WorkflowSummary& summary) {
  if (client.json()) {
    fmt::print("{}\n", SummaryJson(summary));
    return;
  }
  fmt::print("{}  {}  {:<10} {:<14} {} v{}  {}\n", summary.workflow_id(),
             TimeText(summary.started_at_us()), ShortName(summary.status()),
             ShortName(summary.saga_status()), summary.name(), summary.version(),
             summary.correlation_id());
}

int List(const Options& options, const std::shared_ptr<ListArguments>& arguments) {
  Client client(*options);
  absl::StatusOr<v1::ListRequest> filter = arguments->filter.ToRequest();
  if (!filter.ok()) return FailLocally(filter.status());
  v1::ListRequest request = *std::move(filter);
  request.set_namespace_(options->name_space);
  if (arguments->oldest_first) request.set_order(v1::ListRequest::ORDER_OLDEST_FIRST);
  std::uint64_t left = arguments->count_max;
  do {
    request.set_page_size(static_cast<std::uint32_t>(std::min<std::uint64_t>(left, kListPageSize)));
    v1::ListResponse response;
    grpc::ClientContext context;
    client.Prepare(context);
    const grpc::Status status = client.workflows().List(&context, request, &response);
    if (!status.ok()) return client.Fail(status);
    for (const v1::WorkflowSummary& summary : response.workflows()) PrintSummary(client, summary);
    left -= std::min<std::uint64_t>(left, static_cast<std::uint64_t>(response.workflows_size()));
    request.set_page_token(response.next_page_token());
  } while (left > 0 && !request.page_token().empty());
  return kExitOk;
}

int Logs(const Options& options, const std::string& task_id) {
  Client client(*options);
  v1::TaskLogsRequest request;
  request.set_namespace_(options->name_space);
  request.set_task_id(task_id);
  v1::TaskLogsResponse response;
  grpc::ClientContext context;
  client.Prepare(context);
  const grpc::Status status = client.workflows().TaskLogs(&context, request, &response);
  if (!status.ok()) return client.Fail(status);
  for (const auto& line : response.lines()) {
    if (client.json()) {
      fmt::print("{{\"at_us\":{},\"message\":{}}}\n", line.at_us(), Quoted(line.message()));
    } else {
      fmt::print("{}  {}\n", TimeText(line.at_us()), line.message());
    }
  }
  return kExitOk;
}

void AddStart(CLI::App& group, Chosen& chosen) {
  CLI::App* command = group.add_subcommand("start", "Start a workflow; prints its id");
  Options options = AddClientOptions(*command);
  const std::shared_ptr<StartArguments> arguments = AddStartArguments(*command);
  auto wait = std::make_shared<bool>(false);
  command->add_flag("--wait", *wait, "Wait for the end and show it; exit 1 unless COMPLETED");
  command->callback([=, &chosen] { chosen = [=] { return Start(options, arguments, *wait); }; });
}

void AddList(CLI::App& group, Chosen& chosen) {
  CLI::App* command = group.add_subcommand("list", "List workflows, newest first");
  Options options = AddClientOptions(*command);
  auto arguments = std::make_shared<ListArguments>();
  AddListFilter(*command, arguments->filter);
  command->add_flag("--oldest-first", arguments->oldest_first, "Oldest first");
  command->add_option("--limit", arguments->count_max, "At most so many")->capture_default_str();
  command->callback([=, &chosen] { chosen = [=] { return List(options, arguments); }; });
}

void AddForId(CLI::App& group, const char* name, const char* help, const char* id_help,
              int (*run)(const Options&, const std::string&), Chosen& chosen) {
  CLI::App* command = group.add_subcommand(name, help);
  Options options = AddClientOptions(*command);
  auto id = std::make_shared<std::string>();
  command->add_option("id", *id, id_help)->required();
  command->callback([=, &chosen] { chosen = [=] { return run(options, *id); }; });
}

}  // namespace

void AddWorkflowCommands(CLI::App& app, Chosen& chosen) {
  CLI::App* group = app.add_subcommand("workflow", "Start, look at and steer workflows");
  group->require_subcommand(1);
  AddStart(*group, chosen);
  AddExecuteCommand(*group, chosen);
  AddForId(*group, "status", "Show a workflow and its steps", "Workflow id", Status, chosen);
  AddList(*group, chosen);
  AddForId(*group, "history", "Print a workflow's events", "Workflow id", History, chosen);
  AddForId(*group, "watch", "Follow a workflow to its end", "Workflow id", Watch, chosen);
  AddForId(*group, "logs", "Print a task's log lines", "Task id", Logs, chosen);
  AddMessageCommand(*group, chosen);
  AddOperatorCommands(*group, chosen);
  AddBulkCommand(*group, chosen);
  AddVerifyCommand(*group, chosen);
  AddTestCommand(*group, chosen);
}

}  // namespace skald::app
