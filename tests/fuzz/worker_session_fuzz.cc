// Fuzzer of the state of worker streams: a sequence of hellos, credits, receipts, results, beats,
// drains and breaks, of known tasks and made-up ones, in any order, over a real loop whose store
// fails now and then. A task goes to one worker process only, within its credits and not after its
// drain; nothing comes behind a close; every result has one receipt; and a worker that keeps the
// rules afterwards brings every workflow to its end.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/check.h"
#include "engine/base/log.h"
#include "engine/codec/events_json.h"
#include "engine/core/checker.h"
#include "engine/core/definition_parser.h"
#include "engine/memory/faulty_journal.h"
#include "engine/memory/memory_journal.h"
#include "engine/memory/memory_store.h"
#include "engine/memory/null_metrics.h"
#include "engine/runtime/loop.h"

namespace skald {
namespace {

constexpr core::DurationUs kLeaseUs = 5 * core::kSecondUs;
// What was decided before a drain or a change of credits is durable, and told, by then.
constexpr core::DurationUs kToldUs = 4 * core::kSecondUs;
constexpr core::DurationUs kEndUs = 600 * core::kSecondUs;
constexpr std::size_t kWorkflowsMax = 6;
constexpr std::size_t kMovesMax = 200;
constexpr char kDefinition[] =
    R"({"name":"d","version":1,"tasks":[)"
    R"({"name":"a","taskReferenceName":"a","compensateWith":"ua"},)"
    R"({"name":"f","taskReferenceName":"f","type":"FORK_JOIN","forkTasks":[)"
    R"([{"name":"b","taskReferenceName":"b","compensateWith":"ub"}],)"
    R"([{"name":"c","taskReferenceName":"c","optional":true}]]},)"
    R"({"name":"j","taskReferenceName":"j","type":"JOIN","joinOn":["b","c"]},)"
    R"({"name":"e","taskReferenceName":"e"}],"saga":{"undeclared":"READ_ONLY"}})";
constexpr const char* kTypes[] = {"a", "b", "c", "e", "ua", "ub"};

class FuzzClock final : public ports::Clock {
 public:
  core::TimeUs Now() const override { return now_; }
  void Learn(core::TimeUs, core::TimeUs, core::TimeUs) override {}
  void Set(core::TimeUs now) { now_ = now; }

 private:
  core::TimeUs now_ = 1'000 * core::kSecondUs;
};

std::shared_ptr<const core::Definition> TheDefinition() {
  static const std::shared_ptr<const core::Definition> definition = [] {
    const auto task = [](const std::string& name) -> std::optional<std::string> {
      return R"({"name":")" + name +
             R"(","retryCount":1,"retryDelaySeconds":1,"responseTimeoutSeconds":20})";
    };
    auto parsed = core::ParseDefinition(kDefinition, task, {});
    CHECK(parsed.ok());
    auto made = std::make_shared<core::Definition>(*std::move(parsed.value));
    made->id = 1;
    return made;
  }();
  return definition;
}

runtime::TaskKey KeyOf(const runtime::Assignment& task) {
  return {task.workflow, task.task, task.fence};
}

// What all streams were handed, by whom it may be.
struct Handed {
  std::map<runtime::TaskKey, std::string> incarnation_of;
  std::vector<runtime::TaskKey> keys;
  std::set<runtime::TaskKey> reported;  // by whichever stream
  // The most that any of its streams had: what one of them was given, its successor is given again.
  std::map<std::string, std::uint32_t> credits_max;
};

class Sink final : public runtime::WorkerSink {
 public:
  Sink(const FuzzClock& clock, Handed& handed, std::string incarnation, std::uint32_t credits)
      : clock_(clock), handed_(handed), incarnation_(std::move(incarnation)) {
    MayHold(credits);
  }

  void MayHold(std::uint32_t credits) {
    std::uint32_t& most = handed_.credits_max[incarnation_];
    most = std::max(most, credits);
  }

  void Assign(std::vector<runtime::Assignment> assignments) override {
    CHECK(!closed);
    for (const runtime::Assignment& one : assignments) {
      const runtime::TaskKey key = KeyOf(one);
      const auto [known, fresh] = handed_.incarnation_of.emplace(key, incarnation_);
      CHECK(known->second == incarnation_);
      to_do.push_back(key);
      if (!fresh) continue;
      handed_.keys.push_back(key);
      CHECK(drain_at == 0 || clock_.Now() < drain_at + kToldUs);
      assigned_at_[key] = clock_.Now();
      CheckCredits();
    }
  }
  void CancelTasks(std::vector<runtime::Cancel> cancels) override {
    CHECK(!closed);
    for (const runtime::Cancel& one : cancels) {
      assigned_at_.erase({one.workflow, one.task, one.fence});
    }
  }
  void Answer(std::vector<runtime::Receipt> receipts) override {
    CHECK(!closed);
    for (const runtime::Receipt& receipt : receipts) {
      CHECK(results[receipt.task]-- > 0);
      if (absl::IsUnavailable(receipt.status)) again.push_back(receipt.task);
    }
  }
  void Close(absl::Status) override {
    CHECK(!closed);
    closed = true;
  }

  void NoteResult(const runtime::TaskKey& key) {
    ++results[key];
    assigned_at_.erase(key);
  }

  bool closed = false;
  core::TimeUs drain_at = 0;
  std::map<runtime::TaskKey, int> results;  // without a receipt
  std::vector<runtime::TaskKey> to_do, again;

 private:
  // What is leased for certain.
  void CheckCredits() const {
    std::size_t held = 0;
    for (const auto& [key, at] : assigned_at_) {
      const bool leased = clock_.Now() - at < kToldUs && !handed_.reported.contains(key);
      held += leased ? 1 : 0;
    }
    CHECK(held <= handed_.credits_max[incarnation_]);
  }

  const FuzzClock& clock_;
  Handed& handed_;
  const std::string incarnation_;
  std::map<runtime::TaskKey, core::TimeUs> assigned_at_;
};

struct Stream {
  std::shared_ptr<Sink> sink;
  runtime::SessionId session = 0;
  bool detached = false;
};

class Run {
 public:
  Run(const std::uint8_t* data, std::size_t size)
      : data_(data),
        size_(size),
        store_(clock_, 1),
        inner_(store_),
        journal_(inner_, [this](memory::Call call) { return Plan(call); }) {
    journal_.Advance(clock_.Now());
    runtime::EngineOptions options;
    options.default_task_lease_us = kLeaseUs;
    options.snapshot_every_events = 8;
    const auto by_id = [](std::int64_t) { return TheDefinition(); };
    const auto by_name = [](const std::string&, const std::string&, std::int32_t) {
      return TheDefinition();
    };
    loop_ = std::make_unique<runtime::Loop>(
        options,
        runtime::Collaborators{journal_, clock_, metrics_, by_id, by_name, nullptr, nullptr});
    Pass(100 * core::kMillisecondUs);
    CHECK(loop_->serving());
  }
  ~Run() { loop_ = nullptr; }

  void Play() {
    for (std::size_t moves = 0; at_ < size_ && moves < kMovesMax; ++moves) {
      Move();
      Pass(0);
    }
    Finish();
  }

 private:
  std::uint8_t Byte() { return at_ < size_ ? data_[at_++] : 0; }

  memory::Fate Plan(memory::Call call) {
    memory::Fate fate{.carried_out_after_us = 500, .answered_after_us = 1'000};
    if (call == memory::Call::kCommit) fate.kind = std::exchange(next_fate_, fate.kind);
    return fate;
  }

  void Pass(core::DurationUs duration_us) {
    const core::TimeUs end = clock_.Now() + duration_us;
    while (true) {
      journal_.Advance(clock_.Now());
      core::TimeUs next = loop_->Tick(clock_.Now());
      if (journal_.next_at() != 0) next = std::min(next, journal_.next_at());
      if (next > end) break;
      clock_.Set(std::max(next, clock_.Now() + 1));
    }
    clock_.Set(std::max(end, clock_.Now()));
    loop_->Tick(clock_.Now());
  }

  void Move() {
    switch (Byte() % 14) {
      case 0:
        return Start();
      case 1:
      case 2:
        return Attach();
      case 3:
        if (Stream* stream = Any(); stream != nullptr) {
          const std::uint32_t credits = Byte() % 6;
          stream->sink->MayHold(credits);
          loop_->SetCredits(stream->session, credits);
        }
        return;
      case 4:
        if (Stream* stream = Any(); stream != nullptr) loop_->Received(stream->session, Keys());
        return;
      case 5:
      case 6:
      case 7:
        return Report();
      case 8:
        return Beat();
      case 9:
        return Drain();
      case 10:
        if (Stream* stream = Any(); stream != nullptr) Detach(*stream);
        return;
      case 11:
        return Pass(Byte() * core::kMillisecondUs);
      case 12:
        return Pass(Byte() % 16 * core::kSecondUs);
      default:
        return Trouble();
    }
  }

  void Start() {
    if (workflows_.size() >= kWorkflowsMax) return;
    const std::uint64_t number = workflows_.size() + 1;
    const core::WorkflowId id = base::UuidV7(clock_.Now() / 1'000, number, number * 7919);
    workflows_.push_back(id);
    loop_->Start({.name_space = "default", .definition = TheDefinition(), .start = {.id = id}},
                 [this, id](const absl::StatusOr<runtime::Started>& started) {
                   // Whoever is not answered so starts it again.
                   if (started.ok()) started_.insert(id);
                 });
  }

  runtime::WorkerHello HelloOf(const std::string& incarnation, std::uint32_t credits) {
    runtime::WorkerHello hello{.name_space = "default",
                               .worker_id = "w",
                               .incarnation = incarnation,
                               .credits = credits,
                               .lease_us = kLeaseUs};
    for (const char* type : kTypes) hello.task_types.push_back({type, "", credits % 2 == 0});
    return hello;
  }

  void Attach() {
    const std::string incarnation(1, static_cast<char>('a' + Byte() % 3));
    const std::uint32_t credits = 1 + Byte() % 4;
    runtime::WorkerHello hello = HelloOf(incarnation, credits);
    if (Byte() % 2 == 0) hello.held = Keys();
    Attach(std::move(hello));
  }

  Stream& Attach(runtime::WorkerHello hello) {
    auto sink = std::make_shared<Sink>(clock_, handed_, hello.incarnation, hello.credits);
    const auto session = loop_->Attach(std::move(hello), sink);
    CHECK(session.ok());
    streams_.push_back({sink, *session});
    return streams_.back();
  }

  // Also one that is closed or gone: its edge may not know yet.
  Stream* Any() {
    if (streams_.empty()) return nullptr;
    return &streams_[Byte() % streams_.size()];
  }

  // Handed out, or one that never was.
  runtime::TaskKey Key() {
    const std::uint8_t pick = Byte();
    runtime::TaskKey key;
    if (!handed_.keys.empty()) key = handed_.keys[pick % handed_.keys.size()];
    if (!workflows_.empty() && pick % 16 == 1) key.workflow = workflows_.back();
    if (pick % 16 == 2) key.fence += 1;
    if (pick % 16 == 3) key.task += 1;
    if (pick % 16 == 4) key.workflow = base::UuidV7(1, pick, pick);
    if (key.task == 0) key.task = 1;
    return key;
  }
  std::vector<runtime::TaskKey> Keys() {
    std::vector<runtime::TaskKey> keys(Byte() % 3);
    for (runtime::TaskKey& key : keys) key = Key();
    return keys;
  }

  void Report() {
    static constexpr core::TaskStatus kStatuses[] = {
        core::TaskStatus::kCompleted,  core::TaskStatus::kCompleted,
        core::TaskStatus::kFailed,     core::TaskStatus::kFailedWithTerminalError,
        core::TaskStatus::kInProgress, core::TaskStatus::kCanceled,
        core::TaskStatus::kCompleted,  core::TaskStatus::kScheduled};
    Stream* stream = Any();
    if (stream == nullptr) return;
    std::vector<runtime::Result> results;
    for (const runtime::TaskKey& key : Keys()) {
      const std::uint8_t how = Byte();
      core::ReportResult report{.task = key.task,
                                .fence = key.fence,
                                .status = kStatuses[how % 8],
                                .effect = static_cast<core::Effect>(how / 8 % 4)};
      if (how % 5 == 0) report.output = core::Payload(R"({"v":1})");
      results.push_back({key, std::move(report)});
    }
    Report(*stream, std::move(results));
  }

  void Report(Stream& stream, std::vector<runtime::Result> results) {
    for (const runtime::Result& result : results) {
      handed_.reported.insert(result.task);
      // What comes over a stream that is gone is answered to nobody.
      if (!stream.sink->closed && !stream.detached) stream.sink->NoteResult(result.task);
    }
    CHECK(loop_->Report(stream.session, std::move(results)).empty());
  }

  void Beat() {
    Stream* stream = Any();
    if (stream == nullptr) return;
    std::vector<runtime::Beat> beats;
    for (const runtime::TaskKey& key : Keys()) beats.push_back({key, Byte() % 101U, ""});
    loop_->Heartbeat(stream->session, std::move(beats));
  }

  void Drain() {
    Stream* stream = Any();
    if (stream == nullptr) return;
    if (stream->sink->drain_at == 0) stream->sink->drain_at = clock_.Now();
    loop_->Drain(stream->session);
  }

  // Once for each stream, as its edge does.
  void Detach(Stream& stream) {
    if (std::exchange(stream.detached, true)) return;
    loop_->Detach(stream.session);
  }

  void Trouble() {
    const std::uint8_t what = Byte();
    if (what % 2 == 0) {
      static constexpr memory::Fate::Kind kKinds[] = {memory::Fate::Kind::kUnavailable,
                                                      memory::Fate::Kind::kUnknownWritten,
                                                      memory::Fate::Kind::kUnknownLost};
      next_fate_ = kKinds[what / 2 % 3];
      return;
    }
    if (workflows_.empty()) return;
    const core::WorkflowId& id = workflows_[what % workflows_.size()];
    switch (what / 2 % 4) {
      case 0:
        return Send(id, core::PauseWorkflow{"p", "r"});
      case 1:
        return Send(id, core::ResumeWorkflow{"p", "r"});
      case 2:
        return Send(id, core::TerminateWorkflow{.actor = "p", .reason = "r"});
      default:
        return Send(id, core::CompensateWorkflow{.actor = "p", .reason = "r"});
    }
  }

  void Send(const core::WorkflowId& id, core::Trigger trigger) {
    loop_->Send("default", id, std::move(trigger), [](const absl::StatusOr<core::Answer>& answer) {
      CHECK(!absl::IsInternal(answer.status()));
    });
  }

  // ---- the end ----

  void Finish() {
    next_fate_ = memory::Fate::Kind::kOk;
    Pass(kToldUs);
    for (const Stream& stream : streams_) {
      if (stream.sink->closed || stream.detached) continue;
      for (const auto& [key, waiting] : stream.sink->results) CHECK(waiting == 0);
    }
    for (Stream& stream : streams_) Detach(stream);
    for (const core::WorkflowId& id : workflows_) Send(id, core::ResumeWorkflow{"p", "r"});
    Pass(2 * kLeaseUs + 20 * core::kSecondUs);
    Stream& good = Attach(HelloOf("good", 10));
    const core::TimeUs end = clock_.Now() + kEndUs;
    while (!AllEnded() && clock_.Now() < end) {
      Pass(core::kSecondUs);
      Complete(good);
    }
    CHECK(AllEnded());
    CheckHistories();
  }

  void Complete(Stream& good) {
    std::vector<runtime::Result> results;
    std::vector<runtime::TaskKey> keys = std::exchange(good.sink->to_do, {});
    keys.insert(keys.end(), good.sink->again.begin(), good.sink->again.end());
    good.sink->again.clear();
    for (const runtime::TaskKey& key : keys) {
      core::ReportResult report{.task = key.task, .fence = key.fence};
      report.verdict = core::Verdict::kDone;
      report.output = core::Payload("{}");
      results.push_back({key, std::move(report)});
    }
    if (!results.empty()) Report(good, std::move(results));
  }

  // Or waits for a person.
  bool AllEnded() const {
    const std::vector<ports::WorkflowSummary> all = store_.AllWorkflows();
    std::size_t ended = 0;
    for (const ports::WorkflowSummary& one : all) {
      const bool over =
          core::IsTerminal(one.status) || one.saga_status == core::SagaStatus::kParked;
      ended += over ? 1 : 0;
    }
    const bool all_there = std::all_of(started_.begin(), started_.end(),
                                       [&](const auto& id) { return store_.LastSeq(id) > 0; });
    return all_there && ended == all.size();
  }

  void CheckHistories() const {
    for (const core::WorkflowId& id : store_.WorkflowIds()) {
      const auto rows = store_.ReadHistory(id, 0, 100'000);
      CHECK(rows.ok());
      std::vector<core::Event> history;
      for (const ports::HistoryRow& row : *rows) {
        auto events = codec::DecodeEvents(row.first_seq, row.at, row.events);
        CHECK(events.ok());
        for (core::Event& event : *events) history.push_back(std::move(event));
      }
      CHECK(core::CheckHistory(*TheDefinition(), history).empty());
    }
  }

  const std::uint8_t* const data_;
  const std::size_t size_;
  std::size_t at_ = 0;
  FuzzClock clock_;
  memory::MemoryStore store_;
  memory::MemoryJournal inner_;
  memory::FaultyJournal journal_;
  memory::NullMetrics metrics_;
  memory::Fate::Kind next_fate_ = memory::Fate::Kind::kOk;
  std::unique_ptr<runtime::Loop> loop_;
  Handed handed_;
  std::vector<Stream> streams_;
  std::vector<core::WorkflowId> workflows_;
  std::set<core::WorkflowId> started_;
};

}  // namespace
}  // namespace skald

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  skald::base::SetLogLevel(skald::base::LogLevel::kOff);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  skald::Run(data, size).Play();
  return 0;
}
