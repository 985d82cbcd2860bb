// SignalCall: a signal that looks for what waits for it, in the workflow named and then in its
// active sub-workflows, depth first (conductor.md 3.17).
//
// Thread-safe; shared between the callbacks of the engine and of the reader.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "engine/core/trigger.h"
#include "engine/grpc/limits.h"
#include "engine/grpc/workflow_reader.h"
#include "engine/runtime/engine.h"

namespace skald::grpc_edge {

class SignalCall final : public std::enable_shared_from_this<SignalCall> {
 public:
  // The workflow that took the signal; or what the one named said.
  using Done = std::function<void(absl::StatusOr<core::WorkflowId>)>;

  // Engine and reader outlive it.
  SignalCall(runtime::Engine& engine, WorkflowReader& reader, std::string name_space,
             core::SignalWorkflow signal, Done done)
      : engine_(engine),
        reader_(reader),
        name_space_(std::move(name_space)),
        signal_(std::move(signal)),
        done_(std::move(done)) {}

  // With a reference only this workflow is asked. To be called once.
  void Send(const core::WorkflowId& id) {
    next_.push_back(id);
    AskNext();
  }

 private:
  void AskNext();
  void OnRefused(const core::WorkflowId& id, const absl::Status& why);

  runtime::Engine& engine_;
  WorkflowReader& reader_;
  const std::string name_space_;
  const core::SignalWorkflow signal_;
  const Done done_;
  // One callback at a time touches these.
  std::deque<core::WorkflowId> next_;
  std::size_t asked_ = 0;
  absl::Status refusal_;  // of the workflow named
};

}  // namespace skald::grpc_edge
