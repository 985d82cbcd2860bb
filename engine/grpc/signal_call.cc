#include "engine/grpc/signal_call.h"

#include <utility>
#include <vector>

#include "engine/core/blocked.h"

namespace skald::grpc_edge {

void SignalCall::AskNext() {
  if (next_.empty() || asked_ >= kSignalWorkflowsMax) return done_(refusal_);
  const core::WorkflowId id = next_.front();
  next_.pop_front();
  ++asked_;
  engine_.Send(name_space_, id, signal_,
               [self = shared_from_this(), id](const absl::StatusOr<core::Answer>& answer) {
                 if (answer.ok()) return self->done_(id);
                 self->OnRefused(id, answer.status());
               });
}

void SignalCall::OnRefused(const core::WorkflowId& id, const absl::Status& why) {
  if (asked_ == 1) refusal_ = why;
  const bool may_be_below = absl::IsFailedPrecondition(why) && signal_.reference.empty();
  // A sub-workflow that has ended meanwhile is passed over; with any other refusal the signal may
  // be meant for this one, or recorded already.
  if (!may_be_below && (asked_ == 1 || !absl::IsNotFound(why))) return done_(why);
  if (!may_be_below) return AskNext();
  reader_.Read(name_space_, id,
               [self = shared_from_this()](const absl::StatusOr<WorkflowReader::View>& view) {
                 if (view.ok()) {
                   const std::vector<core::WorkflowId> children =
                       core::ActiveChildren(*(*view)->definition, (*view)->state);
                   self->next_.insert(self->next_.begin(), children.begin(), children.end());
                 }
                 self->AskNext();
               });
}

}  // namespace skald::grpc_edge
