#include "workers/service/service.h"

#include "CLI/CLI.hpp"
#include "engine/base/log.h"
#include "workers/sdk/pg_session.h"
#include "workers/service/ledger.h"

namespace skald::service {
namespace {

constexpr int kWrongFlags = 2;
constexpr int kParsed = -1;  // no exit code: go on

}  // namespace

absl::Status CreateSchema(const std::string& database_url, const std::string& schema) {
  sdk::PgSession session({.database_url = database_url});
  return session.Transact([&schema](sdk::Transaction& work) {
    work.exec("select pg_advisory_xact_lock(hashtext('sample_service'))");
    work.exec(kLedgerSchema);
    work.exec(schema);
    return absl::OkStatus();
  });
}

int Main(int argc, char** argv, const Definition& definition) {
  sdk::WorkerOptions options;
  std::string log_level = "info";
  CLI::App app("Sample service of Skald: " + definition.name, definition.name);
  app.add_option("--server", options.server, "host:port of the engine, or several with commas")
      ->envname("SKALD_ADDRESS")
      ->capture_default_str();
  app.add_option("--database-url", options.database_url, "the service's own database")
      ->envname("DATABASE_URL")
      ->required();
  app.add_option("--threads", options.threads, "handlers at a time")->capture_default_str();
  app.add_option("--credits", options.credits, "tasks held at a time; 0: two per thread");
  app.add_option("--log-level", log_level, "debug, info, warn, error or off")
      ->capture_default_str();
  // CLI11 has codes of its own; 0 for --help.
  const int parsed = [&] {
    CLI11_PARSE(app, argc, argv);
    return kParsed;
  }();
  if (parsed != kParsed) return parsed == 0 ? 0 : kWrongFlags;
  const auto level = base::ParseLogLevel(log_level);
  if (!level.ok()) {
    base::LogError("service.refused", {{"error", level.status().message()}});
    return kWrongFlags;
  }
  base::SetLogLevel(*level);

  const absl::Status created =
      sdk::AwaitDatabase([&] { return CreateSchema(options.database_url, definition.schema); },
                         sdk::kDatabasePatienceMs, [] { return false; });
  if (!created.ok()) {
    base::LogError("service.failed", {{"error", created.message()}});
    return 1;
  }
  sdk::Worker worker(options);
  definition.add_handlers(worker);
  return worker.Main();
}

}  // namespace skald::service
