// Session: what a worker process remembers of the protocol (docs/worker-protocol.md): the tasks it
// holds, the results that the server has not acknowledged, and what is to be said next. It outlives
// any one stream, knows no network and no clock: time comes in as milliseconds of a monotonic
// clock.
//
//   session.Open(now)                 a stream begins: returns the hello
//   session.Receive(response, now)    returns the tasks to run
//   session.Finish(task, result, now) a handler is done
//   session.Fill(now, request)        the next message, if there is anything to say
//
// Not thread-safe: the connection guards it. A HeldTask is shared between the session and the
// handler's thread, for either may be done with it first; only its `data`, `cancel` and Begin() are
// for handlers.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "skald/v1/worker.pb.h"
#include "workers/sdk/result.h"
#include "workers/sdk/task.h"

namespace skald::sdk {

struct HeldTask {
  enum class State : std::uint8_t { kWaiting, kRunning, kAnswered };

  TaskData data;
  CancelToken cancel;
  std::atomic<State> state = State::kWaiting;

  // Called before the handler; false if the task was cancelled first and has its answer already.
  bool Begin() {
    State expected = State::kWaiting;
    return state.compare_exchange_strong(expected, State::kRunning);
  }

  // ---- the session's ----
  v1::TaskResult answer;
  bool sending = false;  // in the outbox
  bool receipt_sent = false;
  bool progress_pending = false;
  std::int64_t beat_interval_ms = 0;
  std::int64_t due_ms = 0;  // held: the next heartbeat; answered and sent: send it again
  int progress_percent = 0;
  std::string progress_message;
  int log_lines = 0;
};

// Shared: see above.
using HeldTaskPtr = std::shared_ptr<HeldTask>;

struct SessionOptions {
  std::string worker_id;
  std::string incarnation;
  std::string name_space;
  std::string domain;
  std::string sdk = "skald-cpp/0.1.0";
  std::uint32_t credits = 1;
  std::uint32_t lease_ms = 0;
};

struct TypeOffer {
  std::string task_type;
  bool barrier = false;
};

struct Intake {
  std::vector<HeldTaskPtr> tasks;  // to run
  bool node_drains = false;
};

class Session {
 public:
  Session(SessionOptions options, std::vector<TypeOffer> offers);

  // ---- streams ----
  // A stream begins. Everything unacknowledged will be said again on it.
  v1::WorkRequest Open(std::int64_t now_ms);
  // Takes a message in; `response` is left without its assignments. An error means that the server
  // does not keep the protocol: end the stream.
  absl::StatusOr<Intake> Receive(v1::WorkResponse& response, std::int64_t now_ms);
  // Writes what is to be said into the empty `request`. Returns false if there is nothing.
  bool Fill(std::int64_t now_ms, v1::WorkRequest& request);
  // When Fill has something to say at the latest, or Deaf may turn true.
  std::int64_t NextDueMs() const;
  // True if the server has been silent for too long: end the stream.
  bool Deaf(std::int64_t now_ms) const { return now_ms >= deaf_at_ms_; }
  bool welcomed() const { return welcomed_; }

  // ---- tasks ----
  // REQUIRES: `task` came from Receive, and Begin() was true for it.
  void Finish(const HeldTaskPtr& task, v1::TaskResult answer);
  void Progress(std::string_view task_id, std::uint64_t fence, int percent,
                std::string_view message);
  void Log(std::string_view task_id, std::uint64_t fence, std::int64_t at_us,
           std::string_view message);
  void CancelAll();

  // ---- draining ----
  void Drain() { draining_ = true; }
  bool draining() const { return draining_; }
  // Nothing is held and every result is acknowledged.
  bool idle() const { return tasks_.empty(); }
  std::size_t held() const { return tasks_.size() - answered_; }
  std::size_t unacknowledged() const { return answered_; }

 private:
  // Views of the task's own id: valid as long as it is in the map.
  struct Key {
    std::string_view task_id;
    std::uint64_t fence;
    friend bool operator==(const Key&, const Key&) = default;
    template <typename H>
    friend H AbslHashValue(H state, const Key& key) {
      return H::combine(std::move(state), std::hash<std::string_view>()(key.task_id), key.fence);
    }
  };

  HeldTask* Find(std::string_view task_id, std::uint64_t fence) const;
  void Welcome(const v1::Welcome& welcome);
  void Accept(v1::Assignment& assignment, std::int64_t now_ms, Intake& intake);
  void Acknowledge(const v1::ResultReceipt& receipt, std::int64_t now_ms);
  void Cancel(const v1::CancelRequest& cancel);
  void Queue(const HeldTaskPtr& task);
  void MarkHeard(std::int64_t now_ms);
  void Wake(std::int64_t due_ms) { round_ms_ = std::min(round_ms_, due_ms); }

  void AddReceipts(std::int64_t now_ms, v1::WorkRequest& request);
  void AddResults(std::int64_t now_ms, v1::WorkRequest& request);
  void AddHeartbeats(std::int64_t now_ms, v1::WorkRequest& request);
  void AddLogs(v1::WorkRequest& request);
  void AddControl(std::int64_t now_ms, v1::WorkRequest& request);
  void ShrinkIfTooLarge(v1::TaskResult& answer) const;
  std::int64_t RoundOf(HeldTask& task, std::int64_t now_ms, v1::WorkRequest& request);

  const SessionOptions options_;
  const std::vector<TypeOffer> offers_;

  absl::flat_hash_map<Key, HeldTaskPtr> tasks_;
  std::size_t answered_ = 0;  // of tasks_, those with an answer
  std::deque<HeldTaskPtr> outbox_;
  std::deque<std::pair<std::int64_t, HeldTaskPtr>> receipts_;  // by the time at which they are due
  std::vector<HeldTaskPtr> progress_;
  std::deque<v1::LogEntry> logs_;
  bool draining_ = false;

  // ---- of the stream ----
  bool welcomed_ = false;
  bool paused_ = false;  // credits are 0 because too much is unacknowledged
  bool drain_sent_ = false;
  std::int64_t lease_ms_ = 30'000;
  std::int64_t ping_interval_ms_ = 0;
  std::uint64_t message_bytes_max_ = 4 << 20;
  std::int64_t next_ping_ms_ = 0;
  std::int64_t deaf_at_ms_ = 0;
  std::uint64_t ping_nonce_ = 0;
  std::vector<std::uint64_t> pongs_;
  std::int64_t round_ms_ = 0;  // when a heartbeat or a repeated result is due
};

}  // namespace skald::sdk
