// The thread-safe side of Loop: each method posts what is to be done on the ticking thread.
#include <utility>

#include "engine/runtime/loop.h"

namespace skald::runtime {
namespace {

// In the ids of this node's runners, whose sessions are not counted.
constexpr SessionId kRunnerSession = SessionId{1} << 63;

}  // namespace

void Loop::Start(StartRequest request, Callback<Started> done) {
  if (!state_.inbox->ReserveClient()) {
    return done(state_.refusals.Refuse("inbox_max", "start a workflow"));
  }
  state_.inbox->PostClient([this, request = std::move(request), done = std::move(done)]() mutable {
    clients_.Start(std::move(request), std::move(done));
  });
}

void Loop::Send(const std::string& name_space, const core::WorkflowId& id, core::Trigger trigger,
                Callback<core::Answer> done) {
  if (!state_.inbox->ReserveClient()) {
    return done(state_.refusals.Refuse("inbox_max", "change a workflow"));
  }
  state_.inbox->PostClient(
      [this, name_space, id, trigger = std::move(trigger), done = std::move(done)]() mutable {
        clients_.Send(name_space, id, trigger, std::move(done));
      });
}

void Loop::Delete(DeleteRequest request, Callback<core::Answer> done) {
  if (!state_.inbox->ReserveClient()) {
    state_.metrics.Refused("inbox_max");
    return done(OverloadError("inbox_max", "delete a workflow"));
  }
  state_.inbox->PostClient([this, request = std::move(request), done = std::move(done)]() mutable {
    remover_.Delete(std::move(request), std::move(done));
  });
}

void Loop::Get(const core::WorkflowId& id, Callback<std::shared_ptr<const WorkflowView>> done) {
  if (!state_.inbox->ReserveClient()) {
    return done(state_.refusals.Refuse("inbox_max", "read a workflow"));
  }
  state_.inbox->PostClient(
      [this, id, done = std::move(done)]() mutable { clients_.Get(id, std::move(done)); });
}

absl::StatusOr<WatchId> Loop::Watch(WatchFilter filter, std::shared_ptr<WatchSink> sink) {
  const bool room = watches_.fetch_add(1) < state_.options.watches_max;
  if (!room || !state_.inbox->ReserveClient()) {
    watches_.fetch_sub(1);
    return state_.refusals.Refuse(room ? "inbox_max" : "watches_max", "watch");
  }
  const WatchId id = next_watch_.fetch_add(1);
  state_.inbox->PostClient([this, id, filter = std::move(filter), sink = std::move(sink)] {
    state_.watches.Add(id, filter, sink);
  });
  return id;
}

// Past the bound, as one for each watch.
void Loop::Unwatch(WatchId id) {
  watches_.fetch_sub(1);
  state_.inbox->ForceClient([this, id] { state_.watches.Remove(id); });
}

absl::StatusOr<SessionId> Loop::Attach(WorkerHello hello, std::shared_ptr<WorkerSink> sink) {
  const bool counted = hello.name_space != kRunnersNamespace;
  if (counted && sessions_.fetch_add(1) >= state_.options.sessions_max) {
    sessions_.fetch_sub(1);
    return state_.refusals.Refuse("sessions_max", "open a worker stream");
  }
  const SessionId session = next_session_.fetch_add(1) | (counted ? 0 : kRunnerSession);
  state_.inbox->ForceWorker(
      [this, session, hello = std::move(hello), sink = std::move(sink)]() mutable {
        workers_.Attach(session, std::move(hello), std::move(sink));
      });
  return session;
}

void Loop::SetCredits(SessionId session, std::uint32_t credits) {
  {
    base::MutexLock lock(credits_mutex_);
    const bool waits = !credits_wanted_.insert_or_assign(session, credits).second;
    if (waits) return;
  }
  state_.inbox->ForceWorker([this, session] { TakeCredits(session); });
}

void Loop::TakeCredits(SessionId session) {
  std::uint32_t credits = 0;
  {
    base::MutexLock lock(credits_mutex_);
    const auto wanted = credits_wanted_.find(session);
    credits = wanted->second;
    credits_wanted_.erase(wanted);
  }
  workers_.SetCredits(session, credits);
}

void Loop::Received(SessionId session, std::vector<TaskKey> tasks) {
  // Lost beyond the bound: the first heartbeat says the same.
  if (!state_.inbox->ReserveWorker()) return;
  state_.inbox->PostWorker(
      [this, session, tasks = std::move(tasks)] { workers_.Received(session, tasks); });
}

std::vector<Receipt> Loop::Report(SessionId session, std::vector<Result> results) {
  if (!state_.inbox->ReserveWorker()) {
    const absl::Status why = state_.refusals.Refuse("inbox_max", "take a result");
    std::vector<Receipt> refused;
    for (const Result& result : results) refused.push_back({.task = result.task, .status = why});
    return refused;
  }
  state_.inbox->PostWorker([this, session, results = std::move(results)]() mutable {
    workers_.Report(session, std::move(results));
  });
  return {};
}

void Loop::Heartbeat(SessionId session, std::vector<Beat> beats) {
  // Lost beyond the bound: workers beat three times per lease.
  if (!state_.inbox->ReserveWorker()) return;
  state_.inbox->PostWorker(
      [this, session, beats = std::move(beats)] { workers_.Heartbeat(session, beats); });
}

void Loop::Drain(SessionId session) {
  state_.inbox->ForceWorker([this, session] { workers_.Drain(session); });
}

void Loop::Detach(SessionId session) {
  if ((session & kRunnerSession) == 0) sessions_.fetch_sub(1);
  state_.inbox->ForceWorker([this, session] { workers_.Detach(session); });
}

void Loop::SetTaskLimits(TaskLimits limits) {
  state_.inbox->PostCompletion(
      [this, limits = std::move(limits)]() mutable { decider_.SetTaskLimits(std::move(limits)); });
}

void Loop::Stats(Callback<EngineStats> done) {
  if (!state_.inbox->ReserveClient()) {
    return done(state_.refusals.Refuse("inbox_max", "look at the engine"));
  }
  state_.inbox->PostClient([this, done = std::move(done)] { done(CollectStats()); });
}

void Loop::CheckReady(std::function<void(const absl::Status&)> done) {
  state_.inbox->ForceClient([this, done = std::move(done)] { done(Readiness()); });
}

void Loop::AfterCommits(std::function<void(const absl::Status&)> done) {
  state_.inbox->ForceClient([this, done = std::move(done)]() mutable {
    // A commit that was dropped with its outcome unknown may still take place.
    if (state_.phase != Phase::kServing && state_.phase != Phase::kStopping) {
      return done(ComeBackLater("the engine loads what is stored"));
    }
    state_.committer.AfterCommits(std::move(done));
  });
}

}  // namespace skald::runtime
