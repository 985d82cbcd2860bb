// LoopFixture: one loop over a memory journal in virtual time, for tests of the runtime.
//
// Single-threaded. The journal answers when the fixture runs it, so that a test can look at what
// happens while a commit is under way.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/base/check.h"
#include "engine/codec/events_json.h"
#include "engine/core/definition_parser.h"
#include "engine/memory/faulty_journal.h"
#include "engine/memory/memory_journal.h"
#include "engine/memory/memory_store.h"
#include "engine/runtime/loop.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace skald::runtime {

class ManualClock final : public ports::Clock {
 public:
  core::TimeUs Now() const override { return now_; }
  void Learn(core::TimeUs, core::TimeUs, core::TimeUs) override {}
  void Set(core::TimeUs now) { now_ = now; }

 private:
  core::TimeUs now_ = 1'000 * core::kSecondUs;
};

class NoMetrics final : public ports::Metrics {
 public:
  void Committed(std::size_t, std::size_t, std::size_t, core::DurationUs) override { ++commits; }
  void CommitFailed(std::string_view) override {}
  void Decided(std::string_view, core::DurationUs) override {}
  void TaskStarted(std::string_view, core::DurationUs) override {}
  void TaskEnded(std::string_view type, core::TaskStatus,
                 std::optional<core::DurationUs> took_us) override {
    ended.emplace_back(type, took_us);
  }
  void WorkflowStarted() override {}
  void WorkflowEnded(core::WorkflowStatus, core::SagaStatus) override {}
  void UndoEnded(std::string_view) override {}
  void Open(const ports::OpenWorkflows& workflows) override { open = workflows; }
  void Queues(const std::map<std::string_view, ports::QueueLoad>& by_task_type) override {
    queues.assign(by_task_type.begin(), by_task_type.end());
  }
  void Limit(std::string_view, std::size_t, std::size_t, std::size_t, std::size_t) override {}
  void Turn(std::string_view, std::size_t, std::size_t) override {}
  void StartRequestRefused() override { ++starts_refused; }
  void Refused(std::string_view what) override { refused.emplace_back(what); }

  std::size_t commits = 0;
  std::size_t starts_refused = 0;
  std::vector<std::string> refused;
  std::vector<std::pair<std::string, std::optional<core::DurationUs>>> ended;  // tasks
  ports::OpenWorkflows open;                                                   // the newest sample
  std::vector<std::pair<std::string, ports::QueueLoad>> queues;                // likewise
};

// Keeps what a worker was told.
class RecordingSink final : public WorkerSink {
 public:
  void Assign(std::vector<Assignment> list) override {
    for (Assignment& one : list) assignments.push_back(std::move(one));
  }
  void CancelTasks(std::vector<Cancel> list) override {
    for (Cancel& one : list) cancels.push_back(std::move(one));
  }
  void Answer(std::vector<Receipt> list) override {
    for (Receipt& one : list) receipts.push_back(std::move(one));
  }
  void Close(absl::Status why) override { closed = std::move(why); }

  std::vector<Assignment> assignments;
  std::vector<Cancel> cancels;
  std::vector<Receipt> receipts;
  std::optional<absl::Status> closed;
};

class LoopFixture : public ::testing::Test {
 protected:
  static constexpr core::DurationUs kCommitUs = 1'000;

  explicit LoopFixture(std::uint32_t shards = 1) : store_(clock_, shards), inner_(store_) {
    journal_ = std::make_unique<memory::FaultyJournal>(
        inner_, [this](memory::Call call) { return Plan(call); });
    journal_->Advance(clock_.Now());
  }

  memory::Fate Plan(memory::Call call) {
    if (call == memory::Call::kCommit && !commit_fates_.empty()) {
      const memory::Fate fate = commit_fates_.front();
      commit_fates_.erase(commit_fates_.begin());
      return fate;
    }
    ++calls_[call];
    if (call == memory::Call::kLoadDue) {
      const bool readable = clock_.Now() >= unreadable_until_;
      return {.kind = readable ? memory::Fate::Kind::kOk : memory::Fate::Kind::kUnavailable,
              .answered_after_us = load_due_us_};
    }
    return {.carried_out_after_us = kCommitUs / 2, .answered_after_us = kCommitUs};
  }

  void Boot() {
    loop_ = std::make_unique<Loop>(
        options_,
        Collaborators{*journal_, clock_, metrics_, [this](std::int64_t id) { return ById(id); },
                      [this](const std::string&, const std::string& name, std::int32_t) {
                        return ByName(name);
                      },
                      nullptr,
                      [this](const std::string&, const std::vector<std::string>& names,
                             const Callback<core::TaskDefinitions>& done) { Asked(names, done); }});
    RunFor(100 * core::kMillisecondUs);
    ASSERT_TRUE(loop_->serving());
  }

  // Task definitions that are registered; questions are answered when they come.
  std::map<std::string, std::string> registered_;
  // As many questions find no answer first.
  int unanswered_ = 0;
  void Asked(const std::vector<std::string>& names, const Callback<core::TaskDefinitions>& done) {
    if (unanswered_ > 0) {
      --unanswered_;
      return done(absl::UnavailableError("the catalog is away"));
    }
    core::TaskDefinitions definitions;
    for (const std::string& name : names) definitions[name] = core::Payload(registered_[name]);
    done(definitions);
  }

  absl::StatusOr<std::shared_ptr<const core::Definition>> ById(std::int64_t id) {
    if (id < 1 || id > static_cast<std::int64_t>(definitions_.size())) {
      return absl::NotFoundError("no such definition");
    }
    return definitions_[id - 1];
  }
  absl::StatusOr<std::shared_ptr<const core::Definition>> ByName(const std::string& name) {
    for (const auto& definition : definitions_) {
      if (definition->name == name) return definition;
    }
    return absl::NotFoundError("no such definition");
  }

  // `tasks` is the JSON of the tasks, `more` further fields of the definition (", …").
  std::shared_ptr<const core::Definition> Define(const std::string& tasks,
                                                 const std::string& more = "") {
    return DefineVersion(absl::StrCat("d", definitions_.size() + 1), 1, tasks, more);
  }
  std::shared_ptr<const core::Definition> DefineVersion(const std::string& name, int version,
                                                        const std::string& tasks,
                                                        const std::string& more = "") {
    const std::string json = absl::StrCat(R"({"name":")", name, R"(","version":)", version,
                                          R"(,"tasks":[)", tasks, "]", more, "}");
    core::Parsed<core::Definition> parsed =
        core::ParseDefinition(json, [this](const std::string& task) { return TaskJson(task); }, {});
    EXPECT_TRUE(parsed.ok()) << core::FormatMistakes(parsed.mistakes, 10);
    auto definition = std::make_shared<core::Definition>(*std::move(parsed.value));
    definition->id = static_cast<std::int64_t>(definitions_.size()) + 1;
    definitions_.push_back(definition);
    return definition;
  }
  std::optional<std::string> TaskJson(const std::string& task) {
    return absl::StrCat(R"({"name":")", task,
                        R"(","retryCount":1,"retryDelaySeconds":1,"timeoutSeconds":0,)",
                        R"("timeoutPolicy":"TIME_OUT_WF","responseTimeoutSeconds":10})");
  }
  static std::string Simple(const std::string& type, const std::string& more = "") {
    return absl::StrCat(R"({"name":")", type, R"(","taskReferenceName":"r_)", type,
                        R"(","type":"SIMPLE")", more, "}");
  }

  // ---- time ----
  void Tick() {
    journal_->Advance(clock_.Now());
    wake_at_ = loop_->Tick(clock_.Now());
  }
  // Runs everything that happens in that time.
  void RunFor(core::DurationUs duration_us) {
    const core::TimeUs end = clock_.Now() + duration_us;
    Tick();
    while (true) {
      core::TimeUs next = wake_at_;
      if (journal_->next_at() != 0) next = std::min(next, journal_->next_at());
      if (next > end) break;
      clock_.Set(std::max(next, clock_.Now()));
      Tick();
    }
    clock_.Set(end);
    Tick();
  }
  void Settle() { RunFor(20 * core::kMillisecondUs); }

  // ---- requests ----
  core::WorkflowId NewId() {
    ++next_id_;
    return base::UuidV7(clock_.Now() / 1'000, next_id_, next_id_ * 0x9e3779b97f4a7c15ULL);
  }
  struct StartAnswer {
    core::WorkflowId id;
    std::optional<absl::StatusOr<Started>> answer;
  };
  std::shared_ptr<StartAnswer> Start(std::shared_ptr<const core::Definition> definition,
                                     std::optional<core::WorkflowId> id = std::nullopt,
                                     bool may_exist = false) {
    auto result = std::make_shared<StartAnswer>();
    result->id = id.value_or(NewId());
    loop_->Start({.name_space = "default",
                  .definition = std::move(definition),
                  .start = {.id = result->id},
                  .may_exist = may_exist},
                 [result](absl::StatusOr<Started> answer) { result->answer = answer; });
    return result;
  }
  template <typename T>
  using Answered = std::shared_ptr<std::optional<absl::StatusOr<T>>>;
  Answered<core::Answer> Send(const core::WorkflowId& id, core::Trigger trigger) {
    auto result = std::make_shared<std::optional<absl::StatusOr<core::Answer>>>();
    loop_->Send("default", id, std::move(trigger),
                [result](absl::StatusOr<core::Answer> answer) { *result = answer; });
    return result;
  }
  Answered<std::shared_ptr<const WorkflowView>> Get(const core::WorkflowId& id) {
    auto result =
        std::make_shared<std::optional<absl::StatusOr<std::shared_ptr<const WorkflowView>>>>();
    loop_->Get(id, [result](auto answer) { *result = answer; });
    return result;
  }

  struct TestWorker {
    SessionId session = 0;
    std::shared_ptr<RecordingSink> sink;
  };
  TestWorker Connect(const std::vector<std::string>& types, std::uint32_t credits,
                     const std::string& incarnation = "w1", std::vector<TaskKey> held = {}) {
    WorkerHello hello{.name_space = "default",
                      .worker_id = incarnation,
                      .incarnation = incarnation,
                      .credits = credits,
                      .held = std::move(held)};
    for (const std::string& type : types) hello.task_types.push_back({type, "", true});
    TestWorker worker;
    worker.sink = std::make_shared<RecordingSink>();
    absl::StatusOr<SessionId> session = loop_->Attach(std::move(hello), worker.sink);
    EXPECT_TRUE(session.ok());
    worker.session = session.value_or(0);
    return worker;
  }
  static TaskKey KeyOf(const Assignment& assignment) {
    return {assignment.workflow, assignment.task, assignment.fence};
  }
  void Answer(const TestWorker& worker, const Assignment& assignment,
              core::TaskStatus status = core::TaskStatus::kCompleted,
              const std::string& output = "{}") {
    core::ReportResult report{.task = assignment.task,
                              .fence = assignment.fence,
                              .status = status,
                              .output = core::Payload(output)};
    loop_->Report(worker.session, {{KeyOf(assignment), report}});
  }

  // The stored history.
  std::vector<core::Event> History(const core::WorkflowId& id) {
    std::vector<core::Event> result;
    absl::StatusOr<std::vector<ports::HistoryRow>> rows = store_.ReadHistory(id, 0, 100'000);
    if (!rows.ok()) return result;
    for (const ports::HistoryRow& row : *rows) {
      absl::StatusOr<std::vector<core::Event>> events =
          codec::DecodeEvents(row.first_seq, row.at, row.events, row.payloads);
      CHECK(events.ok());
      for (core::Event& event : *events) result.push_back(std::move(event));
    }
    return result;
  }
  std::vector<std::string> HistoryNames(const core::WorkflowId& id) {
    std::vector<std::string> result;
    for (const core::Event& event : History(id)) result.emplace_back(core::Name(event.body));
    return result;
  }

  ManualClock clock_;
  NoMetrics metrics_;
  memory::MemoryStore store_;
  memory::MemoryJournal inner_;
  EngineOptions options_;
  std::unique_ptr<memory::FaultyJournal> journal_;
  std::vector<memory::Fate> commit_fates_;  // of the next commits; then all is well
  std::map<memory::Call, int> calls_;
  core::DurationUs load_due_us_ = kCommitUs;  // after which the journal answers LoadDue
  core::TimeUs unreadable_until_ = 0;         // LoadDue is UNAVAILABLE until then
  std::vector<std::shared_ptr<const core::Definition>> definitions_;
  std::uint64_t next_id_ = 0;
  core::TimeUs wake_at_ = 0;
  std::unique_ptr<Loop> loop_;
};

}  // namespace skald::runtime
