#include "engine/app/limits_table.h"

#include "engine/core/limits.h"
#include "engine/grpc/bulk_runner.h"
#include "engine/grpc/convert.h"
#include "engine/grpc/execution.h"
#include "engine/grpc/server.h"
#include "engine/grpc/stream_writer.h"
#include "engine/grpc/watch_stream.h"
#include "engine/postgres/committer.h"
#include "engine/postgres/key_claimer.h"
#include "engine/postgres/session_thread.h"
#include "engine/rehearsal/limits.h"
#include "engine/runtime/limits.h"
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
      {"watches_max", config.watches_max, "streams", "of watchers (--watches-max)"},
      {"batch_workflows_max", config.batch_workflows_max, "workflows",
       "written by one commit (--batch-workflows-max)"},
      {"batch_bytes_max", config.batch_bytes_max, "bytes", "of one commit (--batch-bytes-max)"},
      {"pending_bytes_max", grpc_edge::kPendingBytesMax, "bytes",
       "not yet read by one worker; beyond it the stream ends"},
      {"watch_notices_max", grpc_edge::kWatchNoticesMax, "notices",
       "not yet read by one watcher; beyond it the watch ends"},
      {"watch_bytes_max", grpc_edge::kWatchBytesMax, "bytes",
       "not yet read by one watcher; beyond it the watch ends"},
      {"blocking_queue_max", grpc_edge::ServerOptions{}.blocking_queue_max, "calls",
       "that wait for a thread to read or write the database (--blocking-threads)"},
      {"load_waiters_max", runtime::kLoadWaitersMax, "requests", "for workflows being loaded"},
      {"asks_waiting_max", runtime::kAsksWaitingMax, "look-ups",
       "of task definitions, waiting for the database"},
      {"claims_queued_max", postgres::kClaimsQueuedMax, "claims",
       "of idempotency keys, waiting for the database"},
      {"calls_queued_max", postgres::kCallsQueuedMax, "calls",
       "of the engine, waiting for one database connection"},
      {"commits_queued_max", postgres::kCommitsQueuedMax, "commits", "waiting for the database"},
      {"http_request_bytes_max", config.calls.http_request_bytes_max, "bytes",
       "of an HTTP step's body (--http-request-bytes-max)"},
      {"grpc_request_bytes_max", config.calls.grpc_request_bytes_max, "bytes",
       "of a GRPC step's message (--grpc-request-bytes-max)"},
      {"payload_bytes_max", grpc_edge::kPayloadBytesMax, "bytes", "of one input or output"},
      {"bulk_max", grpc_edge::kBulkMax, "workflows", "named by one Bulk call"},
      {"task_page_max", grpc_edge::kTaskPageMax, "tasks", "in one answer to Get"},
      {"json_depth_max", core::kJsonDepthMax, "levels", "of nesting in one payload"},
      {"definition_bytes_max", core::kDefinitionBytesMax, "bytes", "of one definition"},
      {"steps_max", core::kStepsMax, "steps", "of one definition"},
      {"step_nesting_max", core::kStepNestingMax, "levels", "of forks and switches"},
      {"expression_bytes_max", core::kExpressionBytesMax, "bytes", "of one expression"},
      {"path_work_max", core::kPathWorkMax, "nodes",
       "or 256-byte stretches read by the expressions of one input"},
      {"task_domains_max", core::kTaskDomainsMax, "entries", "of one taskToDomain"},
      {"branches_max", core::kBranchesMax, "branches", "of one fork or switch"},
      {"tasks_per_workflow_max", core::kTasksPerWorkflowMax, "tasks", "of one workflow"},
      {"events_per_workflow_max", core::kEventsPerWorkflowMax, "events",
       "in one workflow's history"},
      {"messages_max", core::kMessagesMax, "messages", "that one workflow has not taken"},
      {"message_bytes_max", core::kMessageBytesMax, "bytes",
       "of messages that one workflow has not taken"},
      {"schema_nodes_max", core::kSchemaNodesMax, "parts", "of one schema"},
      {"schema_work_max", core::kSchemaWorkMax, "comparisons", "of one check by a schema"},
      {"executions_max", static_cast<std::uint64_t>(grpc_edge::kExecutionsMax), "calls",
       "of Execute and Await that wait at once"},
      {"script_ms_max", config.scripts.time_limit_ms, "ms", "of one (--script-time-limit-ms)"},
      {"script_memory_bytes_max", config.scripts.memory_mib << 20, "bytes",
       "taken by one script or jq program (--script-memory-mib)"},
      {"script_source_bytes_max", script::kSourceBytesMax, "bytes", "of one script or jq program"},
      {"script_hosts_max", config.scripts.HostsMax(), "processes", "(--script-hosts + 4)"},
      {"script_tasks_max", script::kTasksMax, "tasks", "evaluated or waiting for it"},
      {"rehearsal_events_max", rehearsal::kRehearsalEventsMax, "events", "of one workflow test"},
      {"virtual_time_us_max", rehearsal::kVirtualTimeUsMax, "us", "of one workflow test"},
      {"mocks_bytes_max", rehearsal::kMocksBytesMax, "bytes", "of the mocks of one workflow test"},
      {"mock_results_max", rehearsal::kMockResultsMax, "results", "of one workflow test"},
      {"real_tasks_max", rehearsal::kRealTasksMax, "scripts", "evaluated by one workflow test"},
      {"real_time_us_max", rehearsal::kRealTimeUsMax, "us", "for them, all together"},
  };
}

}  // namespace skald::app
