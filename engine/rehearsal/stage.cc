#include "engine/rehearsal/stage.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <set>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "engine/base/mutex.h"
#include "engine/base/status.h"
#include "engine/core/bound.h"
#include "engine/core/construct.h"
#include "engine/core/definition_step_types.h"
#include "engine/runtime/runner_task.h"
#include "engine/runtime/task_definition_reader.h"

namespace skald::rehearsal {
namespace {

// Longer than any rehearsal: neither the node nor a worker is lost for its silence.
constexpr core::DurationUs kForEverUs = 4 * kVirtualTimeUsMax;
constexpr core::TimeUs kNever = std::numeric_limits<core::TimeUs>::max();
// A loop without anything to do asks to be called again after this; whatever it asks for sooner is
// due then.
constexpr core::DurationUs kIdleUs = core::kSecondUs;
// An answer of the store takes a tick; a decision that follows it takes another.
constexpr int kQuietTicks = 6;
constexpr std::size_t kTicksAtOnceMax = 1'000'000;  // without virtual time going by
constexpr std::uint32_t kShards = 1;
constexpr std::uint32_t kCredits = 1'000'000;
// How long the engine believes in a worker that has died, as EngineOptions has it.
constexpr core::DurationUs kLeaseUs = 30 * core::kSecondUs;

runtime::EngineOptions Options() {
  runtime::EngineOptions options;
  options.node_id = "rehearsal";
  options.node_lease_us = kForEverUs;
  options.default_task_lease_us = kForEverUs;
  options.park_after_us = kForEverUs;
  return options;
}

runtime::TaskKey KeyOf(const runtime::Assignment& task) {
  return {task.workflow, task.task, task.fence};
}

core::ReportResult ToReport(const runtime::Assignment& task, const MockResult& mock) {
  core::ReportResult report{.task = task.task, .fence = task.fence};
  report.status = mock.status;
  report.output = mock.output;
  report.reason = mock.reason;
  report.effect = mock.effect;
  report.verdict = mock.verdict;
  report.callback_after_us = mock.callback_after_us;
  const bool fails = mock.status == core::TaskStatus::kFailed ||
                     mock.status == core::TaskStatus::kFailedWithTerminalError;
  if (fails && report.reason.empty()) report.reason = "mocked failure";
  return report;
}

core::ReportResult ToReport(const runtime::Assignment& task, ports::RunnerResult result) {
  core::ReportResult report{.task = task.task, .fence = task.fence};
  report.status = result.status;
  report.output = std::move(result.output);
  report.reason = std::move(result.reason);
  report.effect = result.effect;
  if (task.pure && report.status != core::TaskStatus::kCompleted) {
    report.effect = core::Effect::kNone;
  }
  return report;
}

absl::Status NoMock(const runtime::Assignment& task) {
  return absl::FailedPreconditionError(
      absl::StrCat("'", MockBook::NameOf(task), "' of workflow '", task.workflow_name,
                   "' (task type ", task.task_type, ") has no mock: add \"", MockBook::NameOf(task),
                   "\" or \"", task.task_type, "\" to \"mocks\""));
}

}  // namespace

// The workers of one task type.
class Stage::Desk final : public runtime::WorkerSink {
 public:
  explicit Desk(Stage& stage) : stage_(stage) {}
  void set_session(runtime::SessionId session) { session_ = session; }

  void Assign(std::vector<runtime::Assignment> assignments) override {
    for (const runtime::Assignment& task : assignments) stage_.TakeAssignment(session_, task);
  }
  // A mocked worker finishes what it has begun.
  void CancelTasks(std::vector<runtime::Cancel>) override {}
  void Answer(std::vector<runtime::Receipt> receipts) override {
    for (const runtime::Receipt& receipt : receipts) {
      if (!receipt.status.ok()) stage_.Fail(receipt.status);
    }
  }
  void Close(absl::Status) override {}

 private:
  Stage& stage_;
  runtime::SessionId session_ = 0;
};

class Stage::Recorder final : public runtime::WatchSink {
 public:
  explicit Recorder(Stage& stage) : stage_(stage) {}
  bool Tell(const std::vector<runtime::Notice>& notices) override {
    for (const runtime::Notice& notice : notices) {
      Recording& recording = stage_.recordings_[notice.id];
      recording.definition = notice.definition;
      for (const core::Event& event : notice.events) {
        stage_.order_.emplace_back(notice.id, recording.events.size());
        Note(notice.id, event);
        recording.events.push_back(event);
      }
    }
    return true;
  }

 private:
  // A saga that has ended goes on when its parent undoes it, or a late result shows an effect.
  void Note(const core::WorkflowId& id, const core::Event& event) {
    if (std::holds_alternative<core::WorkflowEnded>(event.body)) {
      stage_.running_.erase(id);
    } else if (!std::holds_alternative<core::LateResult>(event.body)) {
      stage_.running_.insert(id);
    }
  }

  Stage& stage_;
};

Stage::Stage(const Mocks& mocks, StageSettings settings)
    : mocks_(mocks),
      settings_(std::move(settings)),
      store_(clock_, kShards),
      journal_(store_),
      catalog_(store_, settings_.registered),
      definitions_(catalog_, settings_.environment),
      book_(mocks.results),
      loop_(
          Options(),
          runtime::Collaborators{
              journal_, clock_, metrics_, [this](std::int64_t id) { return definitions_.ById(id); },
              [this](const std::string& name_space, const std::string& name, std::int32_t version) {
                return definitions_.Resolve(name_space, name, version);
              },
              nullptr,
              [this](const std::string& name_space, const std::vector<std::string>& names,
                     const runtime::Callback<core::TaskDefinitions>& done) {
                done(runtime::ReadTaskDefinitions(catalog_, name_space, names));
              },
              [this](const std::string& name_space, const std::string& name, std::int32_t version) {
                return definitions_.Find(name_space, name, version);
              },
              [this](const std::string& name_space, const std::string& json) {
                return definitions_.InPlace(name_space, json);
              }}) {}

Stage::~Stage() = default;

void Stage::Fail(const absl::Status& why) { failure_.Update(why); }

// ---- workers -----------------------------------------------------------------------------------

void Stage::TakeAssignment(runtime::SessionId session, const runtime::Assignment& task) {
  const MockResult* mock = book_.Next(task);
  if (mock == nullptr) {
    const std::vector<std::string> types =
        settings_.runner == nullptr ? std::vector<std::string>() : settings_.runner->TaskTypes();
    if (std::find(types.begin(), types.end(), task.task_type) == types.end()) {
      return Fail(NoMock(task));
    }
    real_.emplace_back(session, task);
    return;
  }
  const core::DurationUs after_us = mock->lost && mock->after_us == 0 ? kLeaseUs : mock->after_us;
  answers_.emplace(clock_.Now() + after_us,
                   Answer{.session = session,
                          .result = {.task = KeyOf(task), .report = ToReport(task, *mock)},
                          .lost = mock->lost});
}

// Workers for every queue in which a task waits that nobody takes; true when there was one.
bool Stage::AttachWorkers() {
  bool attached = false;
  for (const auto& [key, queue] : loop_.state().matcher.queues()) {
    if (queue->ready.empty()) continue;
    std::shared_ptr<Desk>& desk = desks_[{queue->task_type, queue->domain}];
    if (desk != nullptr) continue;
    desk = std::make_shared<Desk>(*this);
    const absl::StatusOr<runtime::SessionId> session =
        loop_.Attach({.name_space = queue->name_space,
                      .worker_id = "mock",
                      .incarnation = absl::StrCat("mock-", desks_.size()),
                      .task_types = {{queue->task_type, queue->domain, mocks_.barrier}},
                      .credits = kCredits,
                      .lease_us = kForEverUs},
                     desk);
    if (session.ok()) {
      desk->set_session(*session);
    } else {
      Fail(session.status());
    }
    attached = true;
  }
  return attached;
}

// As many at once as the runner takes.
absl::Status Stage::RunForReal() {
  struct Waiting {
    base::Mutex mutex;
    base::CondVar done;
    std::vector<std::optional<ports::RunnerResult>> results;
    std::size_t left = 0;
  };
  const core::TimeUs begin = settings_.real_clock->Now();
  while (!real_.empty()) {
    const std::size_t count = std::min(real_.size(), settings_.runner->Capacity());
    real_tasks_ += count;
    if (real_tasks_ > kRealTasksMax || real_us_ > kRealTimeUsMax) {
      return absl::ResourceExhaustedError(absl::StrCat(
          "the rehearsal carries out too much for real: ", real_tasks_, " tasks of ",
          core::FixedBound("kRealTasksMax", kRealTasksMax, kLimitsHeader), " in ", real_us_,
          " us of ", core::FixedBound("kRealTimeUsMax", kRealTimeUsMax, kLimitsHeader),
          "; mock scripts that loop"));
    }
    Waiting waiting;
    waiting.results.resize(count);
    waiting.left = count;
    for (std::size_t i = 0; i < count; ++i) {
      settings_.runner->Run(runtime::ToRunnerTask(real_[i].second),
                            [&waiting, i](ports::RunnerResult result) {
                              base::MutexLock lock(waiting.mutex);
                              waiting.results[i] = std::move(result);
                              if (--waiting.left == 0) waiting.done.SignalAll();
                            });
    }
    {
      base::MutexLock lock(waiting.mutex);
      while (waiting.left > 0) waiting.done.Wait(waiting.mutex);
    }
    for (std::size_t i = 0; i < count; ++i) {
      const auto& [session, task] = real_[i];
      loop_.Report(session, {{.task = KeyOf(task),
                              .report = ToReport(task, *std::move(waiting.results[i]))}});
    }
    real_.erase(real_.begin(), real_.begin() + static_cast<std::ptrdiff_t>(count));
    real_us_ += settings_.real_clock->Now() - begin;
  }
  return absl::OkStatus();
}

// ---- time --------------------------------------------------------------------------------------

// Does all that can be done without time going by.
absl::Status Stage::Settle() {
  std::size_t ticks = 0;
  for (int quiet = 0; quiet < kQuietTicks;) {
    if (++ticks > kTicksAtOnceMax) return absl::InternalError("the rehearsal's engine spins");
    const std::size_t events = order_.size();
    wake_at_ = loop_.Tick(clock_.Now());
    RETURN_IF_ERROR(failure_);
    if (loop_.lost()) return absl::InternalError("the rehearsal's engine gave up");
    RETURN_IF_ERROR(CheckBounds(clock_.Now()));
    const bool attached = AttachWorkers();
    const bool real = !real_.empty();
    if (real) RETURN_IF_ERROR(RunForReal());
    const bool busy = attached || real || order_.size() != events || wake_at_ <= clock_.Now();
    quiet = busy ? 0 : quiet + 1;
  }
  return absl::OkStatus();
}

absl::Status Stage::CheckBounds(core::TimeUs next) const {
  if (order_.size() > mocks_.events_max) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the rehearsal makes more than ", mocks_.events_max,
                     " events (lowered by limits.events; at most ",
                     core::FixedBound("kRehearsalEventsMax", kRehearsalEventsMax, kLimitsHeader),
                     "): an endless loop?"));
  }
  if (next - kBeginUs > mocks_.virtual_time_us_max) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the rehearsal takes more than ", mocks_.virtual_time_us_max / core::kSecondUs,
                     " s of virtual time (lowered by limits.virtualTime; at most ",
                     core::FixedBound("kVirtualTimeUsMax", kVirtualTimeUsMax, kLimitsHeader),
                     "): an endless loop, or a WAIT?"));
  }
  return absl::OkStatus();
}

// The next moment at which something is due; kNever when there is none.
core::TimeUs Stage::NextAt() const {
  core::TimeUs next = kNever;
  const auto consider = [&](core::TimeUs at) {
    if (at != 0) next = std::min(next, at);
  };
  if (!answers_.empty()) consider(answers_.begin()->first);
  if (next_action_ < mocks_.actions.size()) {
    consider(kBeginUs + mocks_.actions[next_action_].at_us);
  }
  if (wake_at_ < clock_.Now() + kIdleUs) consider(wake_at_);
  consider(loop_.state().timers.next_due_at());
  consider(loop_.state().workers.next_due_at());
  return next == kNever ? next : std::max(next, clock_.Now());
}

// ---- what happens from outside -----------------------------------------------------------------

core::WorkflowId Stage::FindWorkflow(const std::string& name) const {
  if (name.empty()) return root_;
  // Ids grow with time.
  for (auto each = recordings_.rbegin(); each != recordings_.rend(); ++each) {
    if (each->second.definition->name == name) return each->first;
  }
  return {};
}

void Stage::Act(const PlannedAction& action) {
  const core::WorkflowId id = FindWorkflow(action.workflow);
  const std::string where =
      absl::StrCat("action at ", action.at_us / core::kMillisecondUs, " ms: ");
  if (id == core::WorkflowId()) {
    return Fail(absl::FailedPreconditionError(
        absl::StrCat(where, "no workflow '", action.workflow, "' has begun by then")));
  }
  loop_.Send(
      settings_.name_space, id, action.trigger,
      [this, where](const absl::StatusOr<core::Answer>& answer) {
        if (answer.ok()) return;
        Fail(absl::Status(answer.status().code(), where + std::string(answer.status().message())));
      });
}

void Stage::Deliver() {
  while (!answers_.empty() && answers_.begin()->first <= clock_.Now()) {
    Answer answer = std::move(answers_.begin()->second);
    answers_.erase(answers_.begin());
    if (!answer.lost) {
      loop_.Report(answer.session, {std::move(answer.result)});
      continue;
    }
    const runtime::TaskKey& task = answer.result.task;
    // A workflow that has ended meanwhile loses nothing.
    loop_.Send(
        settings_.name_space, task.workflow,
        core::LoseTask{.task = task.task, .fence = task.fence, .timeout = core::Timeout::kLease},
        [](const absl::StatusOr<core::Answer>&) {});
  }
  while (next_action_ < mocks_.actions.size() &&
         kBeginUs + mocks_.actions[next_action_].at_us <= clock_.Now()) {
    Act(mocks_.actions[next_action_++]);
  }
}

absl::Status Stage::Begin(std::shared_ptr<const core::Definition> definition) {
  root_ = base::UuidV7(kBeginUs / core::kMillisecondUs, 1, 1);
  runtime::StartRequest request{.name_space = settings_.name_space,
                                .definition = std::move(definition)};
  request.start.id = root_;
  request.start.input = mocks_.input;
  request.start.correlation_id = mocks_.correlation_id;
  request.start.priority = mocks_.priority;
  loop_.Start(std::move(request), [this](const absl::StatusOr<runtime::Started>& started) {
    if (!started.ok()) Fail(started.status());
  });
  return Settle();
}

absl::Status Stage::Run(std::shared_ptr<const core::Definition> definition) {
  RETURN_IF_ERROR(
      loop_.Watch({.name_space = settings_.name_space}, std::make_shared<Recorder>(*this))
          .status());
  RETURN_IF_ERROR(Settle());
  RETURN_IF_ERROR(Begin(std::move(definition)));
  while (!running_.empty() || !answers_.empty()) {
    const core::TimeUs next = NextAt();
    if (next == kNever || next - kBeginUs > kVirtualTimeUsMax * 2) break;
    RETURN_IF_ERROR(CheckBounds(next));
    clock_.Set(next);
    Deliver();
    RETURN_IF_ERROR(Settle());
  }
  return absl::OkStatus();
}

}  // namespace skald::rehearsal
