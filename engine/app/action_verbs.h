// ActionVerb: something that is asked of workflows that exist: of one (`skald workflow pause ID`)
// or of many (`skald workflow bulk pause …`).
//
// Immutable; thread-safe.
#pragma once

#include <span>

#include "absl/status/status.h"
#include "engine/app/action.h"

namespace skald::app {

struct ActionVerb {
  const char* name;
  const char* help;
  Reason reason;
  // Adds its own options to a command. `one`: of one workflow, whose tasks may be named by id.
  void (*add_options)(CLI::App& command, ActionArguments& arguments, bool one);
  // Asks it of the workflow arguments.id and says what came of it; the exit code.
  int (*run)(const Options& options, const Arguments& arguments);
  // Writes into the request what is to be done to each. INVALID_ARGUMENT: a file cannot be read.
  absl::Status (*fill)(const ActionArguments& arguments, v1::BulkRequest& request);
};

std::span<const ActionVerb> ActionVerbs();
// What a person decides on a parked saga: `operator retry`, ….
std::span<const ActionVerb> OperatorVerbs();

}  // namespace skald::app
