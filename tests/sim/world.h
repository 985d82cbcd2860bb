// World: one simulated run of everything, from one seed: nodes over one shared store, workers,
// clients and the faults that befall them, in virtual time.
//
// Single-threaded, deterministic: the same seed gives the same run. Faults happen until kChaosUs;
// then everything has to come to its end by kCalmUs, or be visibly parked.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/memory/faulty_journal.h"
#include "engine/memory/memory_store.h"
#include "engine/memory/null_metrics.h"
#include "engine/runtime/loop.h"
#include "engine/runtime/runner_host.h"
#include "tests/sim/archiving_journal.h"
#include "tests/sim/ledger.h"
#include "tests/sim/probes.h"
#include "tests/sim/sim_random.h"

namespace skald::sim {

class SimWorker;
class SimClient;

// The reason for which a workflow is terminated that has waited for its turn for long.
inline constexpr char kTurnGivenUp[] = "waited for its turn for too long";

inline constexpr core::DurationUs kChaosUs = 25 * core::kSecondUs;
inline constexpr core::DurationUs kCalmUs = 600 * core::kSecondUs;

// The parked ones of `all` for which `for_good` holds, and the workflows above them: those wait for
// what is below them.
std::set<core::WorkflowId> WithParkedKin(
    const std::vector<ports::WorkflowSummary>& all,
    const std::function<bool(const ports::WorkflowSummary&)>& for_good);

class World {
 public:
  World(std::uint64_t seed, Probes& probes, bool trace);
  ~World();

  // Runs to the end. What was found wrong; empty = nothing.
  std::vector<std::string> Run();
  const std::vector<std::string>& trace() const { return trace_; }

  // ---- for the actors ----
  core::TimeUs now() const { return clock_.Now(); }
  bool calm() const { return now() >= chaos_ends_at_; }
  SimRandom& random() { return random_; }
  Probes& probes() { return probes_; }
  Ledger& ledger() { return ledger_; }
  memory::MemoryStore& store() { return store_; }
  const Archive& deleted() const { return deleted_; }
  void After(core::DurationUs delay_us, std::function<void()> what);
  void Complain(const std::string& what);
  void Trace(const std::string& what);
  bool tracing() const { return tracing_; }

  std::size_t node_count() const { return nodes_.size(); }
  // Null while the node is down. Whoever calls it may post: the node is run soon after.
  runtime::Loop* Node(std::size_t index);
  // Grows with each process of the node.
  std::uint64_t node_process(std::size_t index) const { return nodes_[index].process; }

  core::WorkflowId NewId();
  // What was handed out: one attempt may go to one worker process only.
  void NoteAssigned(const runtime::Assignment& assignment, const std::string& incarnation);
  // A result that a worker was told is recorded.
  void NoteRecorded(const runtime::TaskKey& key) { recorded_.push_back(key); }
  void NoteRequested(const core::WorkflowId& id) { requested_.insert(id); }
  // The start was refused for good.
  void NoteRefused(const core::WorkflowId& id) { requested_.erase(id); }
  // What bears the marker was acknowledged as recorded.
  void NotePromised(const core::WorkflowId& id, const std::string& marker) {
    promised_.insert({id, marker});
  }
  void NotePriority(const core::WorkflowId& id, std::int32_t priority) {
    priorities_[id] = priority;
  }
  // A few of all definitions are in use in one world, so that its workflows meet one another.
  std::shared_ptr<const core::Definition> SomeDefinition();
  // A workflow that no client asked for, but another workflow; one client looks after it.
  bool IsKinOf(std::size_t client, const core::WorkflowId& id) const {
    return !requested_.contains(id) && id.bytes()[7] % clients_.size() == client;
  }
  // How often a person has seen to a parked workflow, of any client.
  int& Operated(const core::WorkflowId& id) { return operated_[id]; }
  void CheckDurable(const core::WorkflowId& id, core::EventSeq seq, const char* what);
  bool barrier() const { return barrier_; }

 private:
  struct NodeProcess {
    std::string node_id;
    std::uint64_t process = 0;
    std::unique_ptr<ArchivingJournal> inner;
    std::unique_ptr<memory::FaultyJournal> journal;
    std::unique_ptr<runtime::Loop> loop;
    std::vector<std::unique_ptr<runtime::RunnerHost>> runners;  // of the built-in steps
    std::shared_ptr<class NodeWatcher> watcher;
    core::TimeUs wake_at = 0;
    core::TimeUs cut_off_until = 0;  // the store cannot be reached
    bool touched = false;
  };
  // Of a process that died: what is on its way to the store still gets there.
  struct Ghost {
    std::unique_ptr<ArchivingJournal> inner;
    std::unique_ptr<memory::FaultyJournal> journal;
  };

  void BootNode(std::size_t index);
  void AttachRunners(NodeProcess& node);
  void TickRunner(std::size_t index, std::uint64_t process);
  void CrashNode(std::size_t index, bool restart);
  void PlanChaos();
  void BecomeCalm();
  memory::Fate Plan(std::size_t index, memory::Call call);
  memory::Fate PlanCommit();
  bool Step(core::TimeUs end);
  core::TimeUs NextAt() const;
  void RunNodes();
  bool AllFinished() const;

  SimRandom random_;
  Probes& probes_;
  const bool tracing_;
  SimClock clock_;
  const core::TimeUs chaos_ends_at_;
  memory::MemoryStore store_;
  Archive deleted_;
  memory::NullMetrics metrics_;
  Ledger ledger_;
  bool barrier_ = true;
  std::vector<NodeProcess> nodes_;
  std::vector<Ghost> ghosts_;
  std::vector<std::unique_ptr<SimWorker>> workers_;
  std::vector<std::unique_ptr<SimClient>> clients_;
  std::map<std::pair<core::TimeUs, std::uint64_t>, std::function<void()>> events_;
  std::uint64_t next_event_ = 0;
  std::uint64_t next_id_ = 0;
  std::map<runtime::TaskKey, std::string> assigned_;
  std::vector<runtime::TaskKey> recorded_;
  std::set<core::WorkflowId> requested_;
  std::set<std::pair<core::WorkflowId, std::string>> promised_;
  std::map<core::WorkflowId, std::int32_t> priorities_;  // that clients asked for
  std::vector<std::int64_t> definitions_;
  std::map<core::WorkflowId, int> operated_;
  std::vector<std::string> complaints_;
  std::vector<std::string> trace_;
};

}  // namespace skald::sim
