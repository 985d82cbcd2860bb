// Execution: waits for one workflow on behalf of a caller, until it has ended, is blocked, one of
// the steps named has ended, there or in its sub-workflows, or the time is over
// (conductor.md 3.17).
//
// It watches the workflow and the sub-workflows that it meets, and looks at one of them when it
// heard that something happened there; it never polls. Thread-safe. Shared between the call, the
// engine's watches, reads under way and the alarm: each may be the last to hold it.
#pragma once

#include <grpcpp/alarm.h>
#include <grpcpp/grpcpp.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/base/mutex.h"
#include "engine/grpc/limits.h"
#include "engine/grpc/workflow_reader.h"
#include "engine/runtime/engine.h"
#include "skald/v1/workflow.pb.h"

namespace skald::grpc_edge {

inline constexpr std::uint32_t kExecuteWaitMsDefault = 10'000;

// INVALID_ARGUMENT: a bound is passed.
absl::Status CheckWaitFor(const v1::WaitFor& wait_for);

class Execution final : public runtime::WatchSink, public std::enable_shared_from_this<Execution> {
 public:
  // The answer, or why there is none: once.
  using Answer = absl::StatusOr<v1::ExecuteResponse>;
  using Done = std::function<void(Answer)>;

  // Engine and reader outlive it. REQUIRES: CheckWaitFor(wait_for).
  Execution(runtime::Engine& engine, WorkflowReader& reader, std::string name_space,
            v1::WaitFor wait_for, Done done);

  // Begins to wait. To be called once.
  void Wait(const core::WorkflowId& id, bool existed);
  // Nobody waits any more: `why` is the answer.
  void GiveUp(const absl::Status& why);

  bool Tell(const std::vector<runtime::Notice>& notices) override;

 private:
  struct Watched {
    runtime::WatchId watch = 0;
    bool reading = false;
    bool changed = false;  // something happened since that read began
    WorkflowReader::View view;
  };

  void StartWatching(const core::WorkflowId& id) ABSL_LOCKS_EXCLUDED(mutex_);
  // Reads the workflow, now or after the read that is under way.
  void Look(const core::WorkflowId& id) ABSL_LOCKS_EXCLUDED(mutex_);
  void Take(const core::WorkflowId& id, absl::StatusOr<WorkflowReader::View> view)
      ABSL_LOCKS_EXCLUDED(mutex_);
  // What the view says to the caller; nullopt: to be waited for.
  std::optional<Answer> AnswerOf(const core::WorkflowId& id,
                                 const runtime::WorkflowView& view) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void OnTimeOut() ABSL_LOCKS_EXCLUDED(mutex_);
  void Finish(Answer answer) ABSL_LOCKS_EXCLUDED(mutex_);

  runtime::Engine& engine_;
  WorkflowReader& reader_;
  const std::string name_space_;
  const v1::WaitFor wait_for_;
  const std::vector<std::string> references_;
  base::Mutex mutex_;
  grpc::Alarm alarm_ ABSL_GUARDED_BY(mutex_);
  Done done_ ABSL_GUARDED_BY(mutex_);  // null once it was called
  core::WorkflowId id_ ABSL_GUARDED_BY(mutex_);
  bool existed_ ABSL_GUARDED_BY(mutex_) = false;
  bool timed_out_ ABSL_GUARDED_BY(mutex_) = false;
  std::map<core::WorkflowId, Watched> watched_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace skald::grpc_edge
