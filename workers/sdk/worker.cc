#include "workers/sdk/worker.h"

#include <unistd.h>

#include <chrono>
#include <memory>
#include <optional>
#include <random>
#include <vector>

#include "absl/strings/str_split.h"
#include "engine/base/ids.h"
#include "engine/base/log.h"
#include "engine/base/status.h"
#include "fmt/format.h"
#include "workers/sdk/barrier_schema.h"
#include "workers/sdk/connection.h"
#include "workers/sdk/executor.h"
#include "workers/sdk/limits.h"
#include "workers/sdk/signal_drain.h"
#include "workers/sdk/task_runner.h"

namespace skald::sdk {
namespace {

constexpr int kThreadsMax = 1'024;
constexpr std::uint32_t kInlineCredits = 1'000;
constexpr int kTaskTypesMax = 256;
constexpr auto kRetentionInterval = std::chrono::minutes(10);

// A new name for each start of the process.
std::string NewIncarnation() {
  std::random_device device;
  const auto next64 = [&device] { return (std::uint64_t{device()} << 32) | device(); };
  const std::int64_t unix_ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                                   std::chrono::system_clock::now().time_since_epoch())
                                   .count();
  return base::UuidV7(unix_ms, next64(), next64()).ToString();
}

std::string HostAndProcess() {
  char host[256] = {};
  if (gethostname(host, sizeof(host) - 1) != 0) host[0] = '\0';
  return fmt::format("{}:{}", host[0] == '\0' ? "worker" : host, getpid());
}

std::uint32_t CreditsOf(const WorkerOptions& options) {
  if (options.credits > 0) return options.credits;
  return options.threads == 0 ? kInlineCredits : static_cast<std::uint32_t>(options.threads) * 2;
}

ConnectionOptions ConnectionOptionsOf(const WorkerOptions& options) {
  return {.servers = absl::StrSplit(options.server, ',', absl::SkipWhitespace()),
          .drain_timeout_ms = options.drain_timeout_ms,
          .session = {.worker_id = options.worker_id.empty() ? HostAndProcess() : options.worker_id,
                      .incarnation = NewIncarnation(),
                      .name_space = options.name_space,
                      .domain = options.domain,
                      .credits = CreditsOf(options),
                      .lease_ms = options.lease_ms}};
}

std::vector<TypeOffer> OffersOf(const HandlerSet& handlers) {
  std::vector<TypeOffer> offers;
  for (const auto& [type, entry] : handlers.types()) {
    offers.push_back({.task_type = type, .barrier = entry.UnderBarrier()});
  }
  return offers;
}

void RunOne(TaskRunner& runner, Connection& connection, const HeldTaskPtr& held, bool gather) {
  if (!held->Begin()) return;
  Task task(held->data, held->cancel, &connection);
  connection.Finish(held, runner.Run(task), gather);
}

// Runs a message's tasks on the stream's thread; answers leave together, or after kInlineGatherUs.
void RunInline(TaskRunner& runner, Connection& connection, const std::vector<HeldTaskPtr>& tasks) {
  using Clock = std::chrono::steady_clock;
  constexpr auto kGather = std::chrono::microseconds(kInlineGatherUs);
  auto flush_at = Clock::now() + kGather;
  for (const HeldTaskPtr& held : tasks) {
    RunOne(runner, connection, held, true);
    if (Clock::now() < flush_at) continue;
    connection.Flush();
    flush_at = Clock::now() + kGather;
  }
  connection.Flush();
}

// Deletes what is too old in the barrier's table, now and then, while it lives.
class Retention {
 public:
  explicit Retention(std::string database_url)
      : thread_([this, url = std::move(database_url)] { Serve(url); }) {}
  ~Retention() {
    stop_.Cancel();
    thread_.join();
  }

 private:
  void Serve(const std::string& database_url) {
    do {
      PgSession session({.database_url = database_url});
      absl::StatusOr<std::int64_t> gone = kBarrierExpireRowsMax;
      while (gone.ok() && *gone == kBarrierExpireRowsMax && !stop_.cancelled()) {
        gone = ExpireBarrierRows(session);
      }
      if (!gone.ok())
        base::LogWarn("barrier.retention_failed", {{"error", gone.status().message()}});
    } while (!stop_.WaitFor(kRetentionInterval));
  }

  CancelToken stop_;
  std::thread thread_;
};

}  // namespace

Worker& Worker::Handle(std::string type, Handler handler) {
  handlers_.Handle(std::move(type), std::move(handler));
  return *this;
}

Worker& Worker::Action(std::string type, TransactionHandler handler) {
  handlers_.Action(std::move(type), std::move(handler));
  return *this;
}

Worker& Worker::Undo(std::string type, TransactionHandler handler) {
  handlers_.Undo(std::move(type), std::move(handler));
  return *this;
}

Worker& Worker::Probe(std::string type) {
  handlers_.Probe(std::move(type));
  return *this;
}

absl::Status Worker::Check() const {
  const auto refuse = [](std::string what) { return absl::InvalidArgumentError(std::move(what)); };
  if (handlers_.types().empty()) return refuse("no task type is registered");
  if (handlers_.types().size() > kTaskTypesMax) {
    return refuse(
        fmt::format("{} task types, at most {}", handlers_.types().size(), kTaskTypesMax));
  }
  if (options_.threads < 0 || options_.threads > kThreadsMax) {
    return refuse(fmt::format("{} threads, 0 to {} expected", options_.threads, kThreadsMax));
  }
  if (CreditsOf(options_) > kCreditsMax) {
    return refuse(fmt::format("{} credits, at most {}", CreditsOf(options_), kCreditsMax));
  }
  if (ConnectionOptionsOf(options_).servers.empty()) return refuse("no server address");
  if (handlers_.UsesDatabase() && options_.database_url.empty()) {
    return refuse("database_url: needed by handlers under the barrier");
  }
  return absl::OkStatus();
}

bool Worker::DrainAsked() {
  base::MutexLock lock(mutex_);
  return drain_asked_;
}

absl::Status Worker::PrepareDatabase() {
  if (!handlers_.UsesDatabase()) return absl::OkStatus();
  PgSession session({.database_url = options_.database_url});
  return AwaitDatabase([&] { return CreateBarrierTable(session); }, kDatabasePatienceMs,
                       [this] { return DrainAsked(); });
}

absl::Status Worker::Run() {
  RETURN_IF_ERROR(Check());
  RETURN_IF_ERROR(PrepareDatabase());
  const TaskRunnerOptions runner_options{.database = {.database_url = options_.database_url,
                                                      .lock_timeout_ms = options_.lock_timeout_ms}};
  std::optional<Retention> retention;
  if (handlers_.UsesDatabase()) retention.emplace(options_.database_url);
  std::optional<TaskRunner> inline_runner;
  std::optional<Executor> executor;  // set below, for its threads use the connection
  Connection connection(ConnectionOptionsOf(options_), OffersOf(handlers_),
                        [&](std::vector<HeldTaskPtr> tasks) {
                          if (executor.has_value()) return executor->Submit(std::move(tasks));
                          RunInline(*inline_runner, connection, tasks);
                        });
  if (options_.threads == 0) {
    inline_runner.emplace(handlers_, runner_options);
  } else {
    executor.emplace(options_.threads, [&] {
      auto runner = std::make_shared<TaskRunner>(handlers_, runner_options);
      return [runner, &connection](const HeldTaskPtr& held) {
        RunOne(*runner, connection, held, false);
      };
    });
  }
  {
    base::MutexLock lock(mutex_);
    connection_ = &connection;
    if (drain_asked_) connection.Drain();
  }
  const absl::Status status = connection.Serve();
  {
    base::MutexLock lock(mutex_);
    connection_ = nullptr;
  }
  executor.reset();  // waits for handlers that are still running
  return status;
}

void Worker::Drain() {
  base::MutexLock lock(mutex_);
  drain_asked_ = true;
  if (connection_ != nullptr) connection_->Drain();
}

int Worker::Main() {
  absl::Status status;
  {
    SignalDrain drain([this] { Drain(); });
    status = Run();
  }
  if (status.ok()) return 0;
  base::LogError("worker.failed", {{"error", status.ToString()}});
  return 1;
}

}  // namespace skald::sdk
