// WorkflowRunner: the step types that look at other workflows and touch them: GET_WORKFLOW and
// UPDATE_TASK. The reference's server does not know them; the SDKs build them.
//
//   GET_WORKFLOW  input: id; includeTasks (false)
//                 output: the workflow as the reference shows it (core/execution_json.h)
//   UPDATE_TASK   input: workflowId and taskRefName, or taskId; taskStatus (COMPLETED, FAILED,
//                 FAILED_WITH_TERMINAL_ERROR); taskOutput; mergeOutput (false);
//                 reasonForIncompletion
//                 output: workflowId, changed
//
// Both reach only workflows of their own namespace. Running either again is harmless: a task that
// has ended already is left as it is. Thread-safe, as TaskRunner.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/ports/journal.h"
#include "engine/ports/task_runner.h"
#include "engine/runtime/engine.h"

namespace skald::runtime {

class WorkflowRunner final : public ports::TaskRunner {
 public:
  // Engine and journal outlive the runner and the calls under way.
  WorkflowRunner(Engine& engine, ports::Journal& journal, DefinitionById definition_by_id);
  ~WorkflowRunner() override;

  std::vector<std::string> TaskTypes() const override { return {"GET_WORKFLOW", "UPDATE_TASK"}; }
  std::size_t Capacity() const override;
  void Run(ports::RunnerTask task, Done done) override;
  // What it does takes no time that could be cut short.
  void Cancel(std::string_view) override {}

 private:
  class Calls;
  void GetWorkflow(const ports::RunnerTask& task, std::uint64_t call);
  void UpdateTask(const ports::RunnerTask& task, std::uint64_t call);

  Engine& engine_;
  ports::Journal& journal_;
  const DefinitionById definition_by_id_;
  const std::shared_ptr<Calls> calls_;  // shared with the callbacks of engine and journal
};

}  // namespace skald::runtime
