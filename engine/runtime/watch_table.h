// WatchTable: who wants to hear of which durable events.
//
// Single-threaded. Shares the sinks with the edge.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "engine/runtime/engine.h"
#include "engine/runtime/workflow.h"

namespace skald::runtime {

class WatchTable {
 public:
  void Add(WatchId id, WatchFilter filter, std::shared_ptr<WatchSink> sink);
  void Remove(WatchId id);

  bool empty() const { return watches_.empty(); }
  // True when somebody may want events of this workflow.
  bool Wants(const Workflow& workflow) const;

  // Tells each watcher what it asked for, in one call each; those that refuse are dropped.
  void Tell(const std::vector<Notice>& notices);

 private:
  struct Entry {
    WatchFilter filter;
    std::shared_ptr<WatchSink> sink;
  };
  // Watches for one workflow, by id; the others have to be tried one by one.
  std::vector<WatchId> Candidates(const core::WorkflowId& id) const;

  std::map<WatchId, Entry> watches_;
  absl::flat_hash_map<core::WorkflowId, std::vector<WatchId>> by_workflow_;
  std::vector<WatchId> general_;
};

}  // namespace skald::runtime
