#include "tests/support/private_postgres.h"

#include <libpq-fe.h>
#include <signal.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "engine/app/private_cluster.h"
#include "fmt/format.h"
#include "tests/support/paths.h"

namespace skald::testing {
namespace {

[[noreturn]] void Die(std::string_view what) {
  std::fprintf(stderr, "%.*s\n", static_cast<int>(what.size()), what.data());
  std::abort();
}

// The folder outlives the cluster in it.
struct Running {
  TempDir folder;
  std::unique_ptr<app::PrivateCluster> cluster;
  int databases = 0;

  Running() {
    auto started = app::PrivateCluster::Start(
        {.data_dir = folder.path() / "data",
         .server_settings = {"shared_buffers=64MB", "max_connections=64"},
         .durable = false});
    if (!started.ok()) Die(started.status().ToString());
    cluster = *std::move(started);
  }
};

Running& Instance() {
  static Running running;
  return running;
}

}  // namespace

std::string PrivatePostgres::NewDatabase() {
  Running& running = Instance();
  const std::string& base = running.cluster->connection_string();
  const std::string name = fmt::format("test_{}", ++running.databases);
  QueryOrDie(base, fmt::format("CREATE DATABASE {}", name));
  return fmt::format("{} dbname={}", base, name);  // of two names the last one counts
}

void PrivatePostgres::CrashAndRestart() {
  Running& running = Instance();
  kill(running.cluster->server_pid(), SIGKILL);
  app::WaitForEnd(running.cluster->server_pid(), std::chrono::milliseconds(10'000));
  const absl::Status restarted = running.cluster->EnsureRunning();
  if (!restarted.ok()) Die(restarted.ToString());
}

pid_t PrivatePostgres::ServerPid() { return Instance().cluster->server_pid(); }

std::string QueryOrDie(const std::string& connection_string, const std::string& sql) {
  const std::unique_ptr<PGconn, decltype(&PQfinish)> connection(
      PQconnectdb(connection_string.c_str()), &PQfinish);
  const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQexec(connection.get(), sql.c_str()),
                                                             &PQclear);
  const ExecStatusType status = PQresultStatus(result.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
    Die(fmt::format("{}: {}", sql, PQerrorMessage(connection.get())));
  }
  return PQntuples(result.get()) == 0 ? "" : PQgetvalue(result.get(), 0, 0);
}

}  // namespace skald::testing
