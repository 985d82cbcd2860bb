#include "engine/runtime/task_definition_reader.h"

#include <optional>

#include "engine/base/status.h"
#include "engine/core/definition_parser.h"
#include "engine/runtime/limits.h"
#include "engine/runtime/overload.h"
#include "engine/runtime/stored_schemas.h"

namespace skald::runtime {
namespace {

absl::StatusOr<core::Payload> ReadOne(ports::Catalog& catalog, const std::string& name_space,
                                      const std::string& name) {
  absl::StatusOr<ports::StoredDefinition> stored = catalog.GetTaskDefinition(name_space, name);
  if (stored.ok()) {
    ASSIGN_OR_RETURN(std::string whole, WithSchemas(catalog, name_space, stored->source));
    return core::Payload(std::move(whole));
  }
  if (absl::IsNotFound(stored.status())) return core::Payload();
  return std::move(stored).status();
}

// The task that undoes what the definition is about; "" when it names none.
std::string UndoOf(const core::Payload& definition) {
  if (definition.empty()) return "";
  const core::Parsed<core::TaskDefinition> parsed = core::ParseTaskDefinition(definition.text());
  if (!parsed.ok() || !parsed.value->compensate_with.has_value()) return "";
  return parsed.value->compensate_with->task_type;
}

absl::Status ReadInto(ports::Catalog& catalog, const std::string& name_space,
                      const std::string& name, core::TaskDefinitions& definitions) {
  if (definitions.contains(name)) return absl::OkStatus();
  ASSIGN_OR_RETURN(definitions[name], ReadOne(catalog, name_space, name));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<core::TaskDefinitions> ReadTaskDefinitions(ports::Catalog& catalog,
                                                          const std::string& name_space,
                                                          const std::vector<std::string>& names) {
  core::TaskDefinitions definitions;
  for (const std::string& name : names) {
    RETURN_IF_ERROR(ReadInto(catalog, name_space, name, definitions));
    const std::string undo = UndoOf(definitions[name]);
    if (!undo.empty()) RETURN_IF_ERROR(ReadInto(catalog, name_space, undo, definitions));
  }
  return definitions;
}

TaskDefinitionReader::TaskDefinitionReader(ports::Catalog& catalog)
    : catalog_(catalog), thread_([this] { Run(); }) {}

TaskDefinitionReader::~TaskDefinitionReader() {
  {
    base::MutexLock lock(mutex_);
    stopping_ = true;
    changed_.SignalAll();
  }
  thread_.join();
}

bool TaskDefinitionReader::Find(const Waiting& ask, core::TaskDefinitions& found) {
  if (generation_ != catalog_.Generation()) return false;
  for (const std::string& name : ask.names) {
    const auto known = kept_.find(Key(ask.name_space, name));
    if (known == kept_.end()) return false;
    found.insert(known->second.begin(), known->second.end());
  }
  return true;
}

void TaskDefinitionReader::Ask(const std::string& name_space, std::vector<std::string> names,
                               Callback<core::TaskDefinitions> done) {
  Waiting ask{name_space, std::move(names), std::move(done)};
  absl::StatusOr<core::TaskDefinitions> answer = core::TaskDefinitions();
  {
    base::MutexLock lock(mutex_);
    if (!Find(ask, *answer)) {
      if (waiting_.size() < kAsksWaitingMax) {
        waiting_.push_back(std::move(ask));
        changed_.Signal();
        return;
      }
      answer = OverloadError("asks_waiting_max", "look up task definitions");
    }
  }
  ask.done(std::move(answer));
}

absl::StatusOr<core::TaskDefinitions> TaskDefinitionReader::Read(const Waiting& ask) {
  // Read before the content: a change that comes in between makes what is kept stale, not wrong.
  const std::uint64_t generation = catalog_.Generation();
  core::TaskDefinitions all;
  for (const std::string& name : ask.names) {
    ASSIGN_OR_RETURN(core::TaskDefinitions with_undo,
                     ReadTaskDefinitions(catalog_, ask.name_space, {name}));
    all.insert(with_undo.begin(), with_undo.end());
    base::MutexLock lock(mutex_);
    if (generation_ != generation || kept_.size() >= kTaskDefinitionsKept) kept_.clear();
    generation_ = generation;
    kept_.insert_or_assign(Key(ask.name_space, name), std::move(with_undo));
  }
  return all;
}

void TaskDefinitionReader::Run() {
  while (true) {
    std::optional<Waiting> ask;
    bool stopping = false;
    {
      base::MutexLock lock(mutex_);
      while (!stopping_ && waiting_.empty()) changed_.Wait(mutex_);
      stopping = stopping_;
      if (!waiting_.empty()) {
        ask = std::move(waiting_.front());
        waiting_.pop_front();
      }
    }
    if (!ask.has_value()) return;
    if (stopping) {
      ask->done(ComeBackLater("the node goes away"));
    } else {
      ask->done(Read(*ask));
    }
  }
}

}  // namespace skald::runtime
