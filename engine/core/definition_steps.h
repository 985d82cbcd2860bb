// The part of the definition parser that reads the tree of steps into Definition::steps
// (conductor.md 1.3, 1.6, 2). Internal to the definition parser.
#pragma once

#include <string>
#include <vector>

#include "engine/core/definition.h"
#include "engine/core/definition_parser.h"
#include "engine/core/limits.h"
#include "engine/core/mistake.h"

namespace skald::core {

// What the later checks need to know of a step beside the step itself.
struct StepSource {
  std::string path;                  // "tasks[2].forkTasks[0][1]"
  std::string undo_path;             // of the object that declares its undo, where one does
  std::vector<std::string> join_on;  // names as written
  std::vector<std::string> join_default;
  std::size_t position = 0;  // in its list
};

struct StepsContext {
  const TaskDefinitionLookup& lookup;
  const ParseOptions& options;
  const RetryPolicy& undo_retry;
  MistakeList& mistakes;
  std::size_t steps_max = kStepsMax;
  bool inputs_apart = false;  // what the steps are given is not all in their text
};

struct StepsResult {
  std::vector<StepSource> sources;  // by step
  bool any_saga = false;            // a step or a task definition in use has saga data
};

// Fills `steps` and `roots` from the list `tasks` (JSON, a list). Parents before their children.
StepsResult ReadSteps(std::string_view tasks, const StepsContext& context, Definition& definition);

// The same for a list whose elements each begin a branch of their own: none follows another.
StepsResult ReadForkedSteps(std::string_view tasks, const StepsContext& context,
                            Definition& definition);

}  // namespace skald::core
