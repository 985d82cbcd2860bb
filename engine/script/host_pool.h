// HostPool: which host evaluates what, and what becomes of hosts that do not answer.
//
// Keeps `hosts` of them alive from the first job on. One that has been busy for long (kSlowMs) does
// not count, so others are started past it, up to `hosts_max`; the extra ones end when idle.
// A host that overruns is killed; one that dies is replaced, after a growing delay when it did not
// even start. A job ends with the host it was sent to; those that wait are not touched by it. Only
// when a stranger killed the host the job begins again on another one, kHostLossesMax times.
//
// Single-threaded, never blocks. The owner polls:
//
//   pool.Tick(now); poll(pool.Waited(), until pool.NextDue(now)); pool.Handle(...);
#pragma once

#include <poll.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/script/evaluation.h"
#include "engine/script/frame.h"
#include "engine/script/host_process.h"
#include "engine/script/task_plan.h"

namespace skald::script {

struct Job {
  std::string task_id;
  TaskPlan plan;
  std::function<void(const TaskPlan&, Verdict)> done;
  bool canceled = false;
  std::uint32_t losses = 0;  // hosts that were killed under it
};

struct HostPoolSettings {
  std::vector<std::string> command;
  std::size_t hosts = 1;
  std::size_t hosts_max = 1;
  std::size_t output_bytes_max = 0;
};

class HostPool {
 public:
  using Time = std::chrono::steady_clock::time_point;

  explicit HostPool(HostPoolSettings settings);

  void Submit(Job job);
  void Cancel(std::string_view task_id, Time now);

  // Does what is due: starts and ends hosts, sends jobs to idle ones, and then calls the `done` of
  // the jobs that have ended.
  void Tick(Time now);

  // When Tick() has something to do though nothing happens; nullopt: never.
  std::optional<Time> NextDue(Time now) const;

  // What to poll for, in an order that Handle() knows: nothing else may be called in between.
  void AppendWaited(std::vector<pollfd>& waited) const;
  void Handle(const pollfd* events, Time now);

  // Ends all hosts and jobs.
  void Close();

  std::vector<int> ReadyPids() const;

 private:
  enum class State : std::uint8_t { kAbsent, kStarting, kIdle, kBusy };

  struct Host {
    State state = State::kAbsent;
    std::optional<HostProcess> process;
    FrameDecoder decoder;
    std::string unsent;
    Job job;                 // while busy
    std::uint64_t id = 0;    // of its request
    Time since;              // in this state
    Time kill_at;            // while starting or busy
    std::string distrusted;  // what it sent that could not be read
    bool overran = false;
  };

  struct Ended {
    Job job;
    Verdict verdict;
  };

  bool IsSlow(const Host& host, Time now) const;
  bool WantsHost(Time now) const;
  std::size_t Count(State state) const;
  void MaybeStartHosts(Time now);
  void StartHost(Host& host, Time now);
  void Enter(Host& host, State state, Time now);
  void Dispatch(Time now);
  void SendJob(Host& host, Time now);
  void Flush(Host& host, Time now);
  void EndOverdue(Time now);
  void ReadReplies(Host& host, Time now);
  // False: the host is no more.
  bool TakeReply(Host& host, Reply reply, Time now);
  void EndHost(Host& host, Time now);
  // How the job of a host that has died has come out; nullopt: it is to begin again.
  static std::optional<Verdict> VerdictOf(const Host& ended, int signal, std::string why);
  void CountFailedStart(std::string_view why, Time now);
  void CallDone();

  HostPoolSettings settings_;
  std::vector<Host> hosts_;
  std::deque<Job> queue_;
  std::vector<Ended> ended_;
  std::uint64_t last_id_ = 0;
  bool used_ = false;  // a job has come
  std::uint32_t failed_starts_ = 0;
  Time start_not_before_;
};

}  // namespace skald::script
