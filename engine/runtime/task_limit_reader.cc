#include "engine/runtime/task_limit_reader.h"

#include <chrono>
#include <optional>
#include <utility>

#include "engine/base/log.h"
#include "engine/base/status.h"
#include "engine/core/definition_parser.h"
#include "engine/runtime/limits.h"

namespace skald::runtime {

absl::StatusOr<TaskLimits> ReadTaskLimits(ports::Catalog& catalog) {
  ASSIGN_OR_RETURN(const std::vector<ports::StoredDefinition> stored,
                   catalog.LimitedTaskDefinitions(kLimitedDefinitionsMax));
  auto table = std::make_shared<TaskLimitTable>();
  for (const ports::StoredDefinition& definition : stored) {
    const core::Parsed<core::TaskDefinition> parsed = core::ParseTaskDefinition(definition.source);
    if (!parsed.ok()) {
      base::LogError("limits.unreadable",
                     {{"namespace", definition.name_space}, {"name", definition.name}});
      continue;
    }
    if (!parsed.value->limits.any()) continue;
    (*table)[definition.name_space][definition.name] = parsed.value->limits;
  }
  return table;
}

TaskLimitReader::TaskLimitReader(ports::Catalog& catalog, std::function<void(TaskLimits)> tell)
    : catalog_(catalog), tell_(std::move(tell)), thread_([this] { Run(); }) {}

TaskLimitReader::~TaskLimitReader() {
  {
    base::MutexLock lock(mutex_);
    stopping_ = true;
    stop_.SignalAll();
  }
  thread_.join();
}

void TaskLimitReader::Run() {
  std::optional<std::uint64_t> told;
  while (true) {
    // Read before the content: a change that comes in between is read the next time.
    const std::uint64_t generation = catalog_.Generation();
    if (told != generation) {
      absl::StatusOr<TaskLimits> limits = ReadTaskLimits(catalog_);
      if (limits.ok()) {
        told = generation;
        tell_(*std::move(limits));
      } else {
        base::LogWarn("limits.read_failed", {{"status", limits.status().ToString()}});
      }
    }
    base::MutexLock lock(mutex_);
    if (!stopping_) stop_.WaitFor(mutex_, std::chrono::microseconds(kLimitsLookUs));
    if (stopping_) return;
  }
}

}  // namespace skald::runtime
