// SimWorker: a worker process and its successors: takes tasks from every node, acts on the ledger,
// and misbehaves while there is chaos: it fails, hangs, answers twice or late, dies.
//
// Single-threaded. The world outlives it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/runtime/engine.h"
#include "tests/sim/world.h"

namespace skald::sim {

class SimWorker {
 public:
  SimWorker(World& world, std::size_t index);
  ~SimWorker();

  // A new process: whatever the old one held is gone with it.
  void Restart();
  void Die();
  // The streams to a node break; `noticed`: the engine sees it at once.
  void BreakStream(std::size_t node, bool noticed);

 private:
  friend class SimSink;
  struct Held {
    runtime::Assignment assignment;
    std::size_t node = 0;   // that sent it last
    bool finished = false;  // `result` waits for its receipt
    bool silent = false;    // no heartbeats for it
    core::ReportResult result;
  };
  struct Stream {
    std::shared_ptr<class SimSink> sink;
    runtime::SessionId session = 0;
    std::uint64_t node_process = 0;
  };

  void Connect(std::size_t node);
  void Keep();  // heartbeats and reconnects
  void OnAssign(std::size_t node, const runtime::Assignment& assignment);
  void OnCancel(const runtime::Cancel& cancel);
  void OnReceipt(std::size_t node, const runtime::Receipt& receipt);
  void OnClose(std::size_t node);
  void Perform(const runtime::TaskKey& key);
  void Finish(const runtime::TaskKey& key);
  core::ReportResult Act(const Held& held);
  core::ReportResult FailInstead(const Held& held);
  void Send(const runtime::TaskKey& key);
  bool Connected(std::size_t node) const;
  // Runs `what` later unless the process has ended by then.
  void Later(core::DurationUs delay_us, std::function<void()> what);

  World& world_;
  const std::size_t index_;
  std::uint64_t process_ = 0;
  bool alive_ = false;
  std::string incarnation_;
  std::vector<Stream> streams_;  // by node
  std::map<runtime::TaskKey, Held> held_;
};

}  // namespace skald::sim
