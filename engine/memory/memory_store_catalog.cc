// The half of MemoryStore that catalogs read and write.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "engine/memory/memory_store.h"
#include "engine/ports/no_such_workflow.h"

namespace skald::memory {
namespace {

std::string Named(const std::string& name_space, const std::string& name, std::int32_t version) {
  return absl::StrCat(name_space, "/", name,
                      version == 0 ? "" : absl::StrCat(" version ", version));
}

}  // namespace

absl::Status MemoryStore::PutDefinition(const ports::StoredDefinition& definition, bool overwrite) {
  base::MutexLock lock(mutex_);
  const VersionKey key(definition.name_space, definition.name, definition.version);
  const auto known = definitions_.find(key);
  if (known != definitions_.end() && !overwrite) {
    return absl::AlreadyExistsError(absl::StrCat(
        "definition ", Named(definition.name_space, definition.name, definition.version),
        " is registered already"));
  }
  ports::StoredDefinition stored = definition;
  if (known != definitions_.end()) stored.created_at = known->second.created_at;
  definitions_[key] = std::move(stored);
  ++generation_;
  return absl::OkStatus();
}

absl::StatusOr<ports::StoredDefinition> MemoryStore::GetDefinition(const std::string& name_space,
                                                                   const std::string& name,
                                                                   std::int32_t version) const {
  base::MutexLock lock(mutex_);
  auto found = definitions_.end();
  if (version != 0) {
    found = definitions_.find({name_space, name, version});
  } else {
    // The last of that name, if there is one.
    const auto after = definitions_.upper_bound({name_space, name, INT32_MAX});
    if (after != definitions_.begin()) found = std::prev(after);
  }
  const bool there = found != definitions_.end() && std::get<0>(found->first) == name_space &&
                     std::get<1>(found->first) == name;
  if (there) return found->second;
  return absl::NotFoundError(
      absl::StrCat("there is no definition ", Named(name_space, name, version)));
}

std::vector<ports::StoredDefinition> MemoryStore::AllDefinitions(
    const std::string& name_space) const {
  base::MutexLock lock(mutex_);
  std::vector<ports::StoredDefinition> result;
  for (const auto& [key, definition] : definitions_) {
    if (std::get<0>(key) == name_space) result.push_back(definition);
  }
  return result;
}

absl::Status MemoryStore::DeleteDefinition(const std::string& name_space, const std::string& name,
                                           std::int32_t version) {
  base::MutexLock lock(mutex_);
  if (definitions_.erase({name_space, name, version}) == 0) {
    return absl::NotFoundError(
        absl::StrCat("there is no definition ", Named(name_space, name, version)));
  }
  ++generation_;
  return absl::OkStatus();
}

absl::Status MemoryStore::PutTaskDefinition(const ports::StoredDefinition& definition) {
  base::MutexLock lock(mutex_);
  const NameKey key(definition.name_space, definition.name);
  const auto known = task_definitions_.find(key);
  ports::StoredDefinition stored = definition;
  if (known != task_definitions_.end()) stored.created_at = known->second.created_at;
  task_definitions_[key] = std::move(stored);
  ++generation_;
  return absl::OkStatus();
}

absl::StatusOr<ports::StoredDefinition> MemoryStore::GetTaskDefinition(
    const std::string& name_space, const std::string& name) const {
  base::MutexLock lock(mutex_);
  const auto found = task_definitions_.find({name_space, name});
  if (found != task_definitions_.end()) return found->second;
  return absl::NotFoundError(
      absl::StrCat("there is no task definition ", Named(name_space, name, 0)));
}

std::vector<ports::StoredDefinition> MemoryStore::AllTaskDefinitions(
    const std::string& name_space) const {
  base::MutexLock lock(mutex_);
  std::vector<ports::StoredDefinition> result;
  for (const auto& [key, definition] : task_definitions_) {
    if (key.first == name_space) result.push_back(definition);
  }
  return result;
}

std::vector<ports::StoredDefinition> MemoryStore::LimitedTaskDefinitions(
    std::size_t count_max) const {
  base::MutexLock lock(mutex_);
  std::vector<ports::StoredDefinition> result;
  for (const auto& [key, definition] : task_definitions_) {
    const std::string& source = definition.source;
    const bool limited = source.find("\"concurrentExecLimit") != std::string::npos ||
                         source.find("\"rateLimitPerFrequency\"") != std::string::npos;
    if (limited && result.size() < count_max) result.push_back(definition);
  }
  return result;
}

absl::Status MemoryStore::DeleteTaskDefinition(const std::string& name_space,
                                               const std::string& name) {
  base::MutexLock lock(mutex_);
  if (task_definitions_.erase({name_space, name}) == 0) {
    return absl::NotFoundError(
        absl::StrCat("there is no task definition ", Named(name_space, name, 0)));
  }
  ++generation_;
  return absl::OkStatus();
}

std::int64_t MemoryStore::PinDefinition(const std::string& body) {
  base::MutexLock lock(mutex_);
  const auto [pin, fresh] = pin_ids_.try_emplace(body, static_cast<std::int64_t>(pins_.size()) + 1);
  if (fresh) pins_.push_back(body);
  return pin->second;
}

absl::StatusOr<std::string> MemoryStore::GetPinned(std::int64_t id) const {
  base::MutexLock lock(mutex_);
  if (id >= 1 && id <= static_cast<std::int64_t>(pins_.size())) return pins_[id - 1];
  return absl::NotFoundError(absl::StrCat("there is no pinned definition ", id));
}

std::uint64_t MemoryStore::generation() const {
  base::MutexLock lock(mutex_);
  return generation_;
}

std::vector<ports::WorkflowSummary> MemoryStore::AllWorkflows() const {
  base::MutexLock lock(mutex_);
  std::vector<ports::WorkflowSummary> result;
  for (const auto& [id, workflow] : workflows_) {
    const ports::WorkflowRow& row = workflow.row;
    result.push_back({id, row.name_space, row.name, row.version, row.status, row.saga_status,
                      row.correlation_id, row.reason, row.priority, row.started_at, row.updated_at,
                      row.ended_at, row.parent});
  }
  return result;
}

std::size_t MemoryStore::CountOwing() const {
  base::MutexLock lock(mutex_);
  return static_cast<std::size_t>(
      std::count_if(workflows_.begin(), workflows_.end(), [](const auto& stored) {
        const ports::WorkflowRow& row = stored.second.row;
        return core::IsTerminal(row.status) && row.parked;
      }));
}

std::vector<ports::NodeRecord> MemoryStore::LeasedNodes() const {
  base::MutexLock lock(mutex_);
  const core::TimeUs now = clock_.Now();
  std::vector<ports::NodeRecord> result;
  for (const auto& [node_id, node] : nodes_) {
    if (node.expires_at == 0 || result.size() == ports::kNodesListedMax) continue;
    const auto shards = std::count_if(shards_.begin(), shards_.end(),
                                      [&](const auto& owned) { return owned.owner == node_id; });
    result.push_back({.node_id = node_id,
                      .epoch = node.epoch,
                      .expires_at = node.expires_at,
                      .alive = node.expires_at > now,
                      .shards = static_cast<std::uint32_t>(shards)});
  }
  return result;
}

absl::StatusOr<std::vector<ports::HistoryRow>> MemoryStore::ReadHistory(
    const core::WorkflowId& id, core::EventSeq after_seq, std::size_t rows_max) const {
  base::MutexLock lock(mutex_);
  const auto found = workflows_.find(id);
  if (found == workflows_.end()) {
    return ports::NoSuchWorkflow(id);
  }
  std::vector<ports::HistoryRow> result;
  for (const ports::HistoryRow& row : found->second.history) {
    if (row.last_seq <= after_seq || result.size() >= rows_max) continue;
    result.push_back(Complete(row, found->second));
  }
  return result;
}

}  // namespace skald::memory
