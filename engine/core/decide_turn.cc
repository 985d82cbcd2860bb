// Turns: a workflow whose definition bounds how many may run under one key begins when its turn
// comes (conductor.md 1.2, rateLimitConfig). Who is next is the shell's to say (runtime/turns.h).
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/core/construct.h"
#include "engine/core/control.h"
#include "engine/core/families.h"
#include "engine/core/json_scan.h"
#include "engine/core/limits.h"
#include "engine/core/state_scope.h"

namespace skald::core {
namespace {

// A key that cannot be evaluated within the bounds counts as none.
std::string TurnKey(const Draft& draft) {
  const TurnRule& rule = draft.definition().turns;
  if (!rule.key.has_value()) return "";
  const StateScope scope(draft.definition(), draft.state());
  absl::StatusOr<std::string> value = rule.key->TryEvaluate(scope);
  if (!value.ok()) return "";
  if (KindOf(*value) == JsonKind::kString) value = StringOf(*value);
  return value->substr(0, kNameBytesMax);
}

void BeginNow(Draft& draft) {
  const Definition& definition = draft.definition();
  if (!definition.roots.empty()) ScheduleStep(definition.roots.front(), {}, draft);
}

}  // namespace

void BeginOrQueue(Draft& draft) {
  if (!MaybeQueue(draft)) BeginNow(draft);
}

bool MaybeQueue(Draft& draft) {
  const TurnRule& rule = draft.definition().turns;
  if (rule.running_max == 0) return false;
  draft.Emit(WorkflowQueued{.key = TurnKey(draft), .running_max = rule.running_max});
  return true;
}

absl::Status OnAdmit(Draft& draft) {
  const State& state = draft.state();
  if (!state.awaits_turn) {
    draft.Answer(Answer::kUnchanged);
    return absl::OkStatus();
  }
  if (!GoesForward(state)) {
    return absl::FailedPreconditionError(absl::StrCat("admit workflow ", state.id.ToString(),
                                                      ": it is ", std::string(Name(state.status))));
  }
  draft.Emit(WorkflowAdmitted{});
  BeginNow(draft);
  return absl::OkStatus();
}

}  // namespace skald::core
