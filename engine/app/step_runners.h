// StepRunners: the runners of built-in steps of a server process, attached to its engine.
//
// Thread-safe. Destroy it when the engine has stopped, before the engine is gone.
#pragma once

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/app/call_config.h"
#include "engine/app/script_config.h"
#include "engine/ports/clock.h"
#include "engine/runtime/engine.h"
#include "engine/runtime/runner_host.h"

namespace skald::app {

class StepRunners {
 public:
  // `loopback`: steps may call this machine. Engine and journal outlive the runners.
  // Errors: INVALID_ARGUMENT for an egress rule that is none; what a runner needs is missing.
  static absl::StatusOr<std::unique_ptr<StepRunners>> Start(
      const CallConfig& config, const ScriptConfig& scripts, bool loopback, runtime::Engine& engine,
      ports::Journal& journal, runtime::DefinitionById definition_by_id, ports::Random& random);

  // To be called a few times a second.
  void Tick();

 private:
  std::vector<std::unique_ptr<runtime::RunnerHost>> hosts_;
};

}  // namespace skald::app
