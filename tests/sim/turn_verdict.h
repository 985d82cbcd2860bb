// TurnVerdict: reads in the histories of a run whether ever more workflows began than their turns
// allowed, and whether anybody was kept waiting for a turn that was free.
//
// Single-threaded. At one moment ends are counted before beginnings: a turn may change hands in one
// decision. A bound holds on each node, so a world of several nodes is allowed so many times it.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "engine/core/event.h"
#include "engine/core/types.h"
#include "tests/sim/probes.h"

namespace skald::sim {

class TurnVerdict {
 public:
  // The history of one workflow.
  void Add(const core::WorkflowId& id, const std::vector<core::Event>& events);
  // What is wrong; empty = nothing.
  std::vector<std::string> Judge(std::size_t nodes, Probes& probes) const;

 private:
  // In the order in which they may follow one another within a moment: who gives up a turn may be
  // why another one, of the same parent, ends.
  enum class Change : std::uint8_t { kGivesUp, kEnds, kGoesOn, kBegins };
  struct Line {
    int running_max = 0;
    std::vector<std::tuple<core::TimeUs, Change, core::WorkflowId>> changes;
  };
  std::map<std::pair<std::string, std::string>, Line> lines_;  // by definition and key
  int waited_ = 0;
};

}  // namespace skald::sim
