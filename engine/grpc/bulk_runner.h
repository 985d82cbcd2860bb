// BulkRunner: one verb on many workflows, each with its own outcome.
//
// Thread-safe. At most kBulkMax workflows a call; each takes a place in the engine's inbox.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/grpc/blocking_pool.h"
#include "engine/grpc/limits.h"
#include "engine/grpc/workflow_reader.h"
#include "engine/ports/catalog.h"
#include "engine/runtime/engine.h"
#include "skald/v1/workflow.pb.h"

namespace skald::grpc_edge {

class BulkRunner {
 public:
  using Done = std::function<void(const absl::Status&)>;

  // All outlive the runner and every call under way.
  BulkRunner(runtime::Engine& engine, ports::Catalog& catalog, WorkflowReader& reader,
             BlockingPool& pool)
      : engine_(engine), catalog_(catalog), reader_(reader), pool_(pool) {}

  // Request and response live until `done` is called, once, from any thread.
  // INVALID_ARGUMENT: the request itself is malformed; then nothing was done.
  void Run(const v1::BulkRequest& request, v1::BulkResponse& response, Done done);

 private:
  // What is done to each of them, and what it says in the outcome beside its answer.
  using Act = std::function<void(const core::WorkflowId&, v1::BulkResponse::Outcome&,
                                 runtime::Callback<core::Answer>)>;

  absl::StatusOr<Act> ActOf(const v1::BulkRequest& request);
  Act SendEach(const std::string& name_space, const core::Trigger& trigger);
  absl::StatusOr<Act> RestartEach(const std::string& name_space, const v1::RestartRequest& request);
  absl::StatusOr<Act> UpgradeEach(const std::string& name_space, const v1::UpgradeRequest& request);
  Act DeleteEach(const std::string& name_space, const v1::ActionRequest& request);
  Act SignalEach(const std::string& name_space, const core::SignalWorkflow& signal);
  void RunListed(const std::vector<std::string>& ids, const Act& act, v1::BulkResponse& response,
                 Done done);
  void RunFiltered(const v1::BulkRequest& request, const Act& act, v1::BulkResponse& response,
                   const Done& done);

  runtime::Engine& engine_;
  ports::Catalog& catalog_;
  WorkflowReader& reader_;
  BlockingPool& pool_;
};

}  // namespace skald::grpc_edge
