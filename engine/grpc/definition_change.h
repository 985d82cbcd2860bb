// DefinitionChange: triggers that give a workflow another definition of its name, completed with
// that definition as it is registered now.
//
// Thread-safe. They wait on the database: for use on the pool. NOT_FOUND: no such workflow, or no
// such definition.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "engine/core/trigger.h"
#include "engine/grpc/workflow_reader.h"
#include "skald/v1/workflow.pb.h"

namespace skald::grpc_edge {

// `restart` with the newest definition of the workflow's name.
absl::StatusOr<core::RestartWorkflow> WithNewest(WorkflowReader& reader,
                                                 const std::string& name_space,
                                                 const core::WorkflowId& id,
                                                 core::RestartWorkflow restart);

// `upgrade` with the definition that the request names. The response says in what the two differ
// and, for a dry run, what stands against it.
absl::StatusOr<core::UpgradeWorkflow> WithVersion(WorkflowReader& reader,
                                                  const std::string& name_space,
                                                  const core::WorkflowId& id,
                                                  core::UpgradeWorkflow upgrade,
                                                  const v1::UpgradeRequest& request,
                                                  v1::UpgradeResponse& response);

}  // namespace skald::grpc_edge
