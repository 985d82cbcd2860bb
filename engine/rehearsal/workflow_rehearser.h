// WorkflowRehearser: rehearsals for whoever asks, each on a stage of its own.
//
// Thread-safe when its collaborators are; several rehearsals run side by side.
#pragma once

#include <memory>

#include "engine/core/environment.h"
#include "engine/ports/catalog.h"
#include "engine/ports/clock.h"
#include "engine/ports/rehearsal.h"
#include "engine/ports/task_runner.h"

namespace skald::rehearsal {

// All outlive the rehearser.
struct RehearserParts {
  const ports::Clock& real_clock;
  ports::Catalog* registered = nullptr;  // null: only what a request brings along is known
  std::shared_ptr<const core::Environment> environment;  // of expressions; shared, may be null
  ports::TaskRunner* runner = nullptr;  // for tasks without a mock; null: each needs one
};

class WorkflowRehearser final : public ports::Rehearser {
 public:
  explicit WorkflowRehearser(RehearserParts parts) : parts_(std::move(parts)) {}

  absl::StatusOr<ports::RehearsalReport> Rehearse(const ports::RehearsalRequest& request) override;

 private:
  const RehearserParts parts_;
};

}  // namespace skald::rehearsal
