// A running workflow goes on with another definition of its name. One event says so; what is open
// stays as it is, and what is still to come follows the new one.
#include <map>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "engine/core/construct.h"
#include "engine/core/families.h"
#include "engine/core/task_steps.h"
#include "engine/core/upgrade_rules.h"

namespace skald::core {
namespace {

constexpr std::size_t kRefusalsShown = 20;

// A workflow's clock starts anew where the bound is another one.
TimeUs TimeoutAt(const Definition& to, const Draft& draft) {
  if (to.timeout_us == draft.definition().timeout_us) return draft.state().timeout_at;
  return to.timeout_us == 0 ? 0 : draft.now() + to.timeout_us;
}

// What waits for a worker or a runner now.
std::map<TaskNumber, OfferTask> OpenOffers(const Draft& draft) {
  std::map<TaskNumber, OfferTask> offers;
  for (Command& command : OpenCommands(draft.definition(), draft.state())) {
    if (auto* offer = std::get_if<OfferTask>(&command)) offers[offer->task] = std::move(*offer);
  }
  return offers;
}

bool SameQueue(const OfferTask& a, const OfferTask& b) {
  return a.task_type == b.task_type && a.domain == b.domain && a.cache_key == b.cache_key;
}

// Tasks in a queue that is no longer theirs change over.
void OfferAnew(const std::map<TaskNumber, OfferTask>& before, Draft& draft) {
  for (const auto& [task, offer] : OpenOffers(draft)) {
    const auto known = before.find(task);
    if (known == before.end() || SameQueue(known->second, offer)) continue;
    draft.Ask(WithdrawTask{task});
    draft.Ask(offer);
  }
}

}  // namespace

absl::Status OnUpgrade(const UpgradeWorkflow& trigger, Draft& draft) {
  const State& state = draft.state();
  const Definition& to = *trigger.definition;
  if (to.id == draft.definition().id) {
    draft.Answer(Answer::kUnchanged);
    return absl::OkStatus();
  }
  const std::string what =
      absl::StrCat("upgrade workflow ", state.id.ToString(), " to version ", to.version, ": ");
  const auto refusals = UpgradeRefusals(draft.definition(), to, state);
  if (!refusals.empty()) {
    return absl::FailedPreconditionError(what + FormatRefusals(refusals, kRefusalsShown));
  }
  const std::string limit = GrowthLimit(state);
  if (!limit.empty()) return absl::ResourceExhaustedError(what + limit);
  const std::map<TaskNumber, OfferTask> offers = OpenOffers(draft);
  draft.Emit(WorkflowUpgraded{.definition_id = to.id,
                              .version = to.version,
                              .from_definition_id = draft.definition().id,
                              .from_version = draft.definition().version,
                              .actor = trigger.actor,
                              .reason = trigger.reason,
                              .timeout_at = TimeoutAt(to, draft),
                              .definition = trigger.definition});
  OfferAnew(offers, draft);
  return absl::OkStatus();
}

}  // namespace skald::core
