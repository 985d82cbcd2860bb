#include "engine/app/limits_table.h"

#include "engine/core/limits.h"
#include "engine/grpc/stream_writer.h"
#include "engine/grpc/watch_stream.h"
#include "engine/script/limits.h"

namespace skald::app {

std::vector<grpc_edge::NamedLimit> LimitsTable(const ServerConfig& config) {
  return {
      {"inbox_max", config.inbox_max, "requests", "waiting for a decision (--inbox-max)"},
      {"uncommitted_bytes_max", config.uncommitted_bytes_max, "bytes",
       "decided and not yet durable (--uncommitted-bytes-max)"},
      {"active_workflows_max", config.active_workflows_max, "workflows",
       "in memory (--active-workflows-max)"},
      {"queued_tasks_max", config.queued_tasks_max, "tasks",
       "ready and waiting for a worker (--queued-tasks-max)"},
      {"sessions_max", config.sessions_max, "streams", "of workers (--sessions-max)"},
      {"batch_workflows_max", config.batch_workflows_max, "workflows",
       "written by one commit (--batch-workflows-max)"},
      {"batch_bytes_max", config.batch_bytes_max, "bytes",
       "written by one commit (--batch-bytes-max)"},
      {"pending_bytes_max", grpc_edge::kPendingBytesMax, "bytes",
       "not yet read by one worker; beyond it the stream ends"},
      {"watch_notices_max", grpc_edge::kWatchNoticesMax, "notices",
       "not yet read by one watcher; beyond it the watch ends"},
      {"payload_bytes_max", core::kPayloadBytesMax, "bytes", "of one input or output"},
      {"json_depth_max", core::kJsonDepthMax, "levels", "of nesting in one payload"},
      {"definition_bytes_max", core::kDefinitionBytesMax, "bytes", "of one definition"},
      {"steps_max", core::kStepsMax, "steps", "of one definition"},
      {"step_nesting_max", core::kStepNestingMax, "levels", "of forks and switches"},
      {"expression_bytes_max", core::kExpressionBytesMax, "bytes", "of one expression"},
      {"path_work_max", core::kPathWorkMax, "nodes",
       "or 256-byte stretches read by the expressions of one input"},
      {"branches_max", core::kBranchesMax, "branches", "of one fork or switch"},
      {"tasks_per_workflow_max", core::kTasksPerWorkflowMax, "tasks", "of one workflow"},
      {"events_per_workflow_max", core::kEventsPerWorkflowMax, "events",
       "in one workflow's history"},
      {"script_ms_max", script::kEvaluationMsMax, "ms", "of one script or jq program"},
      {"script_memory_bytes_max", script::kMemoryBytesMax, "bytes",
       "taken by one script or jq program"},
      {"script_source_bytes_max", script::kSourceBytesMax, "bytes", "of one script or jq program"},
      {"script_hosts_max", script::kHostsMax, "processes", "that evaluate scripts"},
      {"script_tasks_max", script::kTasksMax, "tasks", "evaluated or waiting for it"},
  };
}

}  // namespace skald::app
