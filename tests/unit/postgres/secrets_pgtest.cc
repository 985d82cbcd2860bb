// Secrets reach the worker and nothing that is stored (engine/core/secrets.h): a whole engine over
// PostgreSQL, and then every byte of every table.
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
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
                                                 runtime::DefinitionCache& cache,
                                                 const std::string& source) {
    ports::StoredDefinition stored;
    stored.name_space = "default";
    stored.name = "order";
    stored.version = 1;
    stored.created_at = stored.updated_at = kNowUs;
    stored.source = source;
    EXPECT_THAT(catalog.PutDefinition(stored, false), testing::IsOk());
    auto definition = cache.Resolve("default", "order", 1);
    EXPECT_THAT(definition, testing::IsOk());
    return *definition;
  }
};

constexpr char kOrder[] = R"({"name":"order","version":1,"tasks":[
    {"name":"pay","taskReferenceName":"pay","saga":{"compensation":{"name":"refund"}},
     "inputParameters":{"key":"${workflow.secrets.psp_key}",
                        "header":"Bearer ${workflow.secrets.psp_key}",
                        "note":"${workflow.input.note}"}},
    {"name":"ship","taskReferenceName":"ship","saga":{"kind":"READ_ONLY"}}]})";

TEST_F(SecretsTest, NoSecretIsStored) {
  app::DatabaseClock clock;
  memory::NullMetrics metrics;
  const OneSecret secrets;
  auto catalog = PgCatalog::Open(url_);
  ASSERT_THAT(catalog, testing::IsOk());
  runtime::DefinitionCache cache(**catalog);
  const auto definition = Define(**catalog, cache, kOrder);
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

// Whoever carries a task out gives back all that it was given: as output, and as the reason of a
// failure. `ship` and undos fail once, so that every kind of result comes back.
class Echo final : public runtime::WorkerSink {
 public:
  explicit Echo(runtime::Engine& engine) : engine_(engine) {}

  void Assign(std::vector<runtime::Assignment> assignments) override {
    std::vector<runtime::Result> results;
    for (const runtime::Assignment& assignment : assignments) {
      runtime::Result result{{assignment.workflow, assignment.task, assignment.fence}, {}};
      result.report.task = assignment.task;
      result.report.fence = assignment.fence;
      const std::string_view input = assignment.input.text();
      const std::string_view original = assignment.original_input.text();
      result.report.output =
          core::Payload(absl::StrCat(R"({"echo":)", std::string(input), R"(,"original":)",
                                     original.empty() ? "null" : std::string(original), "}"));
      const bool undo = assignment.operation == core::Operation::kCompensate;
      if (assignment.reference == "ship" || (undo && assignment.attempt == 1)) {
        result.report.status =
            undo ? core::TaskStatus::kFailed : core::TaskStatus::kFailedWithTerminalError;
        result.report.reason = absl::StrCat("refused: ", std::string(input), std::string(original));
      }
      results.push_back(std::move(result));
      base::MutexLock lock(mutex_);
      if (input.find(kSecret) != std::string_view::npos) handed_.insert(assignment.reference);
      if (undo && original.find(kSecret) != std::string_view::npos) handed_.insert("original");
    }
    engine_.Report(session.load(), std::move(results));
  }
  void CancelTasks(std::vector<runtime::Cancel>) override {}
  void Answer(std::vector<runtime::Receipt>) override {}
  void Close(absl::Status) override {}

  // References of the tasks that were handed the secret.
  std::set<std::string> handed() {
    base::MutexLock lock(mutex_);
    return handed_;
  }

  std::atomic<runtime::SessionId> session = 0;

 private:
  runtime::Engine& engine_;
  base::Mutex mutex_;
  std::set<std::string> handed_ GUARDED_BY(mutex_);
};

constexpr char kEchoed[] = R"({"name":"order","version":1,
  "outputParameters":{"all":"${workflow.variables}","shipped":"${ship.output}"},
  "tasks":[
    {"name":"pay","taskReferenceName":"pay","saga":{"compensation":{"name":"refund",
      "retryCount":3,"retryDelaySeconds":0,"backoffJitterMs":0}},
     "inputParameters":{"key":"${workflow.secrets.psp_key}"}},
    {"name":"call","taskReferenceName":"call","type":"HTTP","saga":{"kind":"READ_ONLY"},
     "inputParameters":{"uri":"http://x/?k=${workflow.secrets.psp_key}","method":"GET",
                        "headers":{"Authorization":"Bearer ${workflow.secrets.psp_key}"}}},
    {"name":"remote","taskReferenceName":"remote","type":"GRPC","saga":{"kind":"READ_ONLY"},
     "inputParameters":{"request":{"token":"${workflow.secrets.psp_key}"}}},
    {"name":"script","taskReferenceName":"script","type":"INLINE",
     "inputParameters":{"expression":"$.k","k":["${workflow.secrets.psp_key}"]}},
    {"name":"jq","taskReferenceName":"jq","type":"JSON_JQ_TRANSFORM",
     "inputParameters":{"queryExpression":".k","k":"${workflow.secrets.psp_key}"}},
    {"name":"choose","taskReferenceName":"choose","type":"SWITCH","evaluatorType":"javascript",
     "expression":"$.k","inputParameters":{"k":"${workflow.secrets.psp_key}"},
     "decisionCases":{"never":[]}},
    {"name":"keep","taskReferenceName":"keep","type":"SET_VARIABLE",
     "inputParameters":{"paid":"${pay.output}","called":"${call.output}","jq":"${jq.output}"}},
    {"name":"tell","taskReferenceName":"tell","type":"EVENT","sink":"conductor",
     "saga":{"kind":"READ_ONLY"},"inputParameters":{"paid":"${pay.output.echo.key}"}},
    {"name":"ship","taskReferenceName":"ship","saga":{"kind":"READ_ONLY"},
     "inputParameters":{"key":"${workflow.secrets.psp_key}","copied":"${pay.input.key}"}}]})";

TEST_F(SecretsTest, NoEchoIsStored) {
  app::DatabaseClock clock;
  memory::NullMetrics metrics;
  const OneSecret secrets;
  auto catalog = PgCatalog::Open(url_);
  ASSERT_THAT(catalog, testing::IsOk());
  runtime::DefinitionCache cache(**catalog);
  const auto definition = Define(**catalog, cache, kEchoed);
  runtime::EngineOptions options;
  options.snapshot_every_events = 1;
  runtime::EngineThread engine(
      options, {*journal_, clock, metrics, [&](std::int64_t id) { return cache.ById(id); },
                [&](const std::string&, const std::string&,
                    std::int32_t) -> absl::StatusOr<std::shared_ptr<const core::Definition>> {
                  return definition;
                },
                &secrets});
  const auto worker = std::make_shared<Echo>(engine);
  const auto runner = std::make_shared<Echo>(engine);
  const auto attach = [&](const std::string& name_space, const std::vector<std::string>& types,
                          const std::shared_ptr<Echo>& sink) {
    runtime::WorkerHello hello{.name_space = name_space, .worker_id = "w", .incarnation = "w"};
    for (const std::string& type : types) hello.task_types.push_back({type, "", true});
    hello.credits = 10;
    auto session = engine.Attach(hello, sink);
    if (session.ok()) sink->session = *session;
    return session.ok();
  };
  ASSERT_TRUE(
      testing::Eventually([&] { return attach("default", {"pay", "ship", "refund"}, worker); }));
  ASSERT_TRUE(
      attach(runtime::kRunnersNamespace, {"HTTP", "GRPC", "INLINE", "JSON_JQ_TRANSFORM"}, runner));
  const core::WorkflowId id = base::UuidV7(clock.Now() / core::kMillisecondUs, 3, 4);
  const auto start = [&] {
    runtime::StartRequest request{
        .name_space = "default", .definition = definition, .start = {.id = id}, .may_exist = true};
    request.start.input = core::Payload("{}");
    return Await<runtime::Started>([&](auto done) { engine.Start(request, done); }).ok();
  };
  ASSERT_TRUE(testing::Eventually(start));
  const auto ended = [&] {
    return Query("SELECT count(*) FROM skald.workflow WHERE saga_status = 'COMPENSATED'") == "1";
  };
  EXPECT_TRUE(testing::Eventually(ended)) << Query("SELECT status, reason FROM skald.workflow");
  engine.Stop();

  EXPECT_EQ(worker->handed(), (std::set<std::string>{"original", "pay", "ship"}));
  EXPECT_EQ(runner->handed(), (std::set<std::string>{"call", "choose", "jq", "remote", "script"}));
  EXPECT_TRUE(Stored("Bearer ***"));
  EXPECT_TRUE(Stored("http://x/?k=***"));
  EXPECT_TRUE(Stored("refused: "));
  EXPECT_FALSE(Stored(kSecret));
  EXPECT_FALSE(Stored("hunter2"));
}

}  // namespace
}  // namespace skald::postgres
