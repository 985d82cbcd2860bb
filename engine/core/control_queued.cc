// Steps that a worker or a runner of this node carries out (conductor.md 2.2, 2.15, 2.17, 2.18):
// queued; what follows comes with the result.
#include "engine/core/construct.h"
#include "engine/core/control.h"
#include "engine/core/json_scan.h"
#include "engine/core/json_write.h"
#include "engine/core/schema_rules.h"
#include "engine/core/task_steps.h"

namespace skald::core {

void CarryOutQueued(const Step& step, TaskScheduled task, Draft& draft) {
  SetQueueTimes(step, step.start_delay_us, draft.now(), draft.now(), task);
  if (step.type == StepType::kHttp) {
    const bool outside = CompletesOutside(step, task.input);
    task.input = Payload(OverlayMembers(
        task.input.text(), outside ? R"({"asyncComplete":true})" : R"({"asyncComplete":false})"));
  }
  const TaskNumber number = task.task;
  draft.Emit(std::move(task));
  OfferUnlessMistaken(number, draft);
}

bool CompletesOutside(const Step& step, const Payload& input) {
  const auto given = FindMember(input.text(), "asyncComplete");
  if (given.has_value() && KindOf(*given) == JsonKind::kTrue) return true;
  if (given.has_value() && KindOf(*given) == JsonKind::kFalse) return false;
  return step.async_complete;
}

}  // namespace skald::core
