// WorkflowReader: a workflow as it durably is, from the engine's memory or, when it is not there
// (ended, or parked), from the store.
//
// Thread-safe; never blocks the caller: what reads the store runs on the pool.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/core/event.h"
#include "engine/grpc/blocking_pool.h"
#include "engine/ports/catalog.h"
#include "engine/runtime/definition_cache.h"
#include "engine/runtime/engine.h"

namespace skald::grpc_edge {

class WorkflowReader {
 public:
  using View = std::shared_ptr<const runtime::WorkflowView>;  // shared with the engine's callback

  // All outlive the reader and every call under way.
  WorkflowReader(runtime::Engine& engine, ports::Catalog& catalog,
                 runtime::DefinitionCache& definitions, BlockingPool& pool)
      : engine_(engine), catalog_(catalog), definitions_(definitions), pool_(pool) {}

  // NOT_FOUND when the namespace has no such workflow.
  void Read(const std::string& name_space, const core::WorkflowId& id,
            std::function<void(absl::StatusOr<View>)> done);

  // Blocking; for use on the pool.
  absl::StatusOr<View> ReadStored(const std::string& name_space, const core::WorkflowId& id);

  // Events after `after_seq`, at least `count_min` when there are so many, but no more when they
  // have `bytes_min` bytes. Blocking.
  absl::StatusOr<std::vector<core::Event>> ReadEvents(
      const core::WorkflowId& id, core::EventSeq after_seq, std::size_t count_min,
      std::size_t bytes_min = std::numeric_limits<std::size_t>::max());

  // Gives events that go over to another definition that one; the one that the workflow began with.
  // Blocking. INTERNAL: the history has no start.
  absl::StatusOr<runtime::DefinitionPointer> AttachDefinitions(std::vector<core::Event>& events);

  // As registered now; version 0 = the highest. Blocking. NOT_FOUND.
  absl::StatusOr<runtime::DefinitionPointer> FindDefinition(const std::string& name_space,
                                                            const std::string& name,
                                                            std::int32_t version) {
    return definitions_.Resolve(name_space, name, version);
  }

 private:
  runtime::Engine& engine_;
  ports::Catalog& catalog_;
  runtime::DefinitionCache& definitions_;
  BlockingPool& pool_;
};

}  // namespace skald::grpc_edge
