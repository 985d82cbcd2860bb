// EngineFixture: a whole engine over PostgreSQL, and a worker in the test's process.
//
// Single-threaded from the test's side; the worker answers on the engine's thread.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/app/system_clock.h"
#include "engine/base/mutex.h"
#include "engine/codec/events_json.h"
#include "engine/core/checker.h"
#include "engine/memory/null_metrics.h"
#include "engine/postgres/pg_catalog.h"
#include "engine/runtime/definition_cache.h"
#include "engine/runtime/engine_thread.h"
#include "tests/support/eventually.h"
#include "tests/unit/postgres/store_fixture.h"

namespace skald::postgres {

// Carries out at once what it is handed.
class TestWorker : public runtime::WorkerSink {
 public:
  explicit TestWorker(runtime::Engine& engine) : engine_(engine) {}

  void Assign(std::vector<runtime::Assignment> assignments) final {
    std::vector<runtime::Result> results;
    for (const runtime::Assignment& assignment : assignments) {
      runtime::Result result{{assignment.workflow, assignment.task, assignment.fence}, {}};
      result.report.task = assignment.task;
      result.report.fence = assignment.fence;
      CarryOut(assignment, result.report);
      results.push_back(std::move(result));
    }
    engine_.Report(session.load(), std::move(results));
  }
  void CancelTasks(std::vector<runtime::Cancel> /*cancels*/) final {}
  void Answer(std::vector<runtime::Receipt> /*receipts*/) final {}
  void Close(absl::Status /*why*/) final {}

  std::atomic<runtime::SessionId> session = 0;

 protected:
  // Fills in the result, COMPLETED unless it says otherwise.
  virtual void CarryOut(const runtime::Assignment& assignment, core::ReportResult& report) = 0;

 private:
  runtime::Engine& engine_;
};

// Completes what it is handed, with the output given for its task type, and keeps the input.
class CompletingWorker final : public TestWorker {
 public:
  CompletingWorker(runtime::Engine& engine, std::map<std::string, core::Payload> outputs)
      : TestWorker(engine), outputs_(std::move(outputs)) {}

  core::Payload Input(const std::string& task_type) {
    base::MutexLock lock(mutex_);
    return inputs_[task_type];
  }

 private:
  void CarryOut(const runtime::Assignment& assignment, core::ReportResult& report) override {
    report.output = outputs_.at(assignment.task_type);
    base::MutexLock lock(mutex_);
    inputs_.insert_or_assign(assignment.task_type, assignment.input);
  }

  const std::map<std::string, core::Payload> outputs_;
  base::Mutex mutex_;
  std::map<std::string, core::Payload> inputs_ GUARDED_BY(mutex_);
};

class EngineFixture : public StoreFixture {
 protected:
  EngineFixture() {
    auto catalog = PgCatalog::Open(url_);
    EXPECT_THAT(catalog, testing::IsOk());
    catalog_ = *std::move(catalog);
    cache_ = std::make_unique<runtime::DefinitionCache>(*catalog_);
  }
  ~EngineFixture() override { StopEngine(); }

  void Define(const std::string& source) {
    ports::StoredDefinition stored{
        .name_space = "default", .name = "order", .version = 1, .source = source};
    stored.created_at = stored.updated_at = kNowUs;
    EXPECT_THAT(catalog_->PutDefinition(stored, false), testing::IsOk());
    auto definition = cache_->Resolve("default", "order", 1);
    EXPECT_THAT(definition, testing::IsOk());
    definition_ = *definition;
  }

  // Begins to serve, without a worker.
  void Serve() {
    engine_ = std::make_unique<runtime::EngineThread>(
        options_,
        runtime::Collaborators{
            *journal_, clock_, metrics_, [this](std::int64_t id) { return cache_->ById(id); },
            [this](const std::string&, const std::string&, std::int32_t)
                -> absl::StatusOr<std::shared_ptr<const core::Definition>> { return definition_; },
            secrets_});
  }
  void Attach(const std::string& name_space, const std::vector<std::string>& task_types,
              const std::shared_ptr<TestWorker>& worker) {
    runtime::WorkerHello hello{.name_space = name_space, .worker_id = "w", .incarnation = "w"};
    for (const std::string& type : task_types) hello.task_types.push_back({type, "", true});
    hello.credits = 100;
    EXPECT_TRUE(testing::Eventually([&] {
      auto session = engine_->Attach(hello, worker);
      if (session.ok()) worker->session = *session;
      return session.ok();
    }));
  }
  void AwaitReady() {
    EXPECT_TRUE(testing::Eventually([&] {
      const auto stats =
          Await<runtime::EngineStats>([&](auto done) { engine_->Stats(std::move(done)); });
      return stats.ok() && stats->ready.ok();
    }));
  }
  // Serves, with a worker for the task types of `outputs`.
  void StartEngine(const std::map<std::string, core::Payload>& outputs) {
    Serve();
    worker_ = std::make_shared<CompletingWorker>(*engine_, outputs);
    std::vector<std::string> task_types;
    for (const auto& [type, output] : outputs) task_types.push_back(type);
    Attach("default", task_types, worker_);
    AwaitReady();
  }
  void StopEngine() {
    if (engine_ != nullptr) engine_->Stop();
    engine_ = nullptr;
  }
  // What a new process finds.
  void RestartEngine(const std::map<std::string, core::Payload>& outputs) {
    StopEngine();
    journal_ = nullptr;
    auto opened = PgJournal::Open(url_);
    ASSERT_THAT(opened, testing::IsOk());
    journal_ = *std::move(opened);
    StartEngine(outputs);
  }

  core::WorkflowId Begin(const core::Payload& input = {}) {
    const core::WorkflowId id =
        base::UuidV7(clock_.Now() / core::kMillisecondUs, ++begun_, 2).WithSlot(7);
    runtime::StartRequest request{
        .name_space = "default", .definition = definition_, .start = {.id = id}};
    request.start.input = input;
    EXPECT_THAT(Await<runtime::Started>([&](auto done) { engine_->Start(request, done); }),
                testing::IsOk());
    return id;
  }
  absl::Status Delete(const core::WorkflowId& id) {
    return Await<core::Answer>([&](auto done) {
             engine_->Delete({.name_space = "default", .id = id, .actor = "eva"}, done);
           })
        .status();
  }
  // Of the stored history, as `skald workflow verify` reads it.
  std::vector<core::Event> History(const core::WorkflowId& id) {
    std::vector<core::Event> events;
    while (true) {
      const core::EventSeq last = events.empty() ? 0 : events.back().seq;
      const auto rows = catalog_->ReadHistory(id, last, 1'000);
      EXPECT_THAT(rows, testing::IsOk());
      if (!rows.ok() || rows->empty()) return events;
      for (const ports::HistoryRow& row : *rows) {
        auto decoded = codec::DecodeEvents(row.first_seq, row.at, row.events, row.payloads);
        EXPECT_THAT(decoded, testing::IsOk());
        if (!decoded.ok()) return events;
        for (core::Event& event : *decoded) events.push_back(std::move(event));
      }
    }
  }
  std::size_t Violations(const core::WorkflowId& id) {
    return core::CheckHistory(*definition_, History(id)).size();
  }

  runtime::EngineOptions options_;
  const ports::SecretStore* secrets_ = nullptr;  // outlives the engine
  app::DatabaseClock clock_;
  memory::NullMetrics metrics_;
  std::unique_ptr<PgCatalog> catalog_;
  std::unique_ptr<runtime::DefinitionCache> cache_;
  std::shared_ptr<const core::Definition> definition_;
  std::unique_ptr<runtime::EngineThread> engine_;
  std::shared_ptr<CompletingWorker> worker_;
  std::uint64_t begun_ = 0;
};

}  // namespace skald::postgres
