// Verdict: looks at the store and the ledger after a run, and says what is wrong.
//
// Single-threaded.
#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/memory/memory_store.h"
#include "engine/runtime/engine.h"
#include "tests/sim/archiving_journal.h"
#include "tests/sim/ledger.h"
#include "tests/sim/probes.h"

namespace skald::sim {

struct Evidence {
  const memory::MemoryStore& store;
  const Archive& deleted;
  const Ledger& ledger;
  const std::set<core::WorkflowId>& requested;    // what clients asked to start
  const std::vector<runtime::TaskKey>& recorded;  // results acknowledged as recorded
  // What bears a marker (sim_person.h) and was acknowledged as recorded.
  const std::set<std::pair<core::WorkflowId, std::string>>& promised;
  std::size_t nodes = 1;
};

// Histories, also of what was deleted, keep the invariants and replay to the stored state; every
// workflow that was asked for is there or was deleted, once, and has ended or is parked; effects
// balance; what was acknowledged is in a history; no limit and no turn was exceeded; a key stood
// for one workflow; a result used again had been given.
std::vector<std::string> Judge(const Evidence& evidence, Probes& probes);

// Parked, or shows the sub-workflow that is.
bool WaitsForAPerson(const memory::MemoryStore& store, const core::WorkflowId& id);

// The events of a workflow as stored, for people.
std::string DescribeHistory(const memory::MemoryStore& store, const core::WorkflowId& id);

}  // namespace skald::sim
