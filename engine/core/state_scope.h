// StateScope: where the expressions of a definition find the workflow's own values:
// `${workflow.…}`,
// `${<reference>.…}`, of the newest iteration and attempt of that step, `${CPEWF_TASK_ID}` and the
// environment (conductor.md 3.13).
//
// Single-threaded; borrows the definition and the state, which outlive it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/core/definition.h"
#include "engine/core/state.h"
#include "engine/core/template.h"

namespace skald::core {

class StateScope : public Scope {
 public:
  StateScope(const Definition& definition, const State& state)
      : definition_(definition), state_(state) {}
  // `reads`: the steps that the template reads (Step::reads), so that nothing has to be searched.
  StateScope(const Definition& definition, const State& state, const std::vector<StepIndex>& reads)
      : definition_(definition), state_(state), reads_(&reads) {}

  // The task whose input is being evaluated: `${CPEWF_TASK_ID}`.
  void set_own_task(TaskNumber task) { own_task_ = task; }

  std::size_t Resolve(const std::vector<std::string>& path, std::string& scratch,
                      std::string_view& json) const override;

 private:
  std::size_t ResolveEnvironment(const std::vector<std::string>& path, std::string& scratch,
                                 std::string_view& json) const;
  StepIndex FindStep(std::string_view reference) const;
  bool ResolveWorkflow(std::string_view field, std::string& scratch, std::string_view& json) const;
  std::int32_t IterationOf(const Task& task) const;
  bool ResolveTask(const Task& task, std::string_view field, std::string& scratch,
                   std::string_view& json) const;

  const Definition& definition_;
  const State& state_;
  const std::vector<StepIndex>* reads_ = nullptr;
  TaskNumber own_task_ = 0;
};

}  // namespace skald::core
