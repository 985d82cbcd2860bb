// Starter: from start requests as they come over the wire to workflows begun: checks, resolves the
// definitions, claims the idempotency keys, asks the engine.
//
// Thread-safe; never blocks: what has to ask the catalog goes through the pool.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/grpc/blocking_pool.h"
#include "engine/ports/clock.h"
#include "engine/ports/journal.h"
#include "engine/runtime/definition_cache.h"
#include "engine/runtime/engine.h"
#include "skald/v1/workflow.pb.h"

namespace skald::grpc_edge {

class Starter {
 public:
  using Outcome = absl::StatusOr<runtime::Started>;
  using Done = std::function<void(std::vector<Outcome>)>;

  // All outlive the starter and every call under way.
  Starter(runtime::Engine& engine, runtime::DefinitionCache& definitions, ports::Journal& journal,
          const ports::Clock& clock, ports::Random& random, BlockingPool& pool)
      : engine_(engine),
        definitions_(definitions),
        journal_(journal),
        clock_(clock),
        random_(random),
        pool_(pool) {}

  // A UUID of version 7 that nothing has.
  core::WorkflowId FreshId() const;

  // `done` gets one outcome per request, in order, on any thread.
  void Start(std::vector<v1::StartRequest> requests, Done done);

 private:
  struct Flight;
  struct Item;

  absl::Status Check(const v1::StartRequest& request, Item& item);
  bool FindDefinitions(Flight& flight);
  // The definition that came with the request.
  absl::StatusOr<runtime::DefinitionPointer> OfStart(const Item& item);
  void ResolveDefinitions(Flight& flight);
  void Claim(const std::shared_ptr<Flight>& flight);
  void TakeClaims(const std::shared_ptr<Flight>& flight,
                  absl::StatusOr<std::vector<ports::KeyHolder>> holders);
  void Begin(const std::shared_ptr<Flight>& flight);
  void Confirm(const std::shared_ptr<Flight>& flight, Item& item);

  runtime::Engine& engine_;
  runtime::DefinitionCache& definitions_;
  ports::Journal& journal_;
  const ports::Clock& clock_;
  ports::Random& random_;
  BlockingPool& pool_;
};

}  // namespace skald::grpc_edge
