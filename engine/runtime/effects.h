// Effects: all that waits for a batch to be durable: replies, assignments, cancels, receipts,
// notices and lines of the log. They are let go together, or failed together.
//
// Single-threaded. Grouped per session, so that a worker gets one message per batch.
#pragma once

#include <cstddef>
#include <iterator>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "engine/runtime/change_lines.h"
#include "engine/runtime/engine.h"
#include "engine/runtime/watch_table.h"
#include "engine/runtime/worker_table.h"

namespace skald::runtime {

class Effects {
 public:
  // Called with OK when the batch is durable, else with why it is not.
  using Reply = absl::AnyInvocable<void(const absl::Status&)>;

  explicit Effects(BatchNumber batch) : batch_(batch) {}

  void AddReply(Reply reply) { replies_.push_back(std::move(reply)); }
  void AddLines(std::vector<ChangeLine> lines) {
    std::move(lines.begin(), lines.end(), std::back_inserter(lines_));
  }
  void AddNotice(Notice notice) { notices_.push_back(std::move(notice)); }
  // REQUIRES: the worker has a stream.
  void AddAssignment(Worker& worker, Assignment assignment);
  void AddCancel(Worker& worker, Cancel cancel);
  void AddReceipt(Worker& worker, Receipt receipt);

  bool empty() const {
    return replies_.empty() && sessions_.empty() && notices_.empty() && lines_.empty();
  }

  // Everything goes out. Leases whose result is durable now are removed. The effects are empty
  // afterwards.
  void Release(WorkerTable& workers, WatchTable& watches);
  // Replies and receipts say `why`; the rest is dropped. `why` is not OK.
  void Fail(const absl::Status& why, WorkerTable& workers);

 private:
  struct ForSession {
    SessionId session = 0;
    std::vector<Assignment> assignments;
    std::vector<Cancel> cancels;
    std::vector<Receipt> receipts;
  };
  ForSession& For(Worker& worker);
  static void Send(ForSession& effects, Worker& worker, WorkerTable& workers);

  BatchNumber batch_;
  std::vector<Reply> replies_;
  std::vector<ForSession> sessions_;
  std::vector<Notice> notices_;
  std::vector<ChangeLine> lines_;
};

}  // namespace skald::runtime
