// WAIT (conductor.md 2.13): until a duration has passed, a moment has come, or a signal arrives,
// which also ends the first two early.
#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "engine/core/control.h"
#include "engine/core/families.h"
#include "engine/core/json_scan.h"
#include "engine/core/task_steps.h"
#include "engine/core/wait_time.h"

namespace skald::core {
namespace {

// The text of an input entry; nullopt when it is absent, null or "".
std::optional<std::string> TextOf(const Payload& input, std::string_view key) {
  const std::optional<std::string_view> value = FindMember(input.text(), key);
  if (!value.has_value() || KindOf(*value) == JsonKind::kNull) return std::nullopt;
  std::string text = KindOf(*value) == JsonKind::kString ? StringOf(*value) : std::string(*value);
  if (text.empty()) return std::nullopt;
  return text;
}

struct WakeUp {
  TimeUs at = 0;      // 0 = until a signal
  std::string error;  // not empty: the input says no time
};

WakeUp WakeUpOf(const Payload& input, TimeUs now) {
  const std::optional<std::string> duration = TextOf(input, "duration");
  const std::optional<std::string> until = TextOf(input, "until");
  if (duration.has_value() && until.has_value()) {
    return {.error = "Both 'duration' and 'until' specified. Please provide only one input"};
  }
  if (duration.has_value()) {
    const absl::StatusOr<DurationUs> parsed = ParseWaitDuration(*duration);
    if (!parsed.ok()) {
      return {.error =
                  absl::StrCat("Invalid/Unsupported Wait duration format.  Provided: ", *duration)};
    }
    return {.at = now + *parsed};
  }
  if (until.has_value()) {
    const absl::StatusOr<TimeUs> parsed = ParseWaitUntil(*until);
    if (!parsed.ok()) {
      return {.error = absl::StrCat("Invalid/Unsupported Wait Until format.  Provided: ", *until)};
    }
    // Long past, which is not "until a signal".
    return {.at = std::max<TimeUs>(*parsed, 1)};
  }
  return {};
}

}  // namespace

void CarryOutWait(const Step&, TaskScheduled task, Draft& draft) {
  const WakeUp wake_up = WakeUpOf(task.input, draft.now());
  const TaskNumber number = task.task;
  const RunNumber run = task.run;
  task.available_at = wake_up.at;
  draft.Emit(std::move(task));
  if (!wake_up.error.empty()) return FailTask(number, wake_up.error, draft);
  if (wake_up.at == 0 || wake_up.at > draft.now()) return;
  CompleteTask(number, Payload("{}"), draft);
  AdvanceNow(run, draft);
}

}  // namespace skald::core
