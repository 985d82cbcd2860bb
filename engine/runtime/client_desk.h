// ClientDesk: what clients ask of workflows: start, triggers, looking.
//
// Single-threaded, works on the LoopState it is given. Every answer waits until all that it shows
// is durable.
#pragma once

#include <memory>
#include <string>

#include "engine/runtime/decider.h"
#include "engine/runtime/loader.h"
#include "engine/runtime/loop_state.h"

namespace skald::runtime {

class ClientDesk {
 public:
  ClientDesk(LoopState& state, Decider& decider, Loader& loader)
      : state_(state), decider_(decider), loader_(loader) {}

  void Start(StartRequest request, Callback<Started> done);
  void Send(const std::string& name_space, const core::WorkflowId& id, const core::Trigger& trigger,
            Callback<core::Answer> done);
  void Get(const core::WorkflowId& id, Callback<std::shared_ptr<const WorkflowView>> done);

 private:
  absl::Status MayStart(const StartRequest& request) const;
  void Begin(StartRequest request, Callback<Started> done);
  void AnswerExisting(Workflow& workflow, Callback<Started> done);
  void SendNow(Workflow& workflow, const std::string& name_space, core::Trigger trigger,
               Callback<core::Answer> done);
  // Calls done with the answer when everything decided on the workflow is durable.
  template <typename T>
  void Reply(const Workflow& workflow, Callback<T> done, absl::StatusOr<T> answer);

  LoopState& state_;
  Decider& decider_;
  Loader& loader_;
};

}  // namespace skald::runtime
