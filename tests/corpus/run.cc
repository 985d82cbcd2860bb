#include "tests/corpus/run.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <set>
#include <thread>
#include <utility>

#include "engine/base/mutex.h"
#include "engine/base/status.h"
#include "fmt/format.h"
#include "tests/corpus/definition_text.h"
#include "tests/corpus/driver.h"
#include "tests/corpus/echo_worker.h"
#include "tests/corpus/observed.h"

namespace skald::corpus {
namespace {

constexpr char kCorrelationId[] = "corpus";
constexpr std::chrono::seconds kCallDeadline{30};
constexpr int kCallsAtOnce = 8;
constexpr int kSubWorkflowsMax = 1'000;  // looked at for one definition

void SetDeadline(grpc::ClientContext& context) {
  context.set_deadline(std::chrono::system_clock::now() + kCallDeadline);
}

// Calls `call(i)` for i below `count` from a few threads; returns the first error.
absl::Status InParallel(std::size_t count, const std::function<absl::Status(std::size_t)>& call) {
  std::atomic<std::size_t> next = 0;
  base::Mutex mutex;
  absl::Status status;
  std::vector<std::thread> threads;
  for (int i = 0; i < kCallsAtOnce; ++i) {
    threads.emplace_back([&] {
      for (std::size_t at = next++; at < count; at = next++) {
        const absl::Status one = call(at);
        base::MutexLock lock(mutex);
        status.Update(one);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  return status;
}

class Run {
 public:
  Run(const testing::Api& api, const std::vector<Case>& cases, const RunSettings& settings)
      : api_(api), cases_(cases), settings_(settings), outcomes_(cases.size()) {}

  absl::StatusOr<std::vector<Outcome>> Make() {
    Survey();
    RETURN_IF_ERROR(RegisterTasks());
    RETURN_IF_ERROR(RegisterAll());
    const EchoWorkers workers(settings_.server_address, worker_types_);
    Driver driver(api_, kCorrelationId, waiting_);
    RETURN_IF_ERROR(driver.AwaitWatching());
    RETURN_IF_ERROR(StartAll(driver));
    while (const std::optional<std::string> id = driver.TakeSettled()) {
      RETURN_IF_ERROR(Collect(*id));
    }
    RETURN_IF_ERROR(driver.status());
    return std::move(outcomes_);
  }

 private:
  void Survey();
  absl::Status RegisterTasks();
  absl::Status RegisterAll();
  absl::Status StartAll(Driver& driver);
  absl::Status StartOne(std::size_t index, Driver& driver);
  absl::Status Collect(const std::string& workflow_id);
  grpc::Status Register(const boost::json::object& definition);
  absl::Status Get(const std::string& workflow_id, v1::Workflow& workflow);

  const testing::Api& api_;
  const std::vector<Case>& cases_;
  const RunSettings& settings_;
  std::vector<Outcome> outcomes_;
  std::vector<boost::json::object> bodies_;  // as registered
  std::set<std::string> worker_types_;
  std::set<std::string> waiting_;
  // Of each name and version the last body in the corpus; twins are replaced for their own start.
  std::map<std::pair<std::string, std::int32_t>, std::size_t> last_body_;
  std::map<std::string, std::size_t> case_of_;  // by workflow id
};

void Run::Survey() {
  const auto add = [this](const boost::json::object& definition) {
    worker_types_.merge(WorkerTypes(definition));
    waiting_.merge(WaitingReferences(definition));
  };
  for (std::size_t i = 0; i < cases_.size(); ++i) {
    add(cases_[i].definition);
    bodies_.push_back(WithAddresses(cases_[i].definition, settings_.echo_address));
    last_body_[{cases_[i].name, cases_[i].version}] = i;
  }
  for (const boost::json::object& definition : settings_.others) add(definition);
}

absl::Status Run::RegisterTasks() {
  const std::vector<std::string> names(worker_types_.begin(), worker_types_.end());
  return InParallel(names.size(), [&](std::size_t i) {
    const boost::json::object definition = {
        {"name", names[i]}, {"retryCount", 0}, {"responseTimeoutSeconds", 600}};
    const grpc::Status status = api_.RegisterTask(boost::json::serialize(definition));
    if (status.ok()) return absl::OkStatus();
    return absl::UnavailableError(
        fmt::format("task definition '{}': {}", names[i], status.error_message()));
  });
}

grpc::Status Run::Register(const boost::json::object& definition) {
  v1::RegisterWorkflowRequest request;
  request.set_definition(boost::json::serialize(definition));
  request.set_overwrite(true);
  v1::RegisterWorkflowResponse response;
  grpc::ClientContext context;
  SetDeadline(context);
  return api_.definitions->RegisterWorkflow(&context, request, &response);
}

absl::Status Run::RegisterAll() {
  for (const boost::json::object& definition : settings_.others) {
    // What keeps it from being registered shows where it is used.
    static_cast<void>(Register(definition));
  }
  for (std::size_t i = 0; i < cases_.size(); ++i) {
    const grpc::Status status = Register(bodies_[i]);
    if (status.error_code() == grpc::StatusCode::UNAVAILABLE ||
        status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) {
      return absl::UnavailableError(
          fmt::format("register {}: {}", cases_[i].id, status.error_message()));
    }
    outcomes_[i].registered = status.ok();
    outcomes_[i].register_error = status.error_message();
  }
  return absl::OkStatus();
}

absl::Status Run::StartAll(Driver& driver) {
  std::vector<std::size_t> others;
  for (std::size_t i = 0; i < cases_.size(); ++i) {
    if (!outcomes_[i].registered) continue;
    const std::size_t last = last_body_.at({cases_[i].name, cases_[i].version});
    if (last == i) {
      others.push_back(i);
      continue;
    }
    // A workflow keeps the body it began with.
    static_cast<void>(Register(bodies_[i]));
    RETURN_IF_ERROR(StartOne(i, driver));
    static_cast<void>(Register(bodies_[last]));
  }
  for (const std::size_t i : others) RETURN_IF_ERROR(StartOne(i, driver));
  return absl::OkStatus();
}

absl::Status Run::StartOne(std::size_t index, Driver& driver) {
  const Case& one = cases_[index];
  v1::StartRequest request;
  request.set_name(one.name);
  request.set_version(one.version);
  request.set_input(StartInput(one.definition));
  request.set_correlation_id(kCorrelationId);
  v1::StartResponse response;
  grpc::ClientContext context;
  SetDeadline(context);
  const grpc::Status status = api_.workflows->Start(&context, request, &response);
  if (!status.ok()) {
    outcomes_[index].status = "NOT STARTED";
    outcomes_[index].reason = status.error_message();
    return absl::OkStatus();
  }
  case_of_[response.workflow_id()] = index;
  Goal goal{.ends = one.reference.status != "OPEN"};
  for (const TaskLine& task : one.reference.tasks) {
    goal.references.insert(PlainReference(task.reference));
  }
  driver.Expect(response.workflow_id(), std::move(goal));
  return absl::OkStatus();
}

absl::Status Run::Get(const std::string& workflow_id, v1::Workflow& workflow) {
  const grpc::Status status = api_.Get(workflow_id, workflow);
  if (status.ok()) return absl::OkStatus();
  const std::string what = fmt::format("get {}: {}", workflow_id, status.error_message());
  return status.error_code() == grpc::StatusCode::NOT_FOUND ? absl::NotFoundError(what)
                                                            : absl::UnavailableError(what);
}

absl::Status Run::Collect(const std::string& workflow_id) {
  v1::Workflow workflow;
  RETURN_IF_ERROR(Get(workflow_id, workflow));
  Outcome& outcome = outcomes_[case_of_.at(workflow_id)];
  outcome = ToOutcome(workflow);
  int count = 0;
  for (const auto& [reference, id] : SubWorkflowIds(workflow)) {
    if (++count > kSubWorkflowsMax) break;
    v1::Workflow child;
    const absl::Status read = Get(id, child);
    if (absl::IsNotFound(read)) continue;  // it could not be started
    RETURN_IF_ERROR(read);
    Outcome seen = ToOutcome(child);
    outcome.sub[reference] = {seen.status, std::move(seen.tasks)};
  }
  if (outcome.status != "OPEN") return absl::OkStatus();
  // It would keep the server busy.
  v1::TerminateRequest request;
  request.set_workflow_id(workflow_id);
  request.set_actor(kCorrelationId);
  request.set_reason("the run is over");
  v1::ActionResponse response;
  grpc::ClientContext context;
  SetDeadline(context);
  static_cast<void>(api_.workflows->Terminate(&context, request, &response));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<Outcome>> RunCorpus(const testing::Api& api,
                                               const std::vector<Case>& cases,
                                               const RunSettings& settings) {
  return Run(api, cases, settings).Make();
}

}  // namespace skald::corpus
