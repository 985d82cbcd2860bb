// Secrets reach the worker and nothing that is stored (engine/core/secrets.h): a whole engine over
// PostgreSQL, and then every byte of every table.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/base/mutex.h"
#include "tests/support/eventually.h"
#include "tests/unit/postgres/engine_fixture.h"

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
class Worker final : public TestWorker {
 public:
  using TestWorker::TestWorker;

  std::string Input(const std::string& task_type) {
    base::MutexLock lock(mutex_);
    return std::string(handed_[task_type].input.text());
  }
  std::string OriginalInput(const std::string& task_type) {
    base::MutexLock lock(mutex_);
    return std::string(handed_[task_type].original_input.text());
  }

 private:
  void CarryOut(const runtime::Assignment& assignment, core::ReportResult& report) override {
    report.output = core::Payload(R"({"done":true})");
    if (assignment.task_type == "ship") {
      report.status = core::TaskStatus::kFailedWithTerminalError;
      report.reason = "no stock";
    }
    base::MutexLock lock(mutex_);
    handed_.insert_or_assign(assignment.task_type, assignment);
  }

  base::Mutex mutex_;
  std::map<std::string, runtime::Assignment> handed_ GUARDED_BY(mutex_);
};

class SecretsTest : public EngineFixture {
 protected:
  SecretsTest() {
    secrets_ = &secret_;
    options_.snapshot_every_events = 1;  // snapshots hold inputs too
  }

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

 private:
  const OneSecret secret_;
};

constexpr char kOrder[] = R"({"name":"order","version":1,"tasks":[
    {"name":"pay","taskReferenceName":"pay","saga":{"compensation":{"name":"refund"}},
     "inputParameters":{"key":"${workflow.secrets.psp_key}",
                        "header":"Bearer ${workflow.secrets.psp_key}",
                        "note":"${workflow.input.note}"}},
    {"name":"ship","taskReferenceName":"ship","saga":{"kind":"READ_ONLY"}}]})";

TEST_F(SecretsTest, NoSecretIsStored) {
  Define(kOrder);
  Serve();
  const auto worker = std::make_shared<Worker>(*engine_);
  Attach("default", {"pay", "ship", "refund"}, worker);
  AwaitReady();
  Begin(core::Payload(R"({"note":"${workflow.secrets.psp_key}"})"));
  EXPECT_TRUE(testing::Eventually([&] { return !worker->Input("refund").empty(); }));
  StopEngine();

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
class Echo final : public TestWorker {
 public:
  using TestWorker::TestWorker;

  // References of the tasks that were handed the secret.
  std::set<std::string> handed() {
    base::MutexLock lock(mutex_);
    return handed_;
  }

 private:
  void CarryOut(const runtime::Assignment& assignment, core::ReportResult& report) override {
    const std::string_view input = assignment.input.text();
    const std::string_view original = assignment.original_input.text();
    report.output =
        core::Payload(absl::StrCat(R"({"echo":)", std::string(input), R"(,"original":)",
                                   original.empty() ? "null" : std::string(original), "}"));
    const bool undo = assignment.operation == core::Operation::kCompensate;
    if (assignment.reference == "ship" || (undo && assignment.attempt == 1)) {
      report.status = undo ? core::TaskStatus::kFailed : core::TaskStatus::kFailedWithTerminalError;
      report.reason = absl::StrCat("refused: ", std::string(input), std::string(original));
    }
    base::MutexLock lock(mutex_);
    if (input.find(kSecret) != std::string_view::npos) handed_.insert(assignment.reference);
    if (undo && original.find(kSecret) != std::string_view::npos) handed_.insert("original");
  }

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
  Define(kEchoed);
  Serve();
  const auto worker = std::make_shared<Echo>(*engine_);
  const auto runner = std::make_shared<Echo>(*engine_);
  Attach("default", {"pay", "ship", "refund"}, worker);
  Attach(runtime::kRunnersNamespace, {"HTTP", "GRPC", "INLINE", "JSON_JQ_TRANSFORM"}, runner);
  AwaitReady();
  Begin(core::Payload("{}"));
  const auto ended = [&] {
    return Query("SELECT count(*) FROM skald.workflow WHERE saga_status = 'COMPENSATED'") == "1";
  };
  EXPECT_TRUE(testing::Eventually(ended)) << Query("SELECT status, reason FROM skald.workflow");
  StopEngine();

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
