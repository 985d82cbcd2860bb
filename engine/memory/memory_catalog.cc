#include "engine/memory/memory_catalog.h"

#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "engine/ports/no_such_workflow.h"

namespace skald::memory {
namespace {

constexpr std::size_t kPageSizeMax = 1'000;

template <typename T>
absl::StatusOr<ports::Paged<T>> Cut(std::vector<T> all, const ports::Page& page) {
  std::size_t first = 0;
  if (!page.token.empty() && !absl::SimpleAtoi(page.token, &first)) {
    return absl::InvalidArgumentError("page_token: malformed");
  }
  const std::size_t size = std::clamp<std::size_t>(page.size, 1, kPageSizeMax);
  ports::Paged<T> result;
  for (std::size_t i = first; i < all.size() && i < first + size; ++i) {
    result.items.push_back(std::move(all[i]));
  }
  if (first + size < all.size()) result.next_token = absl::StrCat(first + size);
  return result;
}

template <typename T>
bool AnyOf(const std::vector<T>& wanted, T value) {
  return wanted.empty() || std::find(wanted.begin(), wanted.end(), value) != wanted.end();
}

bool Matches(const ports::WorkflowFilter& filter, const ports::WorkflowSummary& summary) {
  const auto text = [](const std::string& wanted, const std::string& value) {
    return wanted.empty() || wanted == value;
  };
  return text(filter.name_space, summary.name_space) && text(filter.name, summary.name) &&
         text(filter.correlation_id, summary.correlation_id) &&
         AnyOf(filter.statuses, summary.status) &&
         AnyOf(filter.saga_statuses, summary.saga_status) &&
         (filter.parent.is_nil() || filter.parent == summary.parent) &&
         (filter.started_from == 0 || summary.started_at >= filter.started_from) &&
         (filter.started_before == 0 || summary.started_at < filter.started_before);
}

}  // namespace

absl::Status MemoryCatalog::PutDefinition(const ports::StoredDefinition& definition,
                                          bool overwrite) {
  return store_.PutDefinition(definition, overwrite);
}

absl::StatusOr<ports::StoredDefinition> MemoryCatalog::GetDefinition(const std::string& name_space,
                                                                     const std::string& name,
                                                                     std::int32_t version) {
  return store_.GetDefinition(name_space, name, version);
}

absl::StatusOr<ports::Paged<ports::StoredDefinition>> MemoryCatalog::ListDefinitions(
    const std::string& name_space, const ports::Page& page) {
  return Cut(store_.AllDefinitions(name_space), page);
}

absl::Status MemoryCatalog::DeleteDefinition(const std::string& name_space, const std::string& name,
                                             std::int32_t version) {
  return store_.DeleteDefinition(name_space, name, version);
}

absl::Status MemoryCatalog::PutTaskDefinition(const ports::StoredDefinition& definition) {
  return store_.PutTaskDefinition(definition);
}

absl::StatusOr<ports::StoredDefinition> MemoryCatalog::GetTaskDefinition(
    const std::string& name_space, const std::string& name) {
  return store_.GetTaskDefinition(name_space, name);
}

absl::StatusOr<ports::Paged<ports::StoredDefinition>> MemoryCatalog::ListTaskDefinitions(
    const std::string& name_space, const ports::Page& page) {
  return Cut(store_.AllTaskDefinitions(name_space), page);
}

absl::Status MemoryCatalog::DeleteTaskDefinition(const std::string& name_space,
                                                 const std::string& name) {
  return store_.DeleteTaskDefinition(name_space, name);
}

absl::StatusOr<std::int32_t> MemoryCatalog::PutSchema(const ports::StoredDefinition& schema) {
  return store_.PutSchema(schema);
}

absl::StatusOr<ports::StoredDefinition> MemoryCatalog::GetSchema(const std::string& name_space,
                                                                 const std::string& name,
                                                                 std::int32_t version) {
  return store_.GetSchema(name_space, name, version);
}

absl::StatusOr<ports::Paged<ports::StoredDefinition>> MemoryCatalog::ListSchemas(
    const std::string& name_space, const ports::Page& page) {
  return Cut(store_.AllSchemas(name_space), page);
}

absl::Status MemoryCatalog::DeleteSchema(const std::string& name_space, const std::string& name,
                                         std::int32_t version) {
  return store_.DeleteSchema(name_space, name, version);
}

absl::StatusOr<std::int64_t> MemoryCatalog::PinDefinition(const std::string& body) {
  return store_.PinDefinition(body);
}

absl::StatusOr<std::string> MemoryCatalog::GetPinned(std::int64_t id) {
  return store_.GetPinned(id);
}

absl::StatusOr<std::vector<ports::StoredDefinition>> MemoryCatalog::LimitedTaskDefinitions(
    std::size_t count_max) {
  return store_.LimitedTaskDefinitions(count_max);
}

std::uint64_t MemoryCatalog::Generation() { return store_.generation(); }

absl::StatusOr<ports::Paged<ports::WorkflowSummary>> MemoryCatalog::ListWorkflows(
    const ports::WorkflowFilter& filter, ports::WorkflowOrder order, const ports::Page& page) {
  std::vector<ports::WorkflowSummary> all = store_.AllWorkflows();
  std::erase_if(all, [&](const auto& summary) { return !Matches(filter, summary); });
  if (order == ports::WorkflowOrder::kNewestFirst) std::reverse(all.begin(), all.end());
  return Cut(std::move(all), page);
}

absl::StatusOr<std::vector<ports::HistoryRow>> MemoryCatalog::ReadHistory(
    const core::WorkflowId& id, core::EventSeq after_seq, std::size_t rows_max) {
  return store_.ReadHistory(id, after_seq, rows_max);
}

absl::StatusOr<ports::StoredWorkflow> MemoryCatalog::ReadWorkflow(const core::WorkflowId& id) {
  std::optional<ports::StoredWorkflow> stored = store_.Load(id);
  if (stored.has_value()) return *std::move(stored);
  return ports::NoSuchWorkflow(id);
}

absl::StatusOr<std::vector<ports::NodeRecord>> MemoryCatalog::ListNodes() {
  return store_.LeasedNodes();
}

}  // namespace skald::memory
