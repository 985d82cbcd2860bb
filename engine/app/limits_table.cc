// The rows, by the header that the constants stand in. tidy_test holds that every bound of these
// headers has one; unit_app_test, that docs/limits.md lists all rows.
#include "engine/app/limits_table.h"

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/core/bound.h"
#include "engine/core/limits.h"
#include "engine/grpc/limits.h"
#include "engine/grpc/server.h"
#include "engine/grpc_call/limits.h"
#include "engine/http_call/limits.h"
#include "engine/postgres/commit_parameters.h"
#include "engine/postgres/committer.h"
#include "engine/postgres/key_claimer.h"
#include "engine/postgres/session_thread.h"
#include "engine/rehearsal/limits.h"
#include "engine/runtime/limits.h"
#include "engine/script/limits.h"

namespace skald::app {
namespace {

using Rows = std::vector<grpc_edge::NamedLimit>;

struct Row {
  std::string_view name;  // as refusals say it
  std::uint64_t value = 0;
  std::string_view unit;
  std::string_view meaning;
};

// Settings: the option follows from the name.
Rows Settings(std::initializer_list<Row> rows) {
  Rows settings;
  for (const Row& row : rows) {
    settings.push_back(
        {std::string(row.name), row.value, std::string(row.unit),
         absl::StrCat(std::string(row.meaning), " (", core::OptionOf(row.name), ")")});
  }
  return settings;
}

// Constants of `header`.
Rows Fixed(std::string_view header, std::initializer_list<Row> rows) {
  Rows constants;
  for (const Row& row : rows) {
    constants.push_back(
        {std::string(row.name), row.value, std::string(row.unit),
         absl::StrCat(std::string(row.meaning), " (fixed in ", std::string(header), ")")});
  }
  return constants;
}

Rows OfTheServer(const ServerConfig& config) {
  return Settings({
      {"inbox_max", config.inbox_max, "requests", "waiting for a decision"},
      {"uncommitted_bytes_max", config.uncommitted_bytes_max, "bytes",
       "decided and not yet durable"},
      {"active_workflows_max", config.active_workflows_max, "workflows", "in memory"},
      {"queued_tasks_max", config.queued_tasks_max, "tasks", "ready and waiting for a worker"},
      {"sessions_max", config.sessions_max, "streams", "of workers"},
      {"watches_max", config.watches_max, "streams", "of watchers"},
      {"batch_workflows_max", config.batch_workflows_max, "workflows", "written by one commit"},
      {"batch_bytes_max", config.batch_bytes_max, "bytes", "of one commit"},
      {"script_time_limit_ms", config.scripts.time_limit_ms, "ms", "of one script or jq program"},
      {"script_memory_mib", config.scripts.memory_mib, "MiB", "taken by one script or jq program"},
      {"script_hosts", config.scripts.hosts, "processes",
       "of scripts; four more while some are slow"},
  });
}

Rows OfCalls(const CallConfig& calls) {
  return Settings({
      {"http_calls_max", calls.http_calls_max, "calls", "of HTTP steps at once"},
      {"http_calls_per_host_max", calls.http_calls_per_host_max, "calls",
       "of HTTP steps to one host at once"},
      {"http_request_bytes_max", calls.http_request_bytes_max, "bytes", "of an HTTP step's body"},
      {"http_response_bytes_max", calls.http_response_bytes_max, "bytes",
       "of the body of its reply, unpacked"},
      {"http_redirects_max", calls.http_redirects_max, "redirects", "of one attempt"},
      {"grpc_calls_max", calls.grpc_calls_max, "calls", "of GRPC steps at once"},
      {"grpc_channels_max", calls.grpc_channels_max, "channels", "of GRPC steps"},
      {"grpc_deadline_ms_max", calls.grpc_deadline_ms_max, "ms", "of deadlineMs"},
      {"grpc_request_bytes_max", calls.grpc_request_bytes_max, "bytes", "of a GRPC step's message"},
      {"grpc_response_bytes_max", calls.grpc_response_bytes_max, "bytes",
       "of its reply, as protobuf and as JSON"},
  });
}

Rows OfQueues() {
  return Fixed("engine/grpc/server.h",
               {
                   {"blocking_queue_max", grpc_edge::ServerOptions{}.blocking_queue_max, "calls",
                    "that wait for one of --blocking-threads to read or write the database"},
               });
}

Rows OfTheDatabase() {
  return Fixed(
      "engine/postgres",
      {
          {"claims_queued_max", postgres::kClaimsQueuedMax, "claims",
           "of idempotency keys, waiting for the database"},
          {"calls_queued_max", postgres::kCallsQueuedMax, "calls",
           "of the engine, waiting for one database connection"},
          {"commits_queued_max", postgres::kCommitsQueuedMax, "commits",
           "waiting for the database"},
          {"kBatchWritesMax", postgres::kBatchWritesMax, "workflows", "written by one commit"},
          {"kBatchBytesMax", postgres::kBatchBytesMax, "bytes", "of one commit"},
          {"kFieldBytesMax", postgres::kFieldBytesMax, "bytes", "of one field of a row"},
      });
}

Rows OfOneWorkflow() {
  return Fixed(
      "engine/core/limits.h",
      {
          {"kPayloadBytesCeiling", core::kPayloadBytesCeiling, "bytes",
           "of what expressions, a JOIN or a loop put together"},
          {"kStepOutputBytesMax", core::kStepOutputBytesMax, "bytes",
           "of what a built-in step gives back (HTTP, GRPC, INLINE, jq), with status and headers"},
          {"kJsonDepthMax", core::kJsonDepthMax, "levels", "of nesting in one payload"},
          {"kJsonDepthCeiling", core::kJsonDepthCeiling, "levels",
           "of nesting in what the engine reads back of its own"},
          {"kVariablesBytesMax", core::kVariablesBytesMax, "bytes",
           "of the variables of one workflow"},
          {"kNameBytesMax", core::kNameBytesMax, "bytes",
           "of the name of a definition, task type, reference or domain"},
          {"kNamespaceBytesMax", core::kNamespaceBytesMax, "bytes", "of the name of a namespace"},
          {"kCorrelationIdBytesMax", core::kCorrelationIdBytesMax, "bytes", "of a correlation id"},
          {"kIdempotencyKeyBytesMax", core::kIdempotencyKeyBytesMax, "bytes",
           "of an idempotency key"},
          {"kTraceBytesMax", core::kTraceBytesMax, "bytes",
           "of a traceparent, and of a tracestate"},
          {"kReasonBytesMax", core::kReasonBytesMax, "bytes",
           "of a reason; those of workers and steps are cut there"},
          {"kPriorityMax", core::kPriorityMax, "", "the highest priority"},
          {"kTaskDomainsMax", core::kTaskDomainsMax, "entries", "of one taskToDomain"},
          {"kDefinitionBytesMax", core::kDefinitionBytesMax, "bytes", "of one workflow definition"},
          {"kTaskDefinitionBytesMax", core::kTaskDefinitionBytesMax, "bytes",
           "of one task definition or schema"},
          {"kPinnedBytesMax", core::kPinnedBytesMax, "bytes",
           "of one definition with its task definitions"},
          {"kStepsMax", core::kStepsMax, "steps", "of one definition"},
          {"kStepNestingMax", core::kStepNestingMax, "levels",
           "of forks, loops and switches in one another"},
          {"kBranchesMax", core::kBranchesMax, "branches", "of one fork or switch"},
          {"kJoinOnMax", core::kJoinOnMax, "references", "of one joinOn"},
          {"kMaskedFieldsMax", core::kMaskedFieldsMax, "names", "in maskedFields"},
          {"kExpressionsMax", core::kExpressionsMax, "expressions", "of one template"},
          {"kExpressionBytesMax", core::kExpressionBytesMax, "bytes", "of one expression"},
          {"kExpressionNestingMax", core::kExpressionNestingMax, "levels",
           "of expressions in one another"},
          {"kPathNestingMax", core::kPathNestingMax, "levels",
           "of filters of a JSONPath, and of terms in them"},
          {"kPathPatternBytesMax", core::kPathPatternBytesMax, "bytes",
           "of one compiled =~ pattern"},
      });
}

Rows OfOneWorkflowAtRunTime() {
  return Fixed(
      "engine/core/limits.h",
      {
          {"kPathWorkMax", core::kPathWorkMax, "nodes",
           "or 256-byte stretches read by the expressions of one input"},
          {"kForkedStepsMax", core::kForkedStepsMax, "steps", "made by one dynamic fork"},
          {"kAddedStepsMax", core::kAddedStepsMax, "steps", "made at run time by one workflow"},
          {"kMistakesMax", core::kMistakesMax, "mistakes", "reported for one document"},
          {"kRetryCountMax", core::kRetryCountMax, "retries", "of one step"},
          {"kDurationSecondsMax", core::kDurationSecondsMax, "s",
           "of any duration in a definition"},
          {"kParallelUndoMax", core::kParallelUndoMax, "undos", "of one workflow at once"},
          {"kLimitPlacesMax", core::kLimitPlacesMax, "tasks", "that a concurrency limit may allow"},
          {"kLimitStartsMax", core::kLimitStartsMax, "starts",
           "that a rate limit may allow in one window"},
          {"kPureStartsMax", core::kPureStartsMax, "starts",
           "of a step without effects whose runner died with it"},
          {"kEventsPerDecisionMax", core::kEventsPerDecisionMax, "events",
           "begun in one decision by steps that end at once"},
          {"kMessagesMax", core::kMessagesMax, "messages", "that one workflow has not taken"},
          {"kMessageBytesMax", core::kMessageBytesMax, "bytes",
           "of messages that one workflow has not taken"},
          {"kMessagesPerPullMax", core::kMessagesPerPullMax, "messages",
           "taken by one PULL_WORKFLOW_MESSAGES"},
          {"kMessageIdBytesMax", core::kMessageIdBytesMax, "bytes", "of the id of a message"},
          {"kMessageIdsKept", core::kMessageIdsKept, "ids", "of messages that are known again"},
          {"kCacheKeyBytesMax", core::kCacheKeyBytesMax, "bytes",
           "of a cache key; a longer one keeps nothing"},
          {"kSchemaNodesMax", core::kSchemaNodesMax, "parts", "of one schema"},
          {"kSchemaDepthMax", core::kSchemaDepthMax, "levels",
           "of references and nesting in one schema"},
          {"kSchemaWorkMax", core::kSchemaWorkMax, "comparisons", "of one check by a schema"},
          {"kWorkflowNestingMax", core::kWorkflowNestingMax, "levels",
           "of sub-workflows in one another"},
          {"kEventsPerWorkflowMax", core::kEventsPerWorkflowMax, "events",
           "in one workflow's history"},
          {"kTasksPerWorkflowMax", core::kTasksPerWorkflowMax, "tasks",
           "of one workflow, half of them kept for undoing"},
          {"kHistoryBytesPerWorkflowMax", core::kHistoryBytesPerWorkflowMax, "bytes",
           "of one workflow's history"},
      });
}

Rows OfTheEngine() {
  return Fixed(
      "engine/runtime/limits.h",
      {
          {"kLoadsInFlightMax", runtime::kLoadsInFlightMax, "loads", "of single workflows at once"},
          {"load_waiters_max", runtime::kLoadWaitersMax, "requests", "for workflows being loaded"},
          {"kRemovedPerCallMax", runtime::kRemovedPerCallMax, "workflows",
           "removed in one go by retention"},
          {"kQuestionsInFlightMax", runtime::kQuestionsInFlightMax, "workflows",
           "that wait for task definitions of steps made at run time"},
          {"asks_waiting_max", runtime::kAsksWaitingMax, "look-ups",
           "of task definitions, waiting for the database"},
          {"kTaskDefinitionsKept", runtime::kTaskDefinitionsKept, "names",
           "of task definitions in memory"},
          {"kLimitedDefinitionsMax", runtime::kLimitedDefinitionsMax, "definitions",
           "of tasks that have limits"},
          {"kTimersPerTickMax", runtime::kTimersPerTickMax, "timers", "fired in one tick"},
          {"kLeasesPerTickMax", runtime::kLeasesPerTickMax, "leases", "that end in one tick"},
          {"kRequestsPerTickMax", runtime::kRequestsPerTickMax, "requests", "taken in one tick"},
          {"kMatchesPerTickMax", runtime::kMatchesPerTickMax, "tasks",
           "given to workers in one tick"},
          {"kLettersPerTickMax", runtime::kLettersPerTickMax, "letters",
           "to other workflows in one tick"},
          {"kAdmissionsPerTickMax", runtime::kAdmissionsPerTickMax, "workflows",
           "whose turn comes in one tick"},
          {"kWorkflowStepsAtOnceMax", runtime::kWorkflowStepsAtOnceMax, "tasks",
           "of GET_WORKFLOW and UPDATE_TASK at once"},
          {"kBrokenCommitsMax", runtime::kBrokenCommitsMax, "commits",
           "that fail for good in a row before the node gives up"},
          {"kStartsShareMax", runtime::kStartsShareMax, "percent",
           "of uncommitted_bytes_max, from which on starts are refused"},
          {"kChildrenLookedAtMax", runtime::kChildrenLookedAtMax, "sub-workflows",
           "looked at before their parent leaves memory"},
      });
}

Rows OfHttpSteps() {
  return Fixed(
      "engine/http_call/limits.h",
      {
          {"kUriBytesMax", http_call::kUriBytesMax, "bytes", "of the uri of an HTTP step"},
          {"kMethodBytesMax", http_call::kMethodBytesMax, "bytes", "of the method of an HTTP step"},
          {"kRequestHeadersMax", http_call::kRequestHeadersMax, "headers",
           "of the request of an HTTP step"},
          {"kRequestHeaderBytesMax", http_call::kRequestHeaderBytesMax, "bytes",
           "of the headers of its request"},
          {"kResponseHeaderBytesMax", http_call::kResponseHeaderBytesMax, "bytes",
           "of the headers of its reply"},
          {"kErrorBodyBytesMax", http_call::kErrorBodyBytesMax, "bytes",
           "of a refusal's body, quoted in the reason"},
          {"kIdleConnectionSecondsMax", http_call::kIdleConnectionSecondsMax, "s",
           "that a connection is kept for the next call"},
      });
}

Rows OfGrpcSteps() {
  return Fixed(
      "engine/grpc_call/limits.h",
      {
          {"kTargetsMax", grpc_call::kTargetsMax, "targets", "of one GRPC step"},
          {"kHostBytesMax", grpc_call::kHostBytesMax, "bytes", "of the host of a target"},
          {"kMethodBytesMax", grpc_call::kMethodBytesMax, "bytes", "of the method of a GRPC step"},
          {"kMetadataMax", grpc_call::kMetadataMax, "values", "of metadata of a GRPC step"},
          {"kMetadataBytesMax", grpc_call::kMetadataBytesMax, "bytes",
           "of metadata of a GRPC step"},
          {"kDetailsMax", grpc_call::kDetailsMax, "details", "of a failure; the rest is left out"},
          {"kDetailsBytesMax", grpc_call::kDetailsBytesMax, "bytes", "of the details of a failure"},
          {"kTypeSetsMax", grpc_call::kTypeSetsMax, "services", "whose message types are kept"},
          {"kTypeFilesMax", grpc_call::kTypeFilesMax, "files", "of descriptors of one service"},
          {"kTypeBytesMax", grpc_call::kTypeBytesMax, "bytes", "of descriptors of one service"},
          {"kReflectionMsMax", grpc_call::kReflectionMsMax, "ms", "for server reflection"},
          {"kAddressesMax", grpc_call::kAddressesMax, "addresses",
           "of one target; the rest is left out"},
          {"kConnectMsMax", grpc_call::kConnectMsMax, "ms", "of one attempt at one address"},
          {"kReconnectMsMax", grpc_call::kReconnectMsMax, "ms", "between two attempts"},
      });
}

Rows OfScripts() {
  return Fixed(
      "engine/script/limits.h",
      {
          {"kEvaluationMsMax", script::kEvaluationMsMax, "ms",
           "of one evaluation where script_time_limit_ms says no other"},
          {"kMemoryBytesMax", script::kMemoryBytesMax, "bytes",
           "of one evaluation where script_memory_mib says no other"},
          {"kSourceBytesMax", script::kSourceBytesMax, "bytes", "of one script or jq program"},
          {"kErrorBytesMax", script::kErrorBytesMax, "bytes",
           "of what a script threw; longer ones are cut"},
          {"kJsonDepthMax", script::kJsonDepthMax, "levels", "of nesting in what a script gives"},
          {"kNativeStackBytesMax", script::kNativeStackBytesMax, "bytes", "of stack of one script"},
          {"kCheckMsMax", script::kCheckMsMax, "ms",
           "for the scripts of one definition to be parsed when it is registered"},
          {"kCheckWaitMsMax", script::kCheckWaitMsMax, "ms",
           "that a registration waits for a script host"},
          {"kCachedScriptsMax", script::kCachedScriptsMax, "scripts", "kept compiled by one host"},
          {"kCachedProgramsMax", script::kCachedProgramsMax, "programs",
           "of jq kept compiled by one host"},
          {"kCachedSourceBytesMax", script::kCachedSourceBytesMax, "bytes",
           "of the sources kept compiled by one host"},
          {"kHostsMax", script::kHostsMax, "processes",
           "of scripts where script_hosts says no other"},
          {"kTasksMax", script::kTasksMax, "tasks",
           "of scripts and jq, evaluated or waiting for it"},
          {"kHostLossesMax", script::kHostLossesMax, "times",
           "that an evaluation begins again because a stranger ended its host"},
          {"kHostStartMsMax", script::kHostStartMsMax, "ms", "that a host may take to start"},
          {"kStartBackoffMsMax", script::kStartBackoffMsMax, "ms",
           "between two failed starts of a host"},
          {"kFailedStartsMax", script::kFailedStartsMax, "starts",
           "of hosts that fail in a row before tasks fail"},
          {"kFrameBytesMax", script::kFrameBytesMax, "bytes",
           "of one message between the server and a host"},
      });
}

Rows OfRehearsals() {
  return Fixed(
      "engine/rehearsal/limits.h",
      {
          {"kMocksBytesMax", rehearsal::kMocksBytesMax, "bytes",
           "of the mocks of one workflow test"},
          {"kMockResultsMax", rehearsal::kMockResultsMax, "results", "of one workflow test"},
          {"kPlannedActionsMax", rehearsal::kPlannedActionsMax, "actions", "of one workflow test"},
          {"kDefinitionsMax", rehearsal::kDefinitionsMax, "definitions",
           "brought along by one workflow test"},
          {"kRehearsalEventsMax", rehearsal::kRehearsalEventsMax, "events", "of one workflow test"},
          {"kVirtualTimeUsMax", rehearsal::kVirtualTimeUsMax, "us",
           "of virtual time of one workflow test"},
          {"kRealTasksMax", rehearsal::kRealTasksMax, "scripts", "evaluated by one workflow test"},
          {"kRealTimeUsMax", rehearsal::kRealTimeUsMax, "us", "for them, all together"},
          {"kResultTextMax", rehearsal::kResultTextMax, "characters",
           "of a result in the printed timeline"},
      });
}

Rows OfTheEdge() {
  return Fixed(
      "engine/grpc/limits.h",
      {
          {"kPayloadBytesMax", grpc_edge::kPayloadBytesMax, "bytes",
           "of one input or output from a client or a worker"},
          {"kStartsMax", grpc_edge::kStartsMax, "starts", "of one StartMany"},
          {"kBulkMax", grpc_edge::kBulkMax, "workflows", "of one bulk call"},
          {"kBulkRefusalsMax", grpc_edge::kBulkRefusalsMax, "refusals",
           "told of one workflow's upgrade in a bulk call"},
          {"kSignalWorkflowsMax", grpc_edge::kSignalWorkflowsMax, "workflows",
           "asked by one signal"},
          {"kExecuteWaitMsMax", grpc_edge::kExecuteWaitMsMax, "ms",
           "that Execute and Await may wait"},
          {"kExecuteReferencesMax", grpc_edge::kExecuteReferencesMax, "references",
           "that one Execute or Await may wait for"},
          {"kExecuteWorkflowsMax", grpc_edge::kExecuteWorkflowsMax, "workflows",
           "that one Execute or Await looks at"},
          {"kExecutionsMax", grpc_edge::kExecutionsMax, "calls",
           "of Execute and Await that wait at once"},
          {"kListPageMax", grpc_edge::kListPageMax, "workflows", "in one page of List"},
          {"kDefinitionPageMax", grpc_edge::kDefinitionPageMax, "definitions", "in one page"},
          {"kHistoryPageMax", grpc_edge::kHistoryPageMax, "events", "in one page of History"},
          {"kTaskPageMax", grpc_edge::kTaskPageMax, "tasks", "in one answer to Get"},
          {"kTaskPageBytesMax", grpc_edge::kTaskPageBytesMax, "bytes",
           "of payloads in one answer to Get"},
          {"kEntriesPerMessageMax", grpc_edge::kEntriesPerMessageMax, "entries",
           "of one kind in one message of a worker"},
          {"kAssignmentsPerMessageMax", grpc_edge::kAssignmentsPerMessageMax, "tasks",
           "in one message to a worker"},
          {"kTaskTypesMax", grpc_edge::kTaskTypesMax, "types", "of tasks of one worker"},
          {"kCreditsMax", grpc_edge::kCreditsMax, "tasks", "that one worker may hold"},
          {"kLeaseMsMax", grpc_edge::kLeaseMsMax, "ms", "of a lease that a worker may ask for"},
          {"kIncarnationBytesMax", grpc_edge::kIncarnationBytesMax, "bytes",
           "of the incarnation of a worker"},
          {"kProgressBytesMax", grpc_edge::kProgressBytesMax, "bytes",
           "of a progress message; longer ones are cut"},
          {"pending_bytes_max", grpc_edge::kPendingBytesMax, "bytes",
           "not yet read by one worker; beyond it the stream ends"},
          {"kLogLinesMax", grpc_edge::kLogLinesMax, "lines",
           "of workers, waiting to be stored; beyond it they are dropped"},
          {"kLogLinesPerTaskMax", grpc_edge::kLogLinesPerTaskMax, "lines", "kept of one task"},
          {"kLogLineBytesMax", grpc_edge::kLogLineBytesMax, "bytes",
           "of one line of a worker's log; longer ones are cut"},
          {"watch_notices_max", grpc_edge::kWatchNoticesMax, "notices",
           "not yet read by one watcher; beyond it the watch ends"},
          {"watch_bytes_max", grpc_edge::kWatchBytesMax, "bytes",
           "not yet read by one watcher; beyond it the watch ends"},
          {"kNoticesPerMessageMax", grpc_edge::kNoticesPerMessageMax, "notices",
           "in one message to a watcher"},
      });
}

}  // namespace

std::vector<grpc_edge::NamedLimit> LimitsTable(const ServerConfig& config) {
  Rows table = OfTheServer(config);
  for (Rows& rows :
       std::vector<Rows>{OfCalls(config.calls), OfQueues(), OfTheDatabase(), OfOneWorkflow(),
                         OfOneWorkflowAtRunTime(), OfTheEngine(), OfHttpSteps(), OfGrpcSteps(),
                         OfScripts(), OfRehearsals(), OfTheEdge()}) {
    for (auto& row : rows) table.push_back(std::move(row));
  }
  return table;
}

}  // namespace skald::app
