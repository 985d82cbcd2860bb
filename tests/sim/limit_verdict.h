// LimitVerdict: reads in the histories of a run whether any limit of a task definition was ever
// exceeded.
//
// Single-threaded. At one moment ends are counted before starts: a place may change hands in one
// decision. A limit holds on each node, so a world of several nodes is allowed so many times it.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/event.h"
#include "engine/core/types.h"
#include "tests/sim/probes.h"

namespace skald::sim {

class LimitVerdict {
 public:
  // The history of one workflow.
  void Add(const std::vector<core::Event>& events);
  // What is wrong; empty = nothing.
  std::vector<std::string> Judge(std::size_t nodes, Probes& probes) const;

 private:
  struct Usage {
    std::map<std::pair<core::TimeUs, int>, int> changes;  // (when, ends first) → by how many
    std::vector<core::TimeUs> starts;
  };
  std::map<std::string, Usage> by_type_;
};

}  // namespace skald::sim
