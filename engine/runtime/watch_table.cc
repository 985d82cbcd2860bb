#include "engine/runtime/watch_table.h"

#include <string>
#include <variant>

namespace skald::runtime {
namespace {

bool Matches(const WatchFilter& filter, const core::WorkflowId& id,
             const core::Definition& definition, const std::string& correlation_id) {
  if (!filter.id.is_nil() && filter.id != id) return false;
  if (filter.name_space != definition.name_space) return false;
  if (!filter.name.empty() && filter.name != definition.name) return false;
  return filter.correlation_id.empty() || filter.correlation_id == correlation_id;
}

// Empty when nothing is left of it for this filter.
Notice Narrow(const Notice& notice, const WatchFilter& filter) {
  if (!filter.ends_only) return notice;
  Notice result{notice.id, notice.definition, notice.correlation_id, {}};
  for (const core::Event& event : notice.events) {
    if (std::holds_alternative<core::WorkflowEnded>(event.body)) result.events.push_back(event);
  }
  return result;
}

}  // namespace

void WatchTable::Add(WatchId id, WatchFilter filter, std::shared_ptr<WatchSink> sink) {
  (filter.id.is_nil() ? general_ : by_workflow_[filter.id]).push_back(id);
  watches_[id] = Entry{std::move(filter), std::move(sink)};
}

void WatchTable::Remove(WatchId id) {
  const auto found = watches_.find(id);
  if (found == watches_.end()) return;
  const core::WorkflowId workflow = found->second.filter.id;
  if (workflow.is_nil()) {
    std::erase(general_, id);
  } else if (auto list = by_workflow_.find(workflow); list != by_workflow_.end()) {
    std::erase(list->second, id);
    if (list->second.empty()) by_workflow_.erase(list);
  }
  watches_.erase(found);
}

std::vector<WatchId> WatchTable::Candidates(const core::WorkflowId& id) const {
  std::vector<WatchId> result = general_;
  const auto own = by_workflow_.find(id);
  if (own != by_workflow_.end())
    result.insert(result.end(), own->second.begin(), own->second.end());
  return result;
}

bool WatchTable::Wants(const Workflow& workflow) const {
  if (watches_.empty()) return false;
  for (const WatchId watch : Candidates(workflow.state.id)) {
    const WatchFilter& filter = watches_.at(watch).filter;
    if (Matches(filter, workflow.state.id, *workflow.definition,
                workflow.state.start.correlation_id)) {
      return true;
    }
  }
  return false;
}

void WatchTable::Tell(const std::vector<Notice>& notices) {
  std::map<WatchId, std::vector<Notice>> told;
  for (const Notice& notice : notices) {
    for (const WatchId watch : Candidates(notice.id)) {
      const WatchFilter& filter = watches_.at(watch).filter;
      if (!Matches(filter, notice.id, *notice.definition, notice.correlation_id)) continue;
      Notice narrowed = Narrow(notice, filter);
      if (!narrowed.events.empty()) told[watch].push_back(std::move(narrowed));
    }
  }
  for (auto& [watch, list] : told) {
    if (!watches_.at(watch).sink->Tell(list)) Remove(watch);
  }
}

}  // namespace skald::runtime
