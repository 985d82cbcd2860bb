// AddedSteps: the steps that a workflow got at run time, beyond those of its definition.
//
// They are numbered on from Definition::steps; StepOf reaches steps of both kinds and is the only
// way to a step by its index. Lists are immutable and shared by all copies of a state; the class
// itself is a plain value, not thread-safe. Who makes steps: conductor.md 2.3, 2.5.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/definition.h"
#include "engine/core/payload.h"
#include "engine/core/types.h"

namespace skald::core {

// Task definitions by name, as JSON; an empty payload: none is registered under that name.
using TaskDefinitions = std::map<std::string, Payload>;

// What one step made in one go.
struct StepList {
  StepIndex maker = kNoStep;
  StepIndex first = 0;               // number of steps.front()
  std::vector<Step> steps;           // parents before their children
  std::vector<StepIndex> heads;      // the first step of each branch, in order
  bool any_saga = false;             // a step or a task definition in use has saga data
  TaskDefinitions task_definitions;  // those in use, as they were then
  Payload source;                    // as the event keeps it (definition_added.h)
};

class AddedSteps {
 public:
  bool empty() const { return lists_.empty(); }
  // How many steps there are over all lists.
  std::size_t count() const;
  const std::vector<std::shared_ptr<const StepList>>& lists() const { return lists_; }
  bool any_saga() const { return any_saga_; }

  // REQUIRES: `list->first` follows the last step there is.
  void Append(std::shared_ptr<const StepList> list);

  // REQUIRES: the step is an added one.
  const Step& At(StepIndex step) const;
  // The newest step with that reference; kNoStep when there is none. A step that stands in for
  // another one is found under that one's index only.
  StepIndex Find(std::string_view reference) const;
  // What was found out about that name when steps were made; null when it has not been asked for.
  const Payload* TaskDefinition(const std::string& name) const;
  // What `maker` made last; null when it has made nothing.
  const StepList* NewestOf(StepIndex maker) const;

  // Made by the same steps from the same texts.
  friend bool operator==(const AddedSteps& a, const AddedSteps& b);

 private:
  // Shared: copies of a state are taken for every read, a list may hold ten thousand steps.
  std::vector<std::shared_ptr<const StepList>> lists_;
  std::map<StepIndex, const StepList*> newest_;                  // by maker
  std::map<std::string_view, StepIndex> by_reference_;           // texts of the lists
  std::map<std::string_view, const Payload*> task_definitions_;  // of the lists, the newest
  bool any_saga_ = false;
};

inline bool HasStep(const Definition& definition, const AddedSteps& added, StepIndex step) {
  return step < definition.steps.size() + added.count();
}

// REQUIRES: HasStep.
inline const Step& StepOf(const Definition& definition, const AddedSteps& added, StepIndex step) {
  return step < definition.steps.size() ? definition.steps[step] : added.At(step);
}

// The step that expressions, signals and operators mean by `reference`; kNoStep when there is none.
StepIndex FindStep(const Definition& definition, const AddedSteps& added,
                   std::string_view reference);

}  // namespace skald::core
