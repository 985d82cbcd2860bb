// LoopState: the tables that the parts of a loop share, and its collaborators.
//
// A plain aggregate; belongs to the ticking thread except for `inbox` and `refusals`. Each part
// (decider.h, client_desk.h, …) says which tables it changes.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/ports/catalog.h"
#include "engine/ports/clock.h"
#include "engine/ports/journal.h"
#include "engine/ports/metrics.h"
#include "engine/ports/secret_store.h"
#include "engine/runtime/committer.h"
#include "engine/runtime/engine.h"
#include "engine/runtime/fold.h"
#include "engine/runtime/inbox.h"
#include "engine/runtime/letter.h"
#include "engine/runtime/load_fence.h"
#include "engine/runtime/matcher.h"
#include "engine/runtime/refusals.h"
#include "engine/runtime/result_cache.h"
#include "engine/runtime/shard_table.h"
#include "engine/runtime/turns.h"
#include "engine/runtime/watch_table.h"
#include "engine/runtime/worker_table.h"

namespace skald::runtime {

// What an engine needs; all outlive it. The functions are described in engine.h.
struct Collaborators {
  ports::Journal& journal;
  ports::Clock& clock;
  ports::Metrics& metrics;
  DefinitionById definition_by_id;
  DefinitionByName definition_by_name;
  const ports::SecretStore* secrets = nullptr;  // null: there are none
  TaskDefinitionsByName task_definitions_by_name;
  // Null: the functions above are asked, and definitions in place refused.
  DefinitionInMemory definition_in_memory = nullptr;
  DefinitionInPlace definition_in_place = nullptr;
  // To begin with; later ones come by Loop::SetTaskLimits.
  TaskLimits task_limits = nullptr;
};

// A core::ResolveSteps that is to be asked.
struct StepQuestion {
  core::WorkflowId workflow;
  std::string name_space;
  core::EventSeq request = 0;
  std::vector<std::string> names;
};

enum class Phase {
  kJoining,  // takes the node's lease, its shards, loads them
  kServing,
  kStopping,  // takes no new work, commits what is open
  kStopped,
  kLost,  // fenced off, or given up
};

struct LoopState {
  LoopState(EngineOptions options_wanted, Collaborators collaborators)
      : options(std::move(options_wanted)),
        journal(collaborators.journal),
        clock(collaborators.clock),
        metrics(collaborators.metrics),
        definition_by_id(std::move(collaborators.definition_by_id)),
        definition_by_name(std::move(collaborators.definition_by_name)),
        secrets(collaborators.secrets),
        task_definitions_by_name(std::move(collaborators.task_definitions_by_name)),
        definition_in_memory(std::move(collaborators.definition_in_memory)),
        definition_in_place(std::move(collaborators.definition_in_place)),
        refusals(metrics, clock),
        first_task_limits(std::move(collaborators.task_limits)),
        inbox(std::make_shared<Inbox>(options.inbox_max)),
        matcher(workers),
        committer(options, journal, metrics, clock, watches, shards, inbox) {}

  const EngineOptions options;
  ports::Journal& journal;
  ports::Clock& clock;
  ports::Metrics& metrics;
  const DefinitionById definition_by_id;
  const DefinitionByName definition_by_name;
  const ports::SecretStore* const secrets;
  const TaskDefinitionsByName task_definitions_by_name;
  const DefinitionInMemory definition_in_memory;
  const DefinitionInPlace definition_in_place;
  Refusals refusals;
  const TaskLimits first_task_limits;
  std::shared_ptr<Inbox> inbox;  // shared with the callbacks of the journal

  core::TimeUs now = 0;  // of this tick
  Phase phase = Phase::kJoining;
  ports::NodeLease lease;
  // Grows whenever the memory of workflows is dropped: answers to questions of before are stale.
  std::uint64_t generation = 1;

  // Replaced as a whole: loads under way read the one they began with.
  std::shared_ptr<const Untold> untold = std::make_shared<const Untold>();

  // Of the shards that are served, in memory or not; what is not durable yet counts.
  ports::OpenWorkflows open;

  LoadFence load_fence;
  ShardTable shards;
  WorkerTable workers;
  WatchTable watches;
  Matcher matcher;
  Turns turns;
  TimerHeap timers;                    // of Workflow
  std::deque<StepQuestion> questions;  // one per open request at most
  Committer committer;
  std::deque<Letter> letters;  // written, and not carried out yet (courier.h)
  ResultCache results{kCachedResultsMax, kCachedBytesMax};
};

}  // namespace skald::runtime
