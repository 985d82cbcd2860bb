#include "engine/app/server_runner.h"

#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/app/exit_codes.h"
#include "engine/app/limits_table.h"
#include "engine/app/private_cluster.h"
#include "engine/app/process_environment.h"
#include "engine/app/step_runners.h"
#include "engine/app/system_clock.h"
#include "engine/app/version.h"
#include "engine/base/log.h"
#include "engine/base/status.h"
#include "engine/grpc/server.h"
#include "engine/http/http_server.h"
#include "engine/http/status_pages.h"
#include "engine/postgres/migrate.h"
#include "engine/postgres/pg_catalog.h"
#include "engine/postgres/pg_journal.h"
#include "engine/rehearsal/workflow_rehearser.h"
#include "engine/runtime/definition_cache.h"
#include "engine/runtime/engine_thread.h"
#include "engine/runtime/task_definition_reader.h"
#include "engine/runtime/task_limit_reader.h"
#include "engine/script/script_checker.h"
#include "engine/script/script_runner.h"
#include "engine/telemetry/prometheus_metrics.h"

namespace skald::app {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::seconds kStatsTimeout{2};
constexpr std::chrono::hours kMaintenanceInterval{24};
constexpr std::chrono::minutes kMaintenanceRetry{10};
constexpr long kWatchIntervalNs = 250'000'000;

// What keeps a server from starting is one line for whoever starts it.
int FailToStart(const absl::Status& status) {
  std::fprintf(stderr, "skald: %s\n", std::string(status.message()).c_str());
  return ToExitCode(static_cast<int>(status.code()));
}

int Fail(const absl::Status& status) {
  base::LogError("server.failed", {{"error", status.message()}});
  return ToExitCode(static_cast<int>(status.code()));
}

// Every connection is an open file. Debian's usual bound of 1 024 would be used up by one client
// that opens many and says nothing; the hard bound is far above it.
void RaiseOpenFilesBound() {
  rlimit bound{};
  if (getrlimit(RLIMIT_NOFILE, &bound) != 0) return;
  bound.rlim_cur = bound.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &bound) != 0) base::LogWarn("open_files.bound_kept", {});
}

// SIGTERM and SIGINT are waited for by the main thread; every thread made later inherits the mask.
sigset_t BlockStopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  // A peer that closes its socket is an error of that write, not the end of the server.
  signal(SIGPIPE, SIG_IGN);
  return signals;
}

// Everything of one server, in order of dependence: each part outlives those below it.
class ServerProcess {
 public:
  static absl::StatusOr<std::unique_ptr<ServerProcess>> Start(const ServerConfig& config,
                                                              const std::string& database_url,
                                                              bool loopback) {
    ASSIGN_OR_RETURN(auto journal, postgres::PgJournal::Open(database_url));
    ASSIGN_OR_RETURN(auto catalog, postgres::PgCatalog::Open(database_url));
    ASSIGN_OR_RETURN(runtime::TaskLimits limits, runtime::ReadTaskLimits(*catalog));
    std::unique_ptr<ServerProcess> process(
        new ServerProcess(config, std::move(journal), std::move(catalog), std::move(limits)));
    ASSIGN_OR_RETURN(
        process->runners_,
        StepRunners::Start(
            config.calls, config.scripts, loopback, process->engine_, *process->journal_,
            [&cache = process->definitions_](std::int64_t id) { return cache.ById(id); },
            process->random_));
    RETURN_IF_ERROR(process->StartEdges(config));
    return process;
  }

  ~ServerProcess() { Stop(0); }

  // OK while requests are served for good.
  absl::Status Ready() {
    if (engine_.lost()) return absl::UnavailableError("this node has lost its lease");
    // Shared: the answer may come too late.
    auto answer = std::make_shared<std::promise<absl::Status>>();
    std::future<absl::Status> ready = answer->get_future();
    engine_.CheckReady([answer](const absl::Status& ready) { answer->set_value(ready); });
    if (ready.wait_for(kStatsTimeout) != std::future_status::ready) {
      return absl::UnavailableError("the engine does not answer");
    }
    RETURN_IF_ERROR(ready.get());
    return catalog_->Ping();
  }

  // What the gRPC health service says follows the engine; the database is asked by /ready only.
  void UpdateHealth() {
    engine_.CheckReady([this](const absl::Status& ready) { serving_ = ready.ok(); });
    if (grpc_ != nullptr) grpc_->SetServing(serving_);
  }

  void TickRunners() { runners_->Tick(); }

  bool lost() const { return engine_.lost(); }

  void Stop(std::int64_t grace_ms) {
    if (grpc_ != nullptr) grpc_->Stop(grace_ms);
    grpc_.reset();
    http_.reset();
    engine_.Stop();
    runners_.reset();
  }

 private:
  ServerProcess(const ServerConfig& config, std::unique_ptr<postgres::PgJournal> journal,
                std::unique_ptr<postgres::PgCatalog> catalog, runtime::TaskLimits limits)
      : journal_(std::move(journal)),
        catalog_(std::move(catalog)),
        secrets_(environ),
        definitions_(*catalog_, ReadExpressionEnvironment(environ), config.UnknownDefault()),
        task_definitions_(*catalog_),
        rehearsal_scripts_(config.scripts.ToOptions()),
        rehearser_({.real_clock = clock_,
                    .registered = catalog_.get(),
                    .environment = definitions_.environment(),
                    .runner = &rehearsal_scripts_}),
        engine_(
            config.ToEngineOptions(),
            runtime::Collaborators{
                *journal_, clock_, metrics_,
                [this](std::int64_t id) { return definitions_.ById(id); },
                [this](const std::string& name_space, const std::string& name,
                       std::int32_t version) {
                  return definitions_.Resolve(name_space, name, version);
                },
                &secrets_,
                [this](const std::string& name_space, std::vector<std::string> names, auto done) {
                  task_definitions_.Ask(name_space, std::move(names), std::move(done));
                },
                [this](const std::string& name_space, const std::string& name,
                       std::int32_t version) {
                  return definitions_.Find(name_space, name, version);
                },
                [this](const std::string& name_space, const std::string& json) {
                  return definitions_.InPlace(name_space, json);
                },
                std::move(limits)}),
        limits_(*catalog_,
                [this](runtime::TaskLimits now) { engine_.SetTaskLimits(std::move(now)); }) {}

  absl::Status StartEdges(const ServerConfig& config) {
    grpc_edge::ServerOptions options;
    options.address = config.grpc_address;
    options.node_id = config.node_name;
    options.version = kVersion;
    options.blocking_threads = config.blocking_threads;
    options.streams.ping_interval_ms = config.ping_interval_ms;
    options.streams.task_lease_ms = config.task_lease_ms;
    options.limits = LimitsTable(config);
    ASSIGN_OR_RETURN(
        grpc_, grpc_edge::Server::Start(
                   std::move(options),
                   grpc_edge::ServerParts{engine_, *journal_, *catalog_, *catalog_, definitions_,
                                          clock_, random_, &rehearser_, &script_checker_}));
    http::StatusSources sources;
    sources.ready = [this] { return Ready(); };
    sources.metrics = [this] { return metrics_.Text(); };
    ASSIGN_OR_RETURN(http_, http::HttpServer::Start({.address = config.http_address},
                                                    http::StatusPages(std::move(sources))));
    return absl::OkStatus();
  }

  DatabaseClock clock_;
  SystemRandom random_;
  telemetry::PrometheusMetrics metrics_;
  std::unique_ptr<postgres::PgJournal> journal_;
  std::unique_ptr<postgres::PgCatalog> catalog_;
  const EnvironmentSecrets secrets_;
  runtime::DefinitionCache definitions_;
  runtime::TaskDefinitionReader task_definitions_;
  // Apart from those of workflows: rehearsals and registrations take no script host from them.
  script::ScriptRunner rehearsal_scripts_;
  script::ScriptChecker script_checker_{rehearsal_scripts_};
  rehearsal::WorkflowRehearser rehearser_;
  std::atomic<bool> serving_{false};
  runtime::EngineThread engine_;
  runtime::TaskLimitReader limits_;
  std::unique_ptr<StepRunners> runners_;
  std::unique_ptr<grpc_edge::Server> grpc_;
  std::unique_ptr<http::HttpServer> http_;
};

// Makes partitions ahead once a day; after a failure it tries again soon.
class Maintenance {
 public:
  explicit Maintenance(std::string database_url) : database_url_(std::move(database_url)) {}

  // Joins the run before this one, which is long over.
  void MaybeRun() {
    if (SteadyClock::now() < next_) return;
    next_ = SteadyClock::now() + kMaintenanceInterval;
    if (running_.valid() && !running_.get()) next_ = SteadyClock::now() + kMaintenanceRetry;
    running_ = std::async(std::launch::async, [url = database_url_] {
      const absl::Status status = postgres::MaintainPartitions(url);
      if (!status.ok()) base::LogError("partitions.failed", {{"error", status.message()}});
      return status.ok();
    });
  }

 private:
  const std::string database_url_;
  SteadyClock::time_point next_ = SteadyClock::now() + kMaintenanceInterval;
  std::future<bool> running_;
};

// Returns when told to stop, with OK, or when the node cannot go on.
absl::Status ServeUntilStopped(ServerProcess& process, const std::string& database_url,
                               const sigset_t& signals, PrivateCluster* cluster) {
  Maintenance maintenance(database_url);
  const timespec interval{0, kWatchIntervalNs};
  while (true) {
    const int signal_number = sigtimedwait(&signals, nullptr, &interval);
    if (signal_number > 0) {
      base::LogInfo("server.stopping", {{"signal", signal_number}});
      return absl::OkStatus();
    }
    if (process.lost()) {
      return absl::AbortedError("this node was fenced off: another process took its name or lease");
    }
    process.UpdateHealth();
    process.TickRunners();
    maintenance.MaybeRun();
    if (cluster == nullptr) continue;
    if (const absl::Status status = cluster->EnsureRunning(); !status.ok()) return status;
  }
}

int Serve(const ServerConfig& config, const std::string& database_url, const sigset_t& signals,
          PrivateCluster* cluster) {
  // `skald dev` may call this machine, where its author tries things out.
  auto process = ServerProcess::Start(config, database_url, /*loopback=*/cluster != nullptr);
  if (!process.ok()) return FailToStart(process.status());
  base::LogInfo("server.started", {{"version", kVersion},
                                   {"node", config.node_name},
                                   {"grpc", config.grpc_address},
                                   {"http", config.http_address}});
  const absl::Status end = ServeUntilStopped(**process, database_url, signals, cluster);
  (*process)->Stop(end.ok() ? config.stop_grace_ms : 0);
  process->reset();
  if (!end.ok()) return Fail(end);
  base::LogInfo("server.stopped", {});
  return kExitOk;
}

// Whether the schema fits, asked again while there is no database and the time that was given for
// that is not over. CANCELLED when told to stop meanwhile.
absl::Status AwaitSchema(const ServerConfig& config, const sigset_t& signals) {
  const auto deadline = SteadyClock::now() + std::chrono::seconds(config.wait_for_database_s);
  const timespec interval{0, kWatchIntervalNs};
  bool told = false;
  while (true) {
    absl::Status schema = postgres::CheckSchema(config.database_url);
    if (!absl::IsUnavailable(schema) || SteadyClock::now() >= deadline) return schema;
    if (!std::exchange(told, true)) {
      base::LogWarn("database.awaited",
                    {{"seconds_max", config.wait_for_database_s}, {"error", schema.message()}});
    }
    if (sigtimedwait(&signals, nullptr, &interval) > 0) return absl::CancelledError("stopped");
  }
}

absl::Status SetLog(const ServerConfig& config) {
  ASSIGN_OR_RETURN(const base::LogLevel level, base::ParseLogLevel(config.log_level));
  base::SetLogLevel(level);
  return absl::OkStatus();
}

}  // namespace

int RunServer(const ServerConfig& config) {
  if (const absl::Status status = SetLog(config); !status.ok()) return FailToStart(status);
  if (config.database_url.empty()) {
    std::fprintf(stderr, "skald: server: --database-url or SKALD_DATABASE_URL expected\n");
    return kExitUsage;
  }
  RaiseOpenFilesBound();
  const sigset_t signals = BlockStopSignals();
  const absl::Status schema = AwaitSchema(config, signals);
  if (absl::IsCancelled(schema)) return kExitOk;
  if (!schema.ok()) return FailToStart(schema);
  if (const absl::Status status = postgres::MaintainPartitions(config.database_url); !status.ok()) {
    return FailToStart(status);
  }
  return Serve(config, config.database_url, signals, nullptr);
}

int RunDev(const ServerConfig& config) {
  if (const absl::Status status = SetLog(config); !status.ok()) return FailToStart(status);
  RaiseOpenFilesBound();
  const sigset_t signals = BlockStopSignals();
  PrivateClusterSettings settings;
  settings.data_dir = config.data_dir;
  auto cluster = PrivateCluster::Start(std::move(settings));
  if (!cluster.ok()) return FailToStart(cluster.status());
  const std::string url = (*cluster)->connection_string();
  int code = kExitOk;
  if (const auto migrated = postgres::Migrate(url); migrated.ok()) {
    code = Serve(config, url, signals, cluster->get());
  } else {
    code = FailToStart(migrated.status());
  }
  if (const absl::Status stopped = (*cluster)->Stop(); !stopped.ok()) return Fail(stopped);
  return code;
}

int RunMigrate(const std::string& database_url) {
  const auto result = postgres::Migrate(database_url);
  if (!result.ok()) return FailToStart(result.status());
  std::printf("schema version %d (was %d)\n", result->version, result->version_before);
  return kExitOk;
}

}  // namespace skald::app
