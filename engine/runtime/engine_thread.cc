#include "engine/runtime/engine_thread.h"

#include <algorithm>
#include <utility>

namespace skald::runtime {

EngineThread::EngineThread(EngineOptions options, Collaborators collaborators)
    : clock_(collaborators.clock),
      loop_(std::move(options), std::move(collaborators)),
      thread_([this] { Run(); }) {}

EngineThread::~EngineThread() { Stop(); }

void EngineThread::Run() {
  while (TakeTurn()) {
    const core::TimeUs sleeps_until = wake_at_;
    loop_.inbox().Wait(std::max<core::DurationUs>(sleeps_until - clock_.Now(), 0),
                       [&] { return TakeTurn() && wake_at_ >= sleeps_until; });
  }
}

bool EngineThread::TakeTurn() {
  const core::TimeUs now = clock_.Now();
  if (stop_wanted_.load() && give_up_at_ == 0) {
    give_up_at_ = now + stop_timeout_us_.load();
    loop_.BeginStop();
  }
  wake_at_ = loop_.Tick(now);
  lost_.store(loop_.lost());
  return give_up_at_ == 0 || !(loop_.stopped() || loop_.lost() || now >= give_up_at_);
}

void EngineThread::Stop(core::DurationUs timeout_us) {
  base::MutexLock lock(stop_mutex_);
  stop_timeout_us_.store(timeout_us);
  stop_wanted_.store(true);
  loop_.inbox().Wake();
  if (thread_.joinable()) thread_.join();
}

void EngineThread::Start(StartRequest request, Callback<Started> done) {
  loop_.Start(std::move(request), std::move(done));
}

void EngineThread::Send(const std::string& name_space, const core::WorkflowId& id,
                        core::Trigger trigger, Callback<core::Answer> done) {
  loop_.Send(name_space, id, std::move(trigger), std::move(done));
}

void EngineThread::Delete(DeleteRequest request, Callback<core::Answer> done) {
  loop_.Delete(std::move(request), std::move(done));
}

void EngineThread::Get(const core::WorkflowId& id,
                       Callback<std::shared_ptr<const WorkflowView>> done) {
  loop_.Get(id, std::move(done));
}

absl::StatusOr<WatchId> EngineThread::Watch(WatchFilter filter, std::shared_ptr<WatchSink> sink) {
  return loop_.Watch(std::move(filter), std::move(sink));
}

void EngineThread::Unwatch(WatchId id) { loop_.Unwatch(id); }

absl::StatusOr<SessionId> EngineThread::Attach(WorkerHello hello,
                                               std::shared_ptr<WorkerSink> sink) {
  return loop_.Attach(std::move(hello), std::move(sink));
}

void EngineThread::SetCredits(SessionId session, std::uint32_t credits) {
  loop_.SetCredits(session, credits);
}

void EngineThread::Received(SessionId session, std::vector<TaskKey> tasks) {
  loop_.Received(session, std::move(tasks));
}

std::vector<Receipt> EngineThread::Report(SessionId session, std::vector<Result> results) {
  return loop_.Report(session, std::move(results));
}

void EngineThread::Heartbeat(SessionId session, std::vector<Beat> beats) {
  loop_.Heartbeat(session, std::move(beats));
}

void EngineThread::Drain(SessionId session) { loop_.Drain(session); }

void EngineThread::Detach(SessionId session) { loop_.Detach(session); }

void EngineThread::Stats(Callback<EngineStats> done) { loop_.Stats(std::move(done)); }

void EngineThread::CheckReady(std::function<void(const absl::Status&)> done) {
  loop_.CheckReady(std::move(done));
}

void EngineThread::AfterCommits(std::function<void(const absl::Status&)> done) {
  loop_.AfterCommits(std::move(done));
}

}  // namespace skald::runtime
