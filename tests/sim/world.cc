#include "tests/sim/world.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "engine/base/check.h"
#include "engine/runtime/workflow_runner.h"
#include "tests/sim/definitions.h"
#include "tests/sim/sim_caller.h"
#include "tests/sim/sim_client.h"
#include "tests/sim/sim_runner.h"
#include "tests/sim/sim_worker.h"
#include "tests/sim/verdict.h"

namespace skald::sim {
namespace {

constexpr std::uint32_t kShards = 4;
constexpr std::size_t kStepsMax = 2'000'000;  // a run that needs more spins

}  // namespace

// Hears of everything on one node: only durable events, each later than the one before.
class NodeWatcher final : public runtime::WatchSink {
 public:
  explicit NodeWatcher(World& world) : world_(world) {}
  bool Tell(const std::vector<runtime::Notice>& notices) override {
    for (const runtime::Notice& notice : notices) {
      for (const core::Event& event : notice.events) {
        core::EventSeq& told = told_[notice.id];
        if (event.seq <= told) {
          world_.Complain(
              absl::StrCat(notice.id.ToString(), ": told of event ", event.seq, " after ", told));
        }
        told = event.seq;
        world_.CheckDurable(notice.id, event.seq, "notice");
      }
    }
    return true;
  }

 private:
  World& world_;
  std::map<core::WorkflowId, core::EventSeq> told_;
};

World::World(std::uint64_t seed, Probes& probes, bool trace)
    : random_(seed),
      probes_(probes),
      tracing_(trace),
      chaos_ends_at_(clock_.Now() + kChaosUs),
      store_(clock_, kShards),
      ledger_(probes) {
  nodes_.resize(1 + random_.Below(3));
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    nodes_[i].node_id = absl::StrCat("n", i);
    // The first node takes all shards; the others take over when it fails.
    if (i == 0 || random_.Chance(700)) BootNode(i);
  }
  for (std::size_t i = 1 + random_.Below(3); i > 0; --i) {
    workers_.push_back(std::make_unique<SimWorker>(*this, workers_.size()));
  }
  for (std::size_t i = 2 + random_.Below(5); i > 0; --i) {
    clients_.push_back(std::make_unique<SimClient>(*this, clients_.size()));
  }
  PlanChaos();
}

World::~World() {
  events_.clear();
  clients_.clear();
  workers_.clear();
  for (NodeProcess& node : nodes_) {
    node.runners.clear();
    node.loop = nullptr;
  }
}

// ---- nodes
// -----------------------------------------------------------------------------------------

void World::BootNode(std::size_t index) {
  NodeProcess& node = nodes_[index];
  if (node.loop != nullptr) return;
  ++node.process;
  node.inner = std::make_unique<ArchivingJournal>(store_, deleted_);
  node.journal = std::make_unique<memory::FaultyJournal>(
      *node.inner, [this, index](memory::Call call) { return Plan(index, call); });
  node.journal->Advance(now());
  runtime::EngineOptions options;
  options.node_id = node.node_id;
  options.default_task_lease_us = 5 * core::kSecondUs;
  options.snapshot_every_events = 12;
  options.batch_workflows_max = 4;
  node.loop = std::make_unique<runtime::Loop>(
      options,
      runtime::Collaborators{
          *node.journal, clock_, metrics_, [](std::int64_t id) { return DefinitionNumber(id); },
          [](const std::string&, const std::string& name, std::int32_t version) {
            return DefinitionNamed(name, version);
          },
          nullptr,
          [](const std::string&, const std::vector<std::string>& names, const auto& done) {
            done(TaskDefinitionsNamed(names));
          },
          // Every other process finds nothing in memory.
          [odd = node.process % 2 == 1](const std::string&, const std::string& name,
                                        std::int32_t version) {
            return odd ? DefinitionNamed(name, version) : nullptr;
          },
          [](const std::string&, const std::string& json) { return DefinitionInPlace(json); },
          TaskLimitsOfAll()});
  AttachRunners(node);
  TickRunner(index, node.process);
  node.watcher = std::make_shared<NodeWatcher>(*this);
  CHECK(node.loop->Watch({.name_space = "default"}, node.watcher).ok());
  node.touched = true;
}

// What a dead process had of scripts and lookups is given to the next one; whether its calls took
// effect is not known.
void World::AttachRunners(NodeProcess& node) {
  const auto attach = [&](std::unique_ptr<ports::TaskRunner> runner, std::string incarnation) {
    node.runners.push_back(std::make_unique<runtime::RunnerHost>(
        *node.loop, std::move(runner),
        runtime::RunnerHostOptions{.incarnation = std::move(incarnation),
                                   .answer_us_max = 8 * core::kSecondUs}));
    CHECK(node.runners.back()->Attach().ok());
  };
  attach(std::make_unique<SimRunner>(*this), "scripts");
  attach(std::make_unique<SimCaller>(*this), absl::StrCat("calls ", node.node_id, node.process));
  attach(std::make_unique<runtime::WorkflowRunner>(*node.loop, *node.journal, DefinitionNumber),
         "workflows");
}

// What the engine could not record is reported again.
void World::TickRunner(std::size_t index, std::uint64_t process) {
  NodeProcess& node = nodes_[index];
  if (node.loop == nullptr || node.process != process) return;
  for (const auto& runner : node.runners) runner->Tick();
  node.touched = true;
  After(250 * kMs, [this, index, process] { TickRunner(index, process); });
}

void World::CrashNode(std::size_t index, bool restart) {
  NodeProcess& node = nodes_[index];
  if (node.loop != nullptr) {
    if (tracing_) Trace(absl::StrCat(node.node_id, " crashes"));
    probes_.Met(Probe::kNodeCrashed);
    node.journal->Crash(random_.Chance(500));
    // Whoever waits for it hears nothing better than that it is gone.
    node.runners.clear();
    const std::unique_ptr<runtime::Loop> dead = std::move(node.loop);
    node.loop = nullptr;
    ghosts_.push_back({std::move(node.inner), std::move(node.journal)});
  }
  if (!restart) return;
  After(random_.Between(100, 14'000) * kMs, [this, index] { BootNode(index); });
}

runtime::Loop* World::Node(std::size_t index) {
  NodeProcess& node = nodes_[index];
  node.touched = true;
  return node.loop.get();
}

void World::RunNodes() {
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    NodeProcess& node = nodes_[i];
    if (node.loop == nullptr || (!node.touched && node.wake_at > now())) continue;
    node.touched = false;
    const std::size_t shards = node.loop->state().shards.shards().size();
    node.wake_at = node.loop->Tick(now());
    if (node.loop->serving() && i != 0 && shards == 0 &&
        !node.loop->state().shards.shards().empty()) {
      probes_.Met(Probe::kShardsTakenOver);
    }
    if (!node.loop->lost()) continue;
    probes_.Met(Probe::kNodeLost);
    CrashNode(i, true);
  }
}

// ---- faults
// ----------------------------------------------------------------------------------------

memory::Fate World::PlanCommit() {
  memory::Fate fate;
  fate.carried_out_after_us = random_.Between(100, 3'000);
  fate.answered_after_us = fate.carried_out_after_us + random_.Between(50, 500);
  if (calm()) return fate;
  const std::uint64_t pick = random_.Below(1'000);
  if (pick < 40) {
    probes_.Met(Probe::kCommitUnavailable);
    fate.kind = memory::Fate::Kind::kUnavailable;
  } else if (pick < 55) {
    probes_.Met(Probe::kCommitUnknownWritten);
    fate.kind = memory::Fate::Kind::kUnknownWritten;
    if (random_.Chance(300)) fate.answered_after_us = fate.carried_out_after_us / 2;
  } else if (pick < 70) {
    probes_.Met(Probe::kCommitUnknownLost);
    fate.kind = memory::Fate::Kind::kUnknownLost;
  } else if (pick < 90) {
    fate.carried_out_after_us = random_.Between(100, 2'000) * kMs;
    fate.answered_after_us = fate.carried_out_after_us + 1;
  } else if (pick < 93) {
    // Longer than the node's lease: another node takes its shards.
    fate.carried_out_after_us = 12 * core::kSecondUs;
    fate.answered_after_us = fate.carried_out_after_us + 1;
  }
  return fate;
}

memory::Fate World::Plan(std::size_t index, memory::Call call) {
  if (now() < nodes_[index].cut_off_until) {
    return {.kind = memory::Fate::Kind::kUnavailable, .answered_after_us = 300 * kMs};
  }
  if (call == memory::Call::kCommit) return PlanCommit();
  if (call == memory::Call::kLoadDue) probes_.Met(Probe::kParkedWorkflowWoken);
  memory::Fate fate;
  fate.carried_out_after_us = random_.Between(50, 3'000);
  fate.answered_after_us = fate.carried_out_after_us + random_.Between(50, 2'000);
  if (calm()) return fate;
  if (random_.Chance(40)) fate.kind = memory::Fate::Kind::kUnavailable;
  if (random_.Chance(30)) fate.answered_after_us += 800 * kMs;
  return fate;
}

void World::PlanChaos() {
  for (std::uint64_t i = random_.Below(4); i > 0; --i) {
    const std::size_t node = random_.Below(nodes_.size());
    After(random_.Between(500, 24'000) * kMs, [this, node] { CrashNode(node, true); });
  }
  if (random_.Chance(200)) {
    // Longer than the node's lease: another node takes its shards meanwhile.
    const std::size_t node = random_.Below(nodes_.size());
    After(random_.Between(500, 14'000) * kMs,
          [this, node] { nodes_[node].cut_off_until = now() + 14 * core::kSecondUs; });
  }
  for (std::uint64_t i = random_.Below(4); i > 0; --i) {
    const std::size_t worker = random_.Below(workers_.size());
    const core::DurationUs at_us = random_.Between(500, 24'000) * kMs;
    After(at_us, [this, worker] {
      probes_.Met(Probe::kWorkerDied);
      workers_[worker]->Die();
    });
    After(at_us + random_.Between(100, 6'000) * kMs,
          [this, worker] { workers_[worker]->Restart(); });
  }
  for (std::uint64_t i = random_.Below(6); i > 0; --i) {
    const std::size_t worker = random_.Below(workers_.size());
    const std::size_t node = random_.Below(nodes_.size());
    const bool noticed = random_.Chance(500);
    After(random_.Between(500, 24'000) * kMs,
          [this, worker, node, noticed] { workers_[worker]->BreakStream(node, noticed); });
  }
  After(kChaosUs, [this] { BecomeCalm(); });
}

void World::BecomeCalm() {
  for (std::size_t i = 0; i < nodes_.size(); ++i) BootNode(i);
  // What hangs, hangs for ever; its process is replaced.
  for (const auto& worker : workers_) worker->Restart();
}

// ---- running
// ---------------------------------------------------------------------------------------

void World::After(core::DurationUs delay_us, std::function<void()> what) {
  events_.emplace(std::pair(now() + delay_us, next_event_++), std::move(what));
}

std::shared_ptr<const core::Definition> World::SomeDefinition() {
  while (definitions_.size() < 3) {
    definitions_.push_back(1 + static_cast<std::int64_t>(random_.Below(kDefinitions)));
  }
  return DefinitionNumber(definitions_[random_.Below(definitions_.size())]);
}

core::WorkflowId World::NewId() {
  ++next_id_;
  return base::UuidV7(now() / 1'000, random_.Next(), random_.Next());
}

void World::Complain(const std::string& what) {
  if (tracing_) Trace("COMPLAINT " + what);
  complaints_.push_back(what);
}

void World::Trace(const std::string& what) {
  trace_.push_back(absl::StrCat((now() - chaos_ends_at_ + kChaosUs) / 1'000, "ms ", what));
}

void World::CheckDurable(const core::WorkflowId& id, core::EventSeq seq, const char* what) {
  const core::EventSeq stored = store_.LastSeq(id);
  if (stored >= seq) return;
  const auto gone = deleted_.find(id);
  if (gone != deleted_.end() && gone->second.rows.back().last_seq >= seq) return;
  Complain(absl::StrCat(id.ToString(), ": ", what, " of event ", seq, " while ", stored,
                        " is the last that is durable"));
}

void World::NoteAssigned(const runtime::Assignment& assignment, const std::string& incarnation) {
  CheckDurable(assignment.workflow, assignment.fence, "assignment");
  const auto priority = priorities_.find(assignment.workflow);
  if (priority != priorities_.end()) {
    if (assignment.priority > 0) probes_.Met(Probe::kPrioritized);
    if (assignment.priority != priority->second) {
      Complain(absl::StrCat(assignment.workflow.ToString(), ": task ", assignment.task,
                            " has priority ", assignment.priority, ", not ", priority->second));
    }
  }
  const runtime::TaskKey key{assignment.workflow, assignment.task, assignment.fence};
  const auto [known, fresh] = assigned_.emplace(key, incarnation);
  if (fresh || known->second == incarnation) return;
  Complain(absl::StrCat(assignment.workflow.ToString(), ": task ", assignment.task, " fence ",
                        assignment.fence, " was given to ", known->second, " and to ",
                        incarnation));
}

core::TimeUs World::NextAt() const {
  core::TimeUs next = events_.empty() ? INT64_MAX : events_.begin()->first.first;
  const auto consider = [&](core::TimeUs at) {
    if (at != 0) next = std::min(next, at);
  };
  for (const NodeProcess& node : nodes_) {
    if (node.loop == nullptr) continue;
    if (node.touched) return now();
    consider(node.wake_at);
    consider(node.journal->next_at());
  }
  for (const Ghost& ghost : ghosts_) consider(ghost.journal->next_at());
  return next;
}

bool World::Step(core::TimeUs end) {
  const core::TimeUs next = NextAt();
  if (next > end) return false;
  clock_.Set(next);
  while (!events_.empty() && events_.begin()->first.first <= now()) {
    const std::function<void()> what = std::move(events_.begin()->second);
    events_.erase(events_.begin());
    what();
  }
  for (Ghost& ghost : ghosts_) ghost.journal->Advance(now());
  for (NodeProcess& node : nodes_) {
    if (node.loop == nullptr) continue;
    const core::TimeUs at = node.journal->next_at();
    if (at != 0 && at <= now()) node.touched = true;
    node.journal->Advance(now());
  }
  RunNodes();
  return true;
}

std::set<core::WorkflowId> WithParkedKin(
    const std::vector<ports::WorkflowSummary>& all,
    const std::function<bool(const ports::WorkflowSummary&)>& for_good) {
  std::map<core::WorkflowId, core::WorkflowId> parents;
  for (const ports::WorkflowSummary& one : all) parents[one.id] = one.parent;
  std::set<core::WorkflowId> waiting;
  for (const ports::WorkflowSummary& one : all) {
    if (one.saga_status != core::SagaStatus::kParked || !for_good(one)) continue;
    for (core::WorkflowId id = one.id; !id.is_nil(); id = parents[id]) waiting.insert(id);
  }
  return waiting;
}

bool World::AllFinished() const {
  const bool looked = calm() && std::all_of(clients_.begin(), clients_.end(),
                                            [](const auto& one) { return one->finished(); });
  if (!looked || store_.CountOwing() > 0) return false;
  // The end of one workflow may begin another.
  const std::vector<ports::WorkflowSummary> all = store_.AllWorkflows();
  const std::set<core::WorkflowId> waiting =
      WithParkedKin(all, [](const ports::WorkflowSummary&) { return true; });
  // One above a parked one may wait for something else meanwhile, for example for its next attempt.
  return std::all_of(all.begin(), all.end(), [&](const ports::WorkflowSummary& one) {
    return core::IsTerminal(one.status) ||
           (waiting.contains(one.id) && WaitsForAPerson(store_, one.id));
  });
}

std::vector<std::string> World::Run() {
  const core::TimeUs end = now() + kCalmUs;
  std::size_t steps = 0;
  while (!AllFinished() && Step(end)) {
    if (++steps > kStepsMax) {
      Complain("the run spins");
      break;
    }
  }
  for (const auto& client : clients_) {
    if (!client->finished()) Complain("not finished: " + client->Describe());
  }
  const std::vector<std::string> found =
      Judge({store_, deleted_, ledger_, requested_, recorded_, promised_, nodes_.size()}, probes_);
  complaints_.insert(complaints_.end(), found.begin(), found.end());
  if (tracing_ && !complaints_.empty()) {
    for (const core::WorkflowId& id : store_.WorkflowIds()) {
      trace_.push_back(
          absl::StrCat("history of ", id.ToString(), "\n", DescribeHistory(store_, id)));
    }
  }
  return complaints_;
}

}  // namespace skald::sim
