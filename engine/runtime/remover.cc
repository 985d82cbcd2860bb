#include "engine/runtime/remover.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/log.h"
#include "engine/ports/no_such_workflow.h"
#include "engine/runtime/limits.h"
#include "engine/runtime/overload.h"

namespace skald::runtime {
namespace {

absl::Status Refused(const core::WorkflowId& id, absl::string_view why) {
  return absl::FailedPreconditionError(absl::StrCat("delete workflow ", id.ToString(), ": ", why));
}

absl::Status JustEnding(const DeleteRequest& request) {
  return ComeBackLater(absl::StrCat("workflow ", request.id.ToString(), " is just ending"));
}

absl::StatusOr<core::Answer> AnswerFor(const DeleteRequest& request, ports::Deletion deletion) {
  switch (deletion) {
    case ports::Deletion::kDone:
      return core::Answer::kRecorded;
    case ports::Deletion::kAbsent:
      return ports::NoSuchWorkflow(request.id);
    case ports::Deletion::kNotEnded:  // it has: it was asked for here first
      return JustEnding(request);
    case ports::Deletion::kParentRuns:
      return Refused(request.id,
                     "a workflow above it has not ended and may yet have it undo itself");
    case ports::Deletion::kChildRuns:
      return Refused(request.id, "a sub-workflow of it has not ended");
  }
  return absl::InternalError("an unknown answer of the journal");
}

}  // namespace

void Remover::Delete(DeleteRequest request, Callback<core::Answer> done) {
  if (state_.phase != Phase::kServing) {
    return done(ComeBackLater("the node is loading its workflows"));
  }
  const core::WorkflowId id = request.id;
  loader_.With(id, [this, request = std::move(request),
                    done = std::move(done)](absl::StatusOr<Workflow*> found) mutable {
    if (!found.ok()) return done(found.status());
    if (absl::Status may = MayDelete(**found, request); !may.ok()) return done(may);
    Ask(**found, std::move(request), std::move(done));
  });
}

absl::Status Remover::MayDelete(const Workflow& workflow, const DeleteRequest& request) const {
  const core::State& state = workflow.state;
  if (state.start.name_space != request.name_space) return ports::NoSuchWorkflow(request.id);
  if (state.saga_status == core::SagaStatus::kParked) {
    return Refused(request.id, "its saga is parked and waits for a person");
  }
  if (!workflow.ended()) {
    return Refused(request.id, absl::StrCat("it is ", std::string(core::Name(state.status)),
                                            "; only what has ended is deleted"));
  }
  const bool owes = workflow.letters_open > 0 || !state_.committer.durable(workflow);
  if (owes || workflow.deleting) {
    return JustEnding(request);
  }
  return absl::OkStatus();
}

void Remover::Ask(Workflow& workflow, DeleteRequest request, Callback<core::Answer> done) {
  workflow.deleting = true;
  const core::WorkflowId id = request.id;
  pending_[id] = {std::move(request), std::move(done)};
  state_.journal.Delete(
      state_.lease, id,
      [this, id, generation = state_.generation,
       inbox = state_.inbox](absl::StatusOr<ports::Deletion> deletion) {
        inbox->PostCompletion([this, id, generation, deletion = std::move(deletion)] {
          if (generation == state_.generation) OnDeleted(id, deletion);
        });
      });
}

void Remover::OnDeleted(const core::WorkflowId& id,
                        const absl::StatusOr<ports::Deletion>& deletion) {
  auto pending = pending_.extract(id);
  if (pending.empty()) return;
  const auto& [request, done] = pending.mapped();
  const bool gone = deletion.ok() && *deletion == ports::Deletion::kDone;
  if (Workflow* workflow = state_.shards.Find(id); workflow != nullptr) {
    workflow->deleting = false;
    if (gone) {
      state_.timers.Remove(*workflow);
      state_.shards.Remove(id);
      state_.load_fence.NoteLeft(id);
    } else {
      parking_.MaybeUnload(*workflow);
    }
  }
  if (gone) {
    base::LogInfo(
        "workflow.deleted",
        {{"workflow", id.ToString()}, {"actor", request.actor}, {"reason", request.reason}});
  }
  if (!deletion.ok()) return done(ComeBackLater(deletion.status().ToString()));
  done(AnswerFor(request, *deletion));
}

void Remover::Tick() {
  if (state_.options.retention_us == 0 || asking_ || state_.now < next_at_) return;
  asking_ = true;
  state_.journal.Retain(state_.lease, state_.now - state_.options.retention_us, kRemovedPerCallMax,
                        [this, generation = state_.generation,
                         inbox = state_.inbox](absl::StatusOr<ports::Removed> removed) {
                          inbox->PostCompletion([this, generation, removed = std::move(removed)] {
                            if (generation == state_.generation) OnRemoved(removed);
                          });
                        });
}

void Remover::OnRemoved(const absl::StatusOr<ports::Removed>& removed) {
  asking_ = false;
  next_at_ = state_.now + kRemovalEveryUs;
  if (!removed.ok()) {
    base::LogWarn("retention.failed", {{"status", removed.status().ToString()}});
    return;
  }
  if (removed->more) next_at_ = state_.now + kRemovalPaceUs;
  if (removed->workflows == 0 && removed->spans == 0) return;
  base::LogInfo("retention.removed",
                {{"partitions", removed->spans}, {"workflows", removed->workflows}});
}

core::TimeUs Remover::next_wake_at() const {
  if (state_.options.retention_us == 0 || asking_) return 0;
  return std::max(next_at_, state_.now);
}

void Remover::Forget(const absl::Status& why) {
  asking_ = false;
  std::map<core::WorkflowId, Pending> pending;
  pending.swap(pending_);
  for (const auto& [id, one] : pending) one.done(why);
}

}  // namespace skald::runtime
