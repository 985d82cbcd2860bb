// Secrets reach the worker and nothing that is stored (engine/core/secrets.h): a whole engine over
// PostgreSQL, and then every byte of every table.
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/app/system_clock.h"
#include "engine/base/mutex.h"
#include "engine/memory/null_metrics.h"
#include "engine/postgres/migrate.h"
#include "engine/postgres/pg_catalog.h"
#include "engine/runtime/definition_cache.h"
#include "engine/runtime/engine_thread.h"
#include "tests/support/eventually.h"
#include "tests/unit/postgres/store_fixture.h"

namespace skald::postgres {
namespace {

constexpr char kSecret[] = "hunter2-4711-top-secret";

class OneSecret final : public ports::SecretStore {
 public:
  std::optional<std::string> Find(std::string_view, std::string_view name) const override {
    return name == "psp_key" ? std::optional<std::string>(kSecret) : std::nullopt;
  }
};

// Keeps what it is handed; fails `ship`, completes everything else.
class Worker final : public runtime::WorkerSink {
 public:
  explicit Worker(runtime::Engine& engine) : engine_(engine) {}

  void Assign(std::vector<runtime::Assignment> assignments) override {
    std::vector<runtime::Result> results;
    for (runtime::Assignment& assignment : assignments) {
      runtime::Result result{{assignment.workflow, assignment.task, assignment.fence}, {}};
      result.report.task = assignment.task;
      result.report.fence = assignment.fence;
      result.report.output = core::Payload(R"({"done":true})");
      if (assignment.task_type == "ship") {
        result.report.status = core::TaskStatus::kFailedWithTerminalError;
        result.report.reason = "no stock";
      }
      results.push_back(std::move(result));
      base::MutexLock lock(mutex_);
      handed_.insert_or_assign(assignment.task_type, std::move(assignment));
    }
    engine_.Report(session.load(), std::move(results));
  }
  void CancelTasks(std::vector<runtime::Cancel>) override {}
  void Answer(std::vector<runtime::Receipt>) override {}
  void Close(absl::Status) override {}

  std::string Input(const std::string& task_type) {
    base::MutexLock lock(mutex_);
    return std::string(handed_[task_type].input.text());
  }
  std::string OriginalInput(const std::string& task_type) {
    base::MutexLock lock(mutex_);
    return std::string(handed_[task_type].original_input.text());
  }

  std::atomic<runtime::SessionId> session = 0;

 private:
  runtime::Engine& engine_;
  base::Mutex mutex_;
  std::map<std::string, runtime::Assignment> handed_ GUARDED_BY(mutex_);
};

class SecretsTest : public StoreFixture {
 protected:
  // True when a row of any table holds the text, as text or in bytes.
  bool Stored(const std::string& text) {
    const std::string dump = Query(
        "SELECT string_agg(query_to_xml(format('SELECT t::text FROM %I.%I t', schemaname, "
        "tablename), true, true, '')::text, '') FROM pg_tables "
        "WHERE schemaname NOT IN ('pg_catalog', 'information_schema')");
    std::string hex;
    for (const char c : text) {
      constexpr char kDigits[] = "0123456789abcdef";
      hex.push_back(kDigits[static_cast<unsigned char>(c) >> 4]);
      hex.push_back(kDigits[static_cast<unsigned char>(c) & 15]);
    }
    return dump.find(text) != std::string::npos || dump.find(hex) != std::string::npos;
  }

  std::shared_ptr<const core::Definition> Define(PgCatalog& catalog,
                                                 runtime::DefinitionCache& cache) {
    ports::StoredDefinition stored;
    stored.name_space = "default";
    stored.name = "order";
    stored.version = 1;
    stored.created_at = stored.updated_at = kNowUs;
    stored.source = R"({"name":"order","version":1,"tasks":[
        {"name":"pay","taskReferenceName":"pay","saga":{"compensation":{"name":"refund"}},
         "inputParameters":{"key":"${workflow.secrets.psp_key}",
                            "header":"Bearer ${workflow.secrets.psp_key}",
                            "note":"${workflow.input.note}"}},
        {"name":"ship","taskReferenceName":"ship","saga":{"kind":"READ_ONLY"}}]})";
    EXPECT_THAT(catalog.PutDefinition(stored, false), testing::IsOk());
    auto definition = cache.Resolve("default", "order", 1);
    EXPECT_THAT(definition, testing::IsOk());
    return *definition;
  }
};

TEST_F(SecretsTest, NoSecretIsStored) {
  app::DatabaseClock clock;
  memory::NullMetrics metrics;
  const OneSecret secrets;
  auto catalog = PgCatalog::Open(url_);
  ASSERT_THAT(catalog, testing::IsOk());
  runtime::DefinitionCache cache(**catalog);
  const auto definition = Define(**catalog, cache);
  runtime::EngineOptions options;
  options.snapshot_every_events = 1;  // snapshots hold inputs too
  runtime::EngineThread engine(
      options, {*journal_, clock, metrics, [&](std::int64_t id) { return cache.ById(id); },
                [&](const std::string&, const std::string&,
                    std::int32_t) -> absl::StatusOr<std::shared_ptr<const core::Definition>> {
                  return definition;
                },
                &secrets});
  const auto worker = std::make_shared<Worker>(engine);
  runtime::WorkerHello hello{.name_space = "default", .worker_id = "w", .incarnation = "w"};
  hello.task_types = {{"pay", "", true}, {"ship", "", true}, {"refund", "", true}};
  hello.credits = 10;
  const auto ready = [&] {
    auto session = engine.Attach(hello, worker);
    if (session.ok()) worker->session = *session;
    return session.ok();
  };
  ASSERT_TRUE(testing::Eventually(ready));
  const core::WorkflowId id = base::UuidV7(clock.Now() / core::kMillisecondUs, 1, 2);
  const auto start = [&] {
    runtime::StartRequest request{
        .name_space = "default", .definition = definition, .start = {.id = id}, .may_exist = true};
    request.start.input = core::Payload(R"({"note":"${workflow.secrets.psp_key}"})");
    return Await<runtime::Started>([&](auto done) { engine.Start(request, done); }).ok();
  };
  ASSERT_TRUE(testing::Eventually(start));
  EXPECT_TRUE(testing::Eventually([&] { return !worker->Input("refund").empty(); }));
  engine.Stop();

  const std::string given = absl::StrCat(R"({"key":")", kSecret, R"(","header":"Bearer )", kSecret,
                                         R"(","note":"${workflow.secrets.psp_key}"})");
  EXPECT_EQ(worker->Input("pay"), given);
  EXPECT_EQ(worker->OriginalInput("refund"), given);
  EXPECT_NE(worker->Input("refund").find(given), std::string::npos) << worker->Input("refund");
  EXPECT_TRUE(Stored("${workflow.secrets.psp_key}"));
  EXPECT_TRUE(Stored("no stock"));
  EXPECT_FALSE(Stored(kSecret));
  EXPECT_FALSE(Stored("hunter2"));
}

}  // namespace
}  // namespace skald::postgres
