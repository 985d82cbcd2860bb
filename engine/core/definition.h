// Definition: a workflow definition, parsed, validated and compiled to a flat graph of steps, with
// every task definition that it uses embedded as it was when the workflow began.
//
// Immutable once built, thread-safe. Built by ParseDefinition (definition_parser.h) only.
// Sources: conductor.md 1.2-1.6; saga.md 2.1, 2.2.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/core/environment.h"
#include "engine/core/masked_fields.h"
#include "engine/core/payload.h"
#include "engine/core/template.h"
#include "engine/core/types.h"

namespace skald::core {

enum class StepType : std::uint8_t {
  kSimple,
  kDynamic,
  kSwitch,
  kForkJoin,
  kForkJoinDynamic,
  kJoin,
  kExclusiveJoin,
  kSetVariable,
  kTerminate,
  kWait,
  kInline,
  kLambda,
  kJqTransform,
  kHttp,
  kGrpc,
  kNoop,
  kHuman,
  kEvent,
  kDecision,
  kDoWhile,
  kSubWorkflow,
  kStartWorkflow,
  kPullMessages,
  kUpdateTask,
  kGetWorkflow,
};
std::string_view Name(StepType type);  // "FORK_JOIN"

enum class RetryLogic : std::uint8_t { kFixed, kExponentialBackoff, kLinearBackoff };
enum class TimeoutPolicy : std::uint8_t { kRetry, kTimeOutWorkflow, kAlertOnly };

// When and how often a failed attempt is followed by another (conductor.md 3.5; saga.md 2.11).
struct RetryPolicy {
  std::int32_t retry_count = 3;  // attempts after the first; -1 = no limit
  RetryLogic logic = RetryLogic::kFixed;
  DurationUs delay_us = 60 * kSecondUs;
  DurationUs delay_us_max = 0;            // 0 = no cap
  DurationUs jitter_us_max = 0;           // added: hashed from ids, 0 … this
  std::int32_t backoff_scale_factor = 1;  // kLinearBackoff only
};

// What happens when an undo has used up its attempts (saga.md 2.11).
enum class OnExhausted : std::uint8_t { kPark, kSkip };

// The task that undoes a step (saga.md 2.1, `compensation` and the shorthand `compensateWith`).
struct Undo {
  // kSimple: of a worker; kHuman: ended by a person's update; kSubWorkflow: a workflow of the
  // definition `task_type`, started for it, or, with `of_child`, the step's own sub-workflow, which
  // is asked to undo itself; else a built-in step.
  StepType type = StepType::kSimple;
  std::string runner;  // as Step::runner
  Payload settings;    // as Step::settings
  std::string task_type;
  bool of_child = false;
  std::optional<Template> input;  // absent: the default undo input of saga.md 2.1
  RetryPolicy retry;              // defaults of saga.md 2.11, then workflow, then own fields
  DurationUs timeout_us = 0;      // one attempt, from start; 0 = none
  DurationUs response_timeout_us = 0;
  OnExhausted on_exhausted = OnExhausted::kPark;
  std::string domain;
};

// The task that asks whether a step took effect (saga.md 2.1, `probe`).
struct Probe {
  std::string task_type;
  std::optional<Template> input;
  RetryPolicy retry;
  std::string domain;
};

// How many tasks of a definition may be in progress, and how many may begin (conductor.md 1.4,
// concurrentExecLimit and rateLimit…; 3.8). Held by the runtime, over all workers of a node.
struct TaskLimits {
  std::int32_t places = 0;          // in progress at once; 0 = no bound
  std::int32_t places_per_key = 0;  // in progress at once for each value of `key`; 0 = no bound
  std::string key;                  // where that value stands in the task's input: "customer.id"
  std::int32_t starts = 0;          // in any span of `window_us`; 0 = no bound
  DurationUs window_us = 0;

  bool any() const { return places > 0 || places_per_key > 0 || starts > 0; }
  friend bool operator==(const TaskLimits&, const TaskLimits&) = default;
};

class JsonSchema;

// What goes in and what comes out has to conform to, where they are given and enforced
// (conductor.md 1.2, 1.4). Shared: immutable, and definitions are copied.
struct Schemas {
  std::shared_ptr<const JsonSchema> input;   // null = anything
  std::shared_ptr<const JsonSchema> output;  // null = anything
};

// A result is used again for a later task with the same key (conductor.md 1.3, cacheConfig).
struct CacheRule {
  Template key;  // reads the task's input, then what any template reads
  DurationUs ttl_us = 0;
};

// A task definition (conductor.md 1.4). Fields that only later releases act on stay in `source`.
struct TaskDefinition {
  std::string name;
  RetryPolicy retry;
  DurationUs timeout_us = 0;  // one attempt, from start; 0 = none
  DurationUs response_timeout_us = 3'600 * kSecondUs;
  DurationUs poll_timeout_us = 0;   // scheduled without being started; 0 = none
  DurationUs total_timeout_us = 0;  // all attempts; 0 = none
  TimeoutPolicy timeout_policy = TimeoutPolicy::kTimeOutWorkflow;
  Payload input_template;               // object; values for keys whose evaluated input is null
  std::optional<Undo> compensate_with;  // inherited by every step that uses this definition
  Payload source;                       // the JSON as registered, unknown fields and all
  // As the workflow began with them; what is registered under the name now comes first.
  TaskLimits limits;
  Schemas schemas;
};

enum class StepKind : std::uint8_t { kUndeclared, kCompensable, kPivot, kRetryable, kReadOnly };
enum class UnknownPolicy : std::uint8_t { kByBarrier, kCompensate, kProbe, kPark };
enum class InFlightPolicy : std::uint8_t { kCancelAndSettle, kSettle, kCompensateNow };

struct StepSaga {
  StepKind kind = StepKind::kUndeclared;
  std::optional<Undo> undo;
  bool compensate_on_failure = false;
  // kByBarrier: kCompensate when the worker that took the attempt declared the barrier, else kPark.
  UnknownPolicy unknown = UnknownPolicy::kByBarrier;
  std::optional<Probe> probe;
  InFlightPolicy in_flight = InFlightPolicy::kCancelAndSettle;
};

// What a SUB_WORKFLOW step says of its child (conductor.md 1.3, subWorkflowParam).
struct ChildParams {
  // Object of name, version, priority, taskToDomain, idempotencyKey, idempotencyStrategy and, when
  // it is an expression, workflowDefinition: each may hold expressions.
  Template values;
  Payload definition;  // workflowDefinition as an object; its own expressions are the child's
  // The version that a literal name without one meant when the workflow began; 0 = open.
  std::int32_t latest_version = 0;
  bool has_pivot = false;  // as far as it is known
};

// A list of steps that run one after the other: a branch of a fork, a case of a switch.
struct Branch {
  std::string key;  // the case's value; "" for fork branches and the default case
  std::vector<StepIndex> steps;
};

// kForkJoinDynamic: the input keys under which it finds what to fork
// (conductor.md 2.5).
struct ForkParameters {
  std::string tasks;   // dynamicForkTasksParam: a list of steps
  std::string inputs;  // dynamicForkTasksInputParamName: their inputs by reference
  std::string legacy;  // dynamicForkJoinTasksParam
};

struct Step {
  StepIndex index = kNoStep;
  StepType type = StepType::kSimple;
  std::string name;       // of its task definition
  std::string task_type;  // kSimple: what workers offer: `name`, or the step's own type
  std::string reference;  // unique in the definition
  // The type under which a runner of this node carries the step's task out ("INLINE", "HTTP", …);
  // empty: a worker or the decision itself does.
  std::string runner;
  // With a runner: object, what the step says to it beside its input. kDoWhile: the condition, as
  // an INLINE; empty: there is none.
  Payload settings;
  // Where it stands: `parent` holds it in its branch number `branch`; kNoStep at the top level. The
  // number of a default case is the number of cases.
  StepIndex parent = kNoStep;
  std::uint32_t branch = 0;
  StepIndex next = kNoStep;  // the following step of the same list
  // kNoStep but for a step that stands in for a DYNAMIC one, under its reference and in its place.
  StepIndex instead_of = kNoStep;
  Template input;
  Payload given_input;  // object or empty: laid over the evaluated input, as it is
  // Steps that the input reads, ascending, no duplicates; all of them where only the evaluation
  // shows which.
  std::vector<StepIndex> reads;
  bool optional = false;
  bool permissive = false;      // its failure fails the workflow only when all else has ended
  bool async_complete = false;  // done by its runner, it waits for an update from outside
  DurationUs start_delay_us = 0;
  TaskDefinition task;         // as it was at the start, with the step's own overrides applied
  bool embedded_task = false;  // it came with the step, not from those that are registered
  std::string domain;
  StepSaga saga;

  // kForkJoin: the branches; kSwitch, kDecision: the cases; kDoWhile: the body, alone.
  std::vector<Branch> branches;
  std::optional<Branch> otherwise;      // kSwitch, kDecision: defaultCase
  std::string switch_parameter;         // kSwitch, kDecision without a runner: the input key
  Template sink;                        // kEvent: a string
  std::optional<Template> items;        // kDoWhile: what to go through, a list or one value
  std::vector<StepIndex> join_on;       // kJoin, kExclusiveJoin
  std::vector<StepIndex> join_default;  // kExclusiveJoin: looked at when none of join_on has ended
  std::vector<StepIndex> joined_by;     // joins whose join_on or join_default names this step
  // kJoin: the dynamic fork right before it, whose branches it waits for
  // instead of join_on; kNoStep for any other.
  StepIndex joins_fork = kNoStep;
  ForkParameters fork;
  std::string name_parameter;  // kDynamic: the input key of the task's name
  Payload source;              // kDynamic: its JSON
  WorkflowStatus termination_status = WorkflowStatus::kCompleted;  // kTerminate
  ChildParams child;                                               // kSubWorkflow
  std::optional<CacheRule> cache;  // of what a worker or a runner does
};

enum class UndeclaredPolicy : std::uint8_t { kIgnore, kReadOnly, kReject, kPark };
enum class UndoOrder : std::uint8_t { kCausal, kStrictReverse, kParallel };
enum class SiblingPolicy : std::uint8_t { kInterrupt, kBarrier, kDrain };
enum class OnAbort : std::uint8_t { kCompensate, kIgnore };

// Workflow-level saga settings (saga.md 2.1).
struct WorkflowSaga {
  bool declared = false;  // any saga data in the definition or its task definitions
  UndeclaredPolicy undeclared = UndeclaredPolicy::kIgnore;
  UndoOrder order = UndoOrder::kCausal;
  SiblingPolicy siblings = SiblingPolicy::kInterrupt;
  DurationUs settle_timeout_us = 0;  // 0: from the response timeouts in flight, at most 300 s
  std::uint32_t parallel_undo_max = 16;
  OnAbort on_terminate = OnAbort::kCompensate;
  OnAbort on_timeout = OnAbort::kCompensate;
  DurationUs compensation_timeout_us = 0;  // 0 = none
  // For steps that do not say what becomes of an unknown outcome: the workflow's word, and the
  // server's at the time of the start for what that leaves open.
  UnknownPolicy unknown = UnknownPolicy::kByBarrier;
  UnknownPolicy server_unknown = UnknownPolicy::kByBarrier;
};

// When a saga's failure workflow is begun (saga.md 2.1). Without saga data there is no difference.
enum class FailureWorkflowAt : std::uint8_t { kAfterCompensation, kOnFailure };

// How many workflows of a definition may run under one key (conductor.md 1.2, rateLimitConfig).
struct TurnRule {
  std::int32_t running_max = 0;  // 0 = no bound
  std::optional<Template> key;   // absent: all of them have one
  bool rejects = false;          // one too many is refused; else it waits for its turn
};

struct Definition {
  std::int64_t id = 0;  // names this pinned form in the store; 0 = not stored
  std::string name_space;
  std::string name;
  std::int32_t version = 1;
  std::vector<Step> steps;         // parents before their children
  std::vector<StepIndex> roots;    // the top-level list
  bool makes_steps = false;        // has a DYNAMIC or FORK_JOIN_DYNAMIC step
  std::optional<Template> output;  // outputParameters; absent: the last task's output
  std::vector<StepIndex> output_reads;
  Payload input_template;              // object or empty
  Payload variables;                   // object or empty
  DurationUs timeout_us = 0;           // 0 = none
  bool timeout_ends_workflow = false;  // TIME_OUT_WF; else only an alert
  bool restartable = true;             // also when it has completed
  WorkflowSaga saga;
  RetryPolicy undo_retry;        // what undo tasks begin with (saga.md 2.11)
  std::string failure_workflow;  // name, `$workflow.input.x` or `${workflow.input.x}`; "" = none
  std::int32_t failure_workflow_version = 0;  // 0 = the newest
  FailureWorkflowAt failure_workflow_at = FailureWorkflowAt::kAfterCompensation;
  TurnRule turns;
  Payload source;                                  // the JSON as registered, unknown fields and all
  std::vector<StepIndex> by_reference;             // all steps, sorted by reference
  std::shared_ptr<const Environment> environment;  // shared by all definitions; null = empty
  Schemas schemas;
  MaskedFields masked;

  // Returns kNoStep when no step has that reference.
  StepIndex Find(std::string_view reference) const;
};

}  // namespace skald::core
