#include "engine/runtime/loader.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/ports/no_such_workflow.h"
#include "engine/runtime/fold.h"
#include "engine/runtime/limits.h"
#include "engine/runtime/overload.h"

namespace skald::runtime {
void Loader::With(const core::WorkflowId& id, Use use) {
  if (Workflow* workflow = state_.shards.Find(id); workflow != nullptr) {
    use(workflow);
    parking_.MaybeUnload(*workflow);
    return;
  }
  if (!state_.shards.Serves(id.Slot())) {
    return use(ComeBackLater(absl::StrCat("workflow ", id.ToString(), " is not on this node")));
  }
  if (waiters_ >= kLoadWaitersMax) {
    return use(state_.refusals.Refuse("load_waiters_max", "load workflow " + id.ToString()));
  }
  ++waiters_;
  std::vector<Use>& uses = waiting_[id];
  uses.push_back(std::move(use));
  if (uses.size() > 1) return;
  if (loads_ < kLoadsInFlightMax) {
    Ask(id);
  } else {
    to_ask_.push_back(id);
  }
}

void Loader::Ask(const core::WorkflowId& id) {
  ++loads_;
  const LoadFence::Ticket ticket = state_.load_fence.Begin();
  state_.journal.Load(id, [this, id, ticket, generation = state_.generation, inbox = state_.inbox,
                           find = state_.definition_by_id, untold = state_.untold](
                              absl::StatusOr<std::optional<ports::StoredWorkflow>> stored) {
    absl::StatusOr<std::unique_ptr<Workflow>> loaded = ports::NoSuchWorkflow(id);
    if (!stored.ok()) {
      loaded = ComeBackLater(
          absl::StrCat("load workflow ", id.ToString(), ": ", stored.status().ToString()));
    } else if (stored->has_value()) {
      loaded = Fold(**stored, find, *untold);
    }
    inbox->PostCompletion([this, id, ticket, generation, loaded = std::move(loaded)]() mutable {
      if (generation == state_.generation) OnLoaded(id, ticket, std::move(loaded));
    });
  });
}

void Loader::OnLoaded(const core::WorkflowId& id, LoadFence::Ticket ticket,
                      absl::StatusOr<std::unique_ptr<Workflow>> loaded) {
  const bool stale = state_.shards.Find(id) == nullptr && state_.load_fence.LeftSince(ticket, id);
  state_.load_fence.End(ticket);
  --loads_;
  if (stale) {
    // It came and went meanwhile: what was read may be older than what is stored now.
    to_ask_.push_front(id);
  } else {
    const absl::Status otherwise = loaded.status();
    if (loaded.ok() && state_.shards.Find(id) == nullptr) {
      decider_.Adopt(state_.shards.Add(*std::move(loaded)));
    }
    std::vector<Use> uses = std::move(waiting_[id]);
    waiting_.erase(id);
    waiters_ -= uses.size();
    Answer(id, std::move(uses), otherwise);
  }
  while (!to_ask_.empty() && loads_ < kLoadsInFlightMax) {
    const core::WorkflowId next = to_ask_.front();
    to_ask_.pop_front();
    Ask(next);
  }
}

void Loader::Answer(const core::WorkflowId& id, std::vector<Use> uses,
                    const absl::Status& otherwise) {
  for (Use& use : uses) {
    // Looked up each time: one of them may have begun it.
    Workflow* workflow = state_.shards.Find(id);
    if (workflow != nullptr) {
      use(workflow);
    } else {
      use(otherwise.ok() ? ports::NoSuchWorkflow(id) : otherwise);
    }
  }
  Workflow* workflow = state_.shards.Find(id);
  if (workflow != nullptr) parking_.MaybeUnload(*workflow);
}

void Loader::Forget(const absl::Status& why) {
  auto waiting = std::move(waiting_);
  waiting_.clear();
  to_ask_.clear();
  loads_ = 0;
  waiters_ = 0;
  std::vector<core::WorkflowId> ids;
  for (const auto& [id, uses] : waiting) ids.push_back(id);
  std::sort(ids.begin(), ids.end());
  for (const core::WorkflowId& id : ids) {
    for (Use& use : waiting[id]) use(why);
  }
}

}  // namespace skald::runtime
