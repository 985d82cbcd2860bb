// What becomes of a task whose input is not as its schema says (conductor.md 1.4).
#include <string>
#include <utility>

#include "engine/core/construct.h"
#include "engine/core/families.h"
#include "engine/core/schema_rules.h"
#include "engine/core/task_steps.h"

namespace skald::core {

void OfferUnlessMistaken(TaskNumber number, Draft& draft) {
  const Task& task = draft.state().task(number);
  const Step& step = draft.StepAt(task.step);
  std::string mistake =
      IsWorkerTask(step, task.operation) ? InputMistake(step.task.schemas, task.input) : "";
  if (mistake.empty()) return OfferIfReady(number, draft);
  draft.Emit(TaskFailed{.task = number, .terminal = true, .reason = std::move(mistake)});
  OnTaskEnded(number, draft);
}

}  // namespace skald::core
