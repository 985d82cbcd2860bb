#include "engine/script/host_pool.h"

#include <signal.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "engine/base/log.h"
#include "engine/script/limits.h"
#include "fmt/format.h"

namespace skald::script {
namespace {

using std::chrono::milliseconds;

// libjq cannot be interrupted, so its hosts get no time to end by themselves.
milliseconds TimeOf(const TaskPlan& plan) {
  return milliseconds(plan.time_ms + (plan.language == Language::kJq ? 0 : kOverrunMs));
}

std::string Describe(const HostProcess::End& end) {
  if (end.signal == 0) return fmt::format("it ended with code {}", end.exit_code);
  return fmt::format("signal {} ({})", end.signal, sigdescr_np(end.signal));
}

}  // namespace

HostPool::HostPool(HostPoolSettings settings)
    : settings_(std::move(settings)), hosts_(settings_.hosts_max) {}

void HostPool::Submit(Job job) {
  used_ = true;
  queue_.push_back(std::move(job));
}

void HostPool::Cancel(std::string_view task_id, Time now) {
  const auto waiting = std::find_if(queue_.begin(), queue_.end(),
                                    [&](const Job& job) { return job.task_id == task_id; });
  if (waiting != queue_.end()) {
    ended_.push_back({.job = std::move(*waiting), .verdict = {.outcome = Outcome::kCanceled}});
    queue_.erase(waiting);
    return;
  }
  for (Host& host : hosts_) {
    if (host.state != State::kBusy || host.job.task_id != task_id) continue;
    host.job.canceled = true;
    host.kill_at = std::min(host.kill_at, now + milliseconds(kCancelGraceMs));
  }
}

void HostPool::Tick(Time now) {
  EndOverdue(now);
  Dispatch(now);
  MaybeStartHosts(now);
  CallDone();
}

std::optional<HostPool::Time> HostPool::NextDue(Time now) const {
  std::optional<Time> due;
  const auto consider = [&due](Time time) { due = due.has_value() ? std::min(*due, time) : time; };
  if (WantsHost(now)) consider(start_not_before_);
  const bool crowded = !queue_.empty();
  const std::size_t alive = hosts_.size() - Count(State::kAbsent);
  for (const Host& host : hosts_) {
    if (host.state == State::kStarting || host.state == State::kBusy) consider(host.kill_at);
    if (host.state == State::kBusy && crowded && !IsSlow(host, now)) {
      consider(host.since + milliseconds(kSlowMs));
    }
    if (host.state == State::kIdle && alive > settings_.hosts) {
      consider(host.since + milliseconds(kSpareMs));
    }
  }
  return due;
}

void HostPool::AppendWaited(std::vector<pollfd>& waited) const {
  for (const Host& host : hosts_) {
    short events = POLLIN;
    if (!host.unsent.empty()) events |= POLLOUT;
    // A negative descriptor is passed over.
    const int fd = host.process.has_value() ? host.process->channel_fd() : -1;
    waited.push_back({.fd = fd, .events = events, .revents = 0});
  }
}

void HostPool::Handle(const pollfd* events, Time now) {
  for (std::size_t i = 0; i < hosts_.size(); ++i) {
    if ((events[i].revents & POLLOUT) != 0) Flush(hosts_[i], now);
    if ((events[i].revents & ~POLLOUT) != 0) ReadReplies(hosts_[i], now);
  }
}

void HostPool::Close() {
  for (Host& host : hosts_) {
    if (host.state == State::kBusy) {
      ended_.push_back({.job = std::move(host.job), .verdict = {.outcome = Outcome::kCanceled}});
    }
    host = Host();
  }
  for (Job& job : queue_) {
    ended_.push_back({.job = std::move(job), .verdict = {.outcome = Outcome::kCanceled}});
  }
  queue_.clear();
  CallDone();
}

std::vector<int> HostPool::ReadyPids() const {
  std::vector<int> pids;
  for (const Host& host : hosts_) {
    if (host.state == State::kIdle || host.state == State::kBusy) {
      pids.push_back(host.process->pid());
    }
  }
  return pids;
}

bool HostPool::IsSlow(const Host& host, Time now) const {
  return host.state == State::kBusy && now - host.since >= milliseconds(kSlowMs);
}

std::size_t HostPool::Count(State state) const {
  return static_cast<std::size_t>(std::count_if(
      hosts_.begin(), hosts_.end(), [state](const Host& host) { return host.state == state; }));
}

bool HostPool::WantsHost(Time now) const {
  if (!used_ || Count(State::kAbsent) == 0) return false;
  const auto slow = static_cast<std::size_t>(std::count_if(
      hosts_.begin(), hosts_.end(), [&](const Host& host) { return IsSlow(host, now); }));
  const std::size_t alive = hosts_.size() - Count(State::kAbsent);
  if (alive < settings_.hosts) return true;
  return alive - slow < settings_.hosts && queue_.size() > Count(State::kStarting);
}

void HostPool::MaybeStartHosts(Time now) {
  while (now >= start_not_before_ && WantsHost(now)) {
    const auto absent = std::find_if(hosts_.begin(), hosts_.end(),
                                     [](const Host& host) { return host.state == State::kAbsent; });
    StartHost(*absent, now);
  }
}

void HostPool::StartHost(Host& host, Time now) {
  auto process = HostProcess::Start(settings_.command);
  if (!process.ok()) {
    CountFailedStart(
        std::string_view(process.status().message().data(), process.status().message().size()),
        now);
    return;
  }
  host = Host();
  host.process = *std::move(process);
  host.kill_at = now + milliseconds(kHostStartMsMax);
  Enter(host, State::kStarting, now);
}

void HostPool::Enter(Host& host, State state, Time now) {
  host.state = state;
  host.since = now;
}

void HostPool::Dispatch(Time now) {
  for (Host& host : hosts_) {
    if (queue_.empty()) return;
    if (host.state == State::kIdle) SendJob(host, now);
  }
}

void HostPool::SendJob(Host& host, Time now) {
  host.job = std::move(queue_.front());
  queue_.pop_front();
  host.id = ++last_id_;
  host.kill_at = now + TimeOf(host.job.plan);
  Enter(host, State::kBusy, now);
  host.unsent =
      EncodeRequest({.id = host.id,
                     .language = host.job.plan.language,
                     .time_ms = host.job.plan.time_ms,
                     .output_bytes_max = static_cast<std::uint32_t>(settings_.output_bytes_max),
                     .source = host.job.plan.source,
                     .input = host.job.plan.input.text()});
  Flush(host, now);
}

void HostPool::Flush(Host& host, Time now) {
  if (!host.process.has_value()) return;
  const auto sent = host.process->Send(host.unsent);
  if (!sent.ok()) {
    EndHost(host, now);
    return;
  }
  host.unsent.erase(0, *sent);
}

void HostPool::EndOverdue(Time now) {
  for (Host& host : hosts_) {
    const bool watched = host.state == State::kStarting || host.state == State::kBusy;
    if (watched && now >= host.kill_at) {
      host.overran = true;
      EndHost(host, now);
    }
  }
  for (Host& host : hosts_) {
    if (hosts_.size() - Count(State::kAbsent) <= settings_.hosts) return;
    if (host.state == State::kIdle && now - host.since >= milliseconds(kSpareMs)) host = Host();
  }
}

void HostPool::ReadReplies(Host& host, Time now) {
  if (!host.process.has_value()) return;
  std::string bytes;
  const bool open = host.process->Receive(bytes);
  host.decoder.Append(bytes);
  for (;;) {
    auto body = host.decoder.Next();
    if (body.ok() && !body->has_value()) break;
    auto reply = body.ok() ? DecodeReply(**body) : absl::StatusOr<Reply>(body.status());
    if (!reply.ok()) {
      host.distrusted = std::string(reply.status().message());
      EndHost(host, now);
      return;
    }
    if (!TakeReply(host, *std::move(reply), now)) return;
  }
  if (!open) EndHost(host, now);
}

bool HostPool::TakeReply(Host& host, Reply reply, Time now) {
  const Outcome outcome = reply.verdict.outcome;
  const bool is_greeting = outcome == Outcome::kReady || outcome == Outcome::kRefused;
  const bool expected = host.state == State::kStarting
                            ? is_greeting && reply.id == 0
                            : host.state == State::kBusy && !is_greeting && reply.id == host.id;
  if (!expected || outcome == Outcome::kRefused) {
    host.distrusted = expected ? reply.verdict.text : "it answered what it was not asked";
    EndHost(host, now);
    return false;
  }
  if (host.state == State::kStarting) {
    failed_starts_ = 0;
  } else {
    ended_.push_back({.job = std::move(host.job), .verdict = std::move(reply.verdict)});
    host.unsent.clear();
  }
  Enter(host, State::kIdle, now);
  if (reply.last) host = Host();
  return !reply.last;
}

void HostPool::EndHost(Host& host, Time now) {
  Host ended = std::exchange(host, Host());
  const HostProcess::End end = ended.process->KillAndReap();
  std::string why = ended.overran              ? "it took too long"
                    : ended.distrusted.empty() ? Describe(end)
                                               : ended.distrusted;
  if (ended.state == State::kStarting) {
    CountFailedStart(why, now);
    return;
  }
  if (!ended.job.canceled || ended.state == State::kIdle) {
    base::LogWarn("script.host_ended", {{"why", why}, {"task", ended.job.task_id}});
  }
  if (ended.state == State::kIdle) {
    start_not_before_ = now + milliseconds(kStartBackoffMsMin);
    return;
  }
  std::optional<Verdict> verdict = VerdictOf(ended, end.signal, std::move(why));
  if (verdict.has_value()) {
    ended_.push_back({.job = std::move(ended.job), .verdict = *std::move(verdict)});
    return;
  }
  ++ended.job.losses;
  queue_.push_front(std::move(ended.job));
}

std::optional<Verdict> HostPool::VerdictOf(const Host& ended, int signal, std::string why) {
  if (ended.job.canceled) return Verdict{.outcome = Outcome::kCanceled, .text = std::move(why)};
  if (ended.overran) return Verdict{.outcome = Outcome::kOutOfTime, .text = std::move(why)};
  // Not ours, nor of the script's own making: the system or an administrator.
  const bool strange =
      signal == SIGKILL || signal == SIGTERM || signal == SIGINT || signal == SIGHUP;
  if (!ended.distrusted.empty() || !strange) {
    return Verdict{.outcome = Outcome::kHostCrashed, .text = std::move(why)};
  }
  if (ended.job.losses < kHostLossesMax) return std::nullopt;
  return Verdict{.outcome = Outcome::kHostLost, .text = std::move(why)};
}

void HostPool::CountFailedStart(std::string_view why, Time now) {
  const std::uint32_t doublings = std::min<std::uint32_t>(failed_starts_, 16);
  const std::uint64_t backoff_ms =
      std::min<std::uint64_t>(std::uint64_t{kStartBackoffMsMin} << doublings, kStartBackoffMsMax);
  start_not_before_ = now + milliseconds(backoff_ms);
  ++failed_starts_;
  base::LogError("script.host_not_started",
                 {{"why", why}, {"program", settings_.command[0]}, {"next_ms", backoff_ms}});
  if (failed_starts_ < kFailedStartsMax || Count(State::kAbsent) < hosts_.size()) return;
  for (Job& job : queue_) {
    ended_.push_back(
        {.job = std::move(job),
         .verdict = {.outcome = Outcome::kHostLost,
                     .text = fmt::format("no script host could be started: {}", why)}});
  }
  queue_.clear();
}

void HostPool::CallDone() {
  for (Ended& ended : std::exchange(ended_, {})) {
    ended.job.done(ended.job.plan, std::move(ended.verdict));
  }
}

}  // namespace skald::script
