// Turns: which workflows under a TurnRule run, and who is next (conductor.md 1.2, rateLimitConfig).
//
// A rule holds for the workflows of one definition (any version) and key. Those that wait go in the
// order in which they began. Durable by what their histories say: on a load, Hold and Wait are
// called again, and nobody's turn comes while Close holds, because it is not known yet who runs.
//
// Single-threaded; O(log n) per call. Bounded by the workflows in memory: those under a rule stay
// there until they end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "engine/core/types.h"
#include "engine/runtime/engine.h"

namespace skald::runtime {

struct TurnName {
  std::string name_space, workflow, key;
  friend auto operator<=>(const TurnName&, const TurnName&) = default;
};

class Turns {
 public:
  // It waits; `began_at` gives its place. `running_max` is the bound that it knows.
  void Wait(const core::WorkflowId& id, const TurnName& name, std::int32_t running_max,
            core::TimeUs began_at);
  // It runs.
  void Hold(const core::WorkflowId& id, const TurnName& name, std::int32_t running_max);
  // It has ended, or waits no longer. Nothing happens when it was neither.
  void Leave(const core::WorkflowId& id);
  // True when one that began now would not have to wait.
  bool HasRoom(const TurnName& name, std::int32_t running_max) const;

  // The next one whose turn has come; it runs from now on. Nil: there is none.
  core::WorkflowId Next();
  bool has_next() const { return open_ && !stirred_.empty(); }

  void Close() { open_ = false; }
  void Open() { open_ = true; }
  void Drop();

  std::vector<EngineStats::TurnUse> Uses() const;

 private:
  using Place = std::pair<core::TimeUs, core::WorkflowId>;
  struct Line {
    std::int32_t running_max = 0;  // of the newest that spoke
    std::set<core::WorkflowId> running;
    std::set<Place> waiting;
  };
  struct Member {
    TurnName name;
    Place place;
  };

  void MaybeForget(const TurnName& name);

  bool open_ = true;
  std::map<TurnName, Line> lines_;
  absl::flat_hash_map<core::WorkflowId, Member> members_;
  std::set<TurnName> stirred_;  // may have somebody whose turn has come
};

}  // namespace skald::runtime
