// Limits: the bounds of what one document, workflow or payload may be. Beyond one, a request is
// refused with a message that names the limit (bound.h); nothing grows past it.
//
// Constants of the core; what a deployment may set lower or higher is in the configuration.
// docs/limits.md says what each is for and how a workflow stays below it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/core/types.h"

namespace skald::core {

// ---- payloads: JSON texts from clients and workers ----
// Of what expressions, joins and loops put together.
inline constexpr std::size_t kPayloadBytesCeiling = 16 * 1024 * 1024;
// Of what a built-in step gives back (HTTP, GRPC, INLINE, jq), with status and headers.
inline constexpr std::size_t kStepOutputBytesMax = kPayloadBytesCeiling;
inline constexpr std::size_t kJsonDepthMax = 100;
// What the engine reads back of its own: payloads inside events inside rows, values inside values.
inline constexpr std::size_t kJsonDepthCeiling = 4096;
inline constexpr std::size_t kVariablesBytesMax = 256 * 1024;  // conductor.md 2.19

// ---- names and texts ----
inline constexpr std::size_t kNameBytesMax = 255;  // definitions, task types, references, domains
inline constexpr std::size_t kNamespaceBytesMax = 64;
inline constexpr std::size_t kCorrelationIdBytesMax = 255;
inline constexpr std::size_t kIdempotencyKeyBytesMax = 255;
inline constexpr std::size_t kTraceBytesMax = 512;
inline constexpr std::size_t kReasonBytesMax = 4096;  // longer reasons are cut
inline constexpr std::int32_t kPriorityMax = 99;
inline constexpr std::size_t kTaskDomainsMax = 256;  // entries of one taskToDomain

// ---- definitions ----
inline constexpr std::size_t kDefinitionBytesMax = 1024 * 1024;
inline constexpr std::size_t kTaskDefinitionBytesMax = 256 * 1024;
inline constexpr std::size_t kPinnedBytesMax = 4 * 1024 * 1024;  // with its task definitions
inline constexpr std::size_t kStepsMax = 2'000;
inline constexpr std::size_t kStepNestingMax = 20;  // forks and switches in one another
inline constexpr std::size_t kBranchesMax = 500;    // of one fork or switch
inline constexpr std::size_t kJoinOnMax = 1'000;
inline constexpr std::size_t kMaskedFieldsMax = 1'000;
// Shorter values of secrets are not looked for in results: they would be found in everything.
inline constexpr std::size_t kSecretBytesHiddenMin = 6;
inline constexpr std::size_t kExpressionsMax = 1'000;  // of one template
inline constexpr std::size_t kExpressionBytesMax = 1'024;
inline constexpr std::size_t kExpressionNestingMax = 5;          // ${a.${b}} has 2
inline constexpr std::size_t kPathNestingMax = 10;               // filters, and terms in them
inline constexpr std::size_t kPathPatternBytesMax = 256 * 1024;  // of one compiled =~ pattern
// Of one evaluation of a template, all its expressions together: a unit is a node that was visited,
// or kPathWorkBytes bytes that were passed over. About 0.1 s at most.
inline constexpr std::size_t kPathWorkMax = 500'000;
inline constexpr std::size_t kPathWorkBytes = 256;
// Steps made at run time: by one step in one go, with what they hold; of one workflow.
inline constexpr std::size_t kForkedStepsMax = 10'000;
inline constexpr std::size_t kAddedStepsMax = 60'000;
inline constexpr std::size_t kMistakesMax = 100;  // reported for one document
inline constexpr std::int32_t kRetryCountMax = 100'000;
inline constexpr std::int64_t kDurationSecondsMax = 10LL * 366 * 24 * 3'600;  // ten years
inline constexpr std::uint32_t kParallelUndoMax = 1'000;
// Of what a definition may bound its tasks to: in progress at once, begun in one window.
inline constexpr std::int64_t kLimitPlacesMax = 1'000'000;
inline constexpr std::int64_t kLimitStartsMax = 100'000;

// ---- built-in steps ----
// How often a step without effects is run again because whoever ran it died with it.
inline constexpr std::int32_t kPureStartsMax = 10;
// Iterations of steps that end at once are begun in one decision only up to this many events.
inline constexpr std::size_t kEventsPerDecisionMax = 2'000;

// ---- messages to a workflow (conductor.md 3.17) ----
inline constexpr std::size_t kMessagesMax = 1'000;                 // received and not yet taken
inline constexpr std::size_t kMessageBytesMax = 16 * 1024 * 1024;  // of those
inline constexpr std::size_t kMessagesPerPullMax = 100;
inline constexpr std::size_t kMessageIdBytesMax = 64;
// Ids chosen by senders are known again among so many of the newest.
inline constexpr std::size_t kMessageIdsKept = 1'000;

// ---- results that are used again ----
inline constexpr std::size_t kCacheKeyBytesMax = 1'024;  // a longer key keeps nothing

// ---- schemas of inputs and outputs ----
inline constexpr std::size_t kSchemaNodesMax = 5'000;     // of one schema
inline constexpr std::size_t kSchemaDepthMax = 100;       // references and nesting together
inline constexpr std::size_t kSchemaWorkMax = 1'000'000;  // comparisons of one check

// ---- workflows within workflows ----
inline constexpr std::int32_t kWorkflowNestingMax = 50;  // sub-workflows in one another

// ---- one workflow over its life ----
inline constexpr EventSeq kEventsPerWorkflowMax = 2'000'000;
inline constexpr std::size_t kTasksPerWorkflowMax = 120'000;  // kept by the state
inline constexpr std::size_t kHistoryBytesPerWorkflowMax = 512 * 1024 * 1024;
// Kept free below the two bounds above, so that a workflow at its limit can still be ended and
// undone.
inline constexpr EventSeq kEventsReservedForEnd = 20'000;
inline constexpr std::size_t kTasksReservedForUndo = 60'000;

static_assert(kStepOutputBytesMax <= kPayloadBytesCeiling);
static_assert(kJsonDepthMax < kJsonDepthCeiling / 4);
static_assert(kVariablesBytesMax <= kPayloadBytesCeiling);
static_assert(kDefinitionBytesMax < kPinnedBytesMax);
static_assert(kTaskDefinitionBytesMax < kPinnedBytesMax);
static_assert(kBranchesMax <= kStepsMax);
static_assert(kJoinOnMax <= kStepsMax);
static_assert(kStepNestingMax * 4 < kJsonDepthMax, "a nested step takes up to four JSON levels");
static_assert(kEventsReservedForEnd < kEventsPerWorkflowMax / 2);
static_assert(kTasksReservedForUndo < kTasksPerWorkflowMax);
static_assert(kStepsMax < kTasksPerWorkflowMax - kTasksReservedForUndo);
static_assert(kForkedStepsMax <= kAddedStepsMax);
static_assert(kForkedStepsMax < kTasksPerWorkflowMax - kTasksReservedForUndo);
static_assert(kTasksPerWorkflowMax * 3 <= kEventsPerWorkflowMax,
              "scheduled, started and ended: three events per task");

}  // namespace skald::core
