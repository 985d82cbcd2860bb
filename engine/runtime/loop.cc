#include "engine/runtime/loop.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include "engine/base/log.h"
#include "engine/runtime/limits.h"
#include "engine/runtime/overload.h"

namespace skald::runtime {
namespace {

// The earlier of two times, where 0 stands for never.
core::TimeUs Earlier(core::TimeUs a, core::TimeUs b) {
  if (a == 0 || b == 0) return a + b;
  return std::min(a, b);
}

// With nothing to wait for, the loop still looks round once in a while.
constexpr core::DurationUs kTickUsMax = core::kSecondUs;

}  // namespace

Loop::Loop(EngineOptions options, Collaborators collaborators)
    : state_(std::move(options), std::move(collaborators)),
      decider_(state_),
      parking_(state_, decider_),
      loader_(state_, decider_, parking_),
      courier_(state_, decider_, loader_, parking_),
      clients_(state_, decider_, loader_),
      remover_(state_, loader_, parking_),
      workers_(state_, decider_, loader_),
      starts_(state_, clients_),
      questions_(state_, decider_, loader_),
      keeper_(state_, decider_, workers_, parking_, starts_) {
  decider_.SetTaskLimits(state_.first_task_limits);
  starts_.Listen();
}

Loop::~Loop() {
  const absl::Status why = ComeBackLater("the engine has stopped");
  if (state_.phase != Phase::kLost) state_.phase = Phase::kStopped;
  DropEverything(why);
  workers_.CloseAll(why);
  // What was never looked at finds a loop that serves nothing.
  state_.inbox->TakeInto(inbox_content_);
  RunWorkers();
  RunClients();
  state_.committer.immediate().Release(state_.workers, state_.watches);
}

void Loop::TellUntold() {
  const std::shared_ptr<const Untold> untold = state_.untold;
  std::vector<core::WorkflowId> ids;
  for (const auto& [id, told] : *untold) ids.push_back(id);
  std::sort(ids.begin(), ids.end());
  // Loading one tells what is stored of it; those in memory were told when they came.
  for (const core::WorkflowId& id : ids) loader_.With(id, [](absl::StatusOr<Workflow*>) {});
  state_.untold = std::make_shared<const Untold>();
}

core::TimeUs Loop::Tick(core::TimeUs now) {
  state_.now = now;
  courier_.BeginTick();
  state_.matcher.gates().Advance(now);
  state_.inbox->TakeInto(inbox_content_);
  RunCompletions();
  TakeOutcome();
  if (keeper_.fenced().has_value() && state_.phase != Phase::kLost) LoseNode(*keeper_.fenced());
  keeper_.Tick();
  if (state_.phase == Phase::kServing || state_.phase == Phase::kStopping) {
    RunLeases();
    RunTimers();
    parking_.Tick();
    starts_.Tick();
    if (state_.phase == Phase::kServing) remover_.Tick();
    if (!state_.untold->empty()) TellUntold();
  }
  RunWorkers();
  if (state_.phase == Phase::kServing) decider_.MatchCredits();
  RunClients();
  if (state_.phase == Phase::kServing) {
    decider_.MatchCredits();
    decider_.ReuseResults();
    courier_.Run();
  }
  if (state_.phase == Phase::kServing || state_.phase == Phase::kStopping) {
    questions_.Tick();
    state_.committer.MaybeCommit(state_.lease, now);
  }
  state_.committer.immediate().Release(state_.workers, state_.watches);
  workers_.CloseDrained();
  if (state_.phase == Phase::kStopping) AdvanceStop();
  Sample();
  return NextWakeAt();
}

void Loop::RunCompletions() {
  std::vector<Inbox::Work> completions;
  completions.swap(inbox_content_.completions);
  for (Inbox::Work& work : completions) work();
}

// What workflows ask of one another is carried out at once, so that a family's rows share a batch.
void Loop::AfterDecision() {
  if (state_.phase == Phase::kServing) {
    decider_.ReuseResults();
    courier_.Run();
  }
  state_.committer.MaybeClose(state_.now);
}

bool Loop::MayDecide() const {
  return state_.committer.uncommitted_bytes() < state_.options.uncommitted_bytes_max;
}

void Loop::RunWorkers() {
  std::size_t left = kRequestsPerTickMax;
  while (!inbox_content_.workers.empty() && left-- > 0 && MayDecide()) {
    Inbox::Work work = std::move(inbox_content_.workers.front());
    inbox_content_.workers.pop_front();
    state_.inbox->HandledWorker();
    work();
    AfterDecision();
  }
}

void Loop::RunClients() {
  std::size_t left = kRequestsPerTickMax;
  while (!inbox_content_.clients.empty() && left-- > 0 && MayDecide()) {
    Inbox::Work work = std::move(inbox_content_.clients.front());
    inbox_content_.clients.pop_front();
    state_.inbox->HandledClient();
    work();
    AfterDecision();
  }
}

void Loop::RunLeases() {
  for (std::size_t left = kLeasesPerTickMax; left > 0 && MayDecide(); --left) {
    Lease* lease = state_.workers.earliest();
    if (lease == nullptr || lease->due_at() > state_.now) return;
    workers_.Expire(*lease);
    AfterDecision();
  }
}

void Loop::RunTimers() {
  for (std::size_t left = kTimersPerTickMax; left > 0 && MayDecide(); --left) {
    auto* workflow = static_cast<Workflow*>(state_.timers.top());
    if (workflow == nullptr || workflow->due_at() > state_.now) return;
    const absl::StatusOr<core::Answer> answer = decider_.Decide(*workflow, core::FireTimers{});
    if (!answer.ok()) {
      base::LogError("timer.refused", {{"workflow", workflow->state.id.ToString()},
                                       {"status", answer.status().ToString()}});
    }
    const core::TimeUs due_at = workflow->due_at();
    if (due_at != 0 && due_at <= state_.now) {
      state_.timers.Set(*workflow, state_.now + kIdleTimerRetryUs);
    }
    AfterDecision();
  }
}

void Loop::TakeOutcome() {
  const std::optional<absl::Status> outcome = state_.committer.TakeOutcome();
  if (!outcome.has_value()) return;
  if (outcome->ok()) {
    broken_commits_ = 0;
    const std::unique_ptr<Batch> batch = state_.committer.TakeDurable();
    batch->effects.Release(state_.workers, state_.watches);
    for (const WriteDraft& draft : batch->drafts) {
      // Only the newest batch of a workflow may let it go, and then it names it once.
      if (draft.workflow->last_batch == batch->number) parking_.MaybeUnload(*draft.workflow);
    }
    return;
  }
  state_.metrics.CommitFailed(absl::StatusCodeToString(outcome->code()));
  base::LogWarn("commit.failed",
                {{"node", state_.options.node_id}, {"status", outcome->ToString()}});
  if (absl::IsUnavailable(*outcome)) return state_.committer.RetryLater(state_.now, *outcome);
  if (absl::IsAborted(*outcome)) return LoseNode(*outcome);
  const bool broken = !absl::IsUnknown(*outcome);
  if (broken && ++broken_commits_ >= kBrokenCommitsMax) return LoseNode(*outcome);
  Rejoin(*outcome);
}

void Loop::Rejoin(const absl::Status& why) {
  // Kept until the node serves again: what is not found among the active ones is asked for then.
  Untold untold = state_.committer.CollectUntold();
  untold.insert(state_.untold->begin(), state_.untold->end());
  state_.untold = std::make_shared<const Untold>(std::move(untold));
  DropEverything(ComeBackLater("the outcome of a commit is not known: " + why.ToString()));
  if (state_.phase == Phase::kStopping) {
    // What was open is in the store, or never happened; whoever comes next finds out.
    state_.phase = Phase::kStopped;
    workers_.CloseAll(ComeBackLater("the node goes away"));
    return;
  }
  state_.phase = Phase::kJoining;
  keeper_.Rejoin();
}

void Loop::DropEverything(const absl::Status& why) {
  ++state_.generation;
  state_.committer.Drop(why, state_.workers);
  loader_.Forget(why);
  courier_.Forget();
  decider_.Forget();
  parking_.Forget();
  starts_.Forget();
  remover_.Forget(why);
  questions_.Forget();
  state_.questions.clear();
  state_.load_fence.Reset();
  state_.timers.Clear();
  state_.matcher.DropTasks();
  state_.turns.Drop();
  state_.workers.DropLeases();
  state_.shards.Clear();
  state_.open = {};
}

void Loop::LoseNode(const absl::Status& why) {
  base::LogError("node.lost", {{"node", state_.options.node_id}, {"status", why.ToString()}});
  state_.phase = Phase::kLost;
  keeper_.Rest();
  const absl::Status told = ComeBackLater("this node was fenced off");
  DropEverything(told);
  workers_.CloseAll(told);
}

void Loop::BeginStop() {
  if (state_.phase == Phase::kLost || state_.phase == Phase::kStopped) return;
  const bool joining = state_.phase == Phase::kJoining;
  state_.phase = Phase::kStopping;
  keeper_.Rest();
  workers_.CloseAll(ComeBackLater("the node goes away"));
  if (joining) DropEverything(ComeBackLater("the node goes away"));
}

void Loop::AdvanceStop() {
  if (release_asked_ || !state_.committer.idle() || !loader_.idle()) return;
  release_asked_ = true;
  // Told to stop before it ever had a lease.
  if (state_.lease.epoch == 0) {
    state_.phase = Phase::kStopped;
    return;
  }
  state_.journal.ReleaseNode(state_.lease, [this, inbox = state_.inbox](absl::Status status) {
    inbox->PostCompletion([this, status = std::move(status)] {
      base::LogInfo("node.released",
                    {{"node", state_.options.node_id}, {"status", status.ToString()}});
      if (state_.phase == Phase::kStopping) state_.phase = Phase::kStopped;
    });
  });
}

core::TimeUs Loop::NextWakeAt() const {
  core::TimeUs wake_at = state_.now + kTickUsMax;
  wake_at = Earlier(wake_at, keeper_.next_wake_at());
  if (state_.phase != Phase::kServing && state_.phase != Phase::kStopping) return wake_at;
  wake_at = Earlier(wake_at, state_.committer.retry_at());
  // While nothing may be decided, only the end of a commit changes that: it wakes the loop itself.
  if (!MayDecide()) return wake_at;
  wake_at = Earlier(wake_at, state_.timers.next_due_at());
  wake_at = Earlier(wake_at, state_.workers.next_due_at());
  wake_at = Earlier(wake_at, parking_.next_wake_at());
  wake_at = Earlier(wake_at, starts_.next_wake_at());
  wake_at = Earlier(wake_at, questions_.next_wake_at());
  wake_at = Earlier(wake_at, courier_.next_wake_at());
  wake_at = Earlier(wake_at, state_.matcher.gates().next_wake_at());
  if (state_.phase == Phase::kServing) wake_at = Earlier(wake_at, remover_.next_wake_at());
  const bool more = !inbox_content_.workers.empty() || !inbox_content_.clients.empty() ||
                    (state_.phase == Phase::kServing &&
                     (decider_.has_unmatched() || decider_.has_reuses() || courier_.has_letters()));
  return more ? state_.now : wake_at;
}

void Loop::Sample() {
  if (state_.now < next_sample_at_) return;
  next_sample_at_ = state_.now + kSampleUs;
  state_.metrics.Open(state_.open);
  std::map<std::string_view, ports::QueueLoad> by_task_type;
  for (const auto& [name, queue] : state_.matcher.queues()) {
    ports::QueueLoad& load = by_task_type[queue->task_type];
    load.depth += queue->depth();
    const core::TimeUs oldest = queue->oldest_since();
    if (oldest != 0) load.oldest_us = std::max(load.oldest_us, state_.now - oldest);
  }
  for (const EngineStats::LimitUse& use : state_.matcher.gates().Uses(state_.now)) {
    state_.metrics.Limit(use.task, use.in_progress, use.waiting_for_place, use.waiting_for_rate,
                         use.waiting_for_key);
  }
  std::map<std::string, std::pair<std::size_t, std::size_t>> by_definition;
  for (const EngineStats::TurnUse& use : state_.turns.Uses()) {
    by_definition[use.workflow].first += use.running;
    by_definition[use.workflow].second += use.waiting;
  }
  for (const auto& [workflow, counts] : by_definition) {
    state_.metrics.Turn(workflow, counts.first, counts.second);
  }
  state_.metrics.Queues(by_task_type);
  state_.matcher.ForgetQueues(state_.now);
}

absl::Status Loop::Readiness() const {
  if (state_.phase != Phase::kServing || state_.now >= state_.lease.expires_at) {
    return absl::UnavailableError("the node holds no lease, or is still loading its shards");
  }
  return state_.committer.refused();
}

EngineStats Loop::CollectStats() {
  EngineStats stats;
  stats.lease = state_.lease;
  stats.ready = Readiness();
  stats.shards = state_.shards.shards();
  stats.active_workflows = state_.shards.workflow_count();
  stats.queued_tasks = state_.matcher.task_count();
  stats.live_leases = state_.workers.lease_count();
  for (const auto& [session, worker] : state_.workers.sessions()) {
    if (worker->name_space != kRunnersNamespace) ++stats.sessions;
  }
  stats.inbox = state_.inbox->backlog();
  stats.uncommitted_bytes = state_.committer.uncommitted_bytes();
  for (const auto& [name, queue] : state_.matcher.queues()) {
    const core::TimeUs oldest = queue->oldest_since();
    std::int64_t credits = 0;
    for (const auto& [session, index] : queue->line) {
      const Worker* worker = state_.workers.FindSession(session);
      if (worker != nullptr) credits += std::max<std::int64_t>(worker->credits(), 0);
    }
    stats.queues.push_back({queue->name_space, queue->task_type, queue->domain, queue->depth(),
                            oldest == 0 ? 0 : state_.now - oldest,
                            static_cast<std::size_t>(credits), queue->held.size()});
  }
  stats.limits = state_.matcher.gates().Uses(state_.now);
  stats.turns = state_.turns.Uses();
  return stats;
}

}  // namespace skald::runtime
