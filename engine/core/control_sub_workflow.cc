// SUB_WORKFLOW and START_WORKFLOW (conductor.md 2.10, 2.11): tasks that other workflows carry out.
// The task's input says which; it is asked for with StartChild as soon as the task may be started.
#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "engine/core/bound.h"
#include "engine/core/construct.h"
#include "engine/core/control.h"
#include "engine/core/families.h"
#include "engine/core/json_scan.h"
#include "engine/core/json_write.h"
#include "engine/core/limits.h"
#include "engine/core/state_scope.h"
#include "engine/core/task_domains.h"
#include "engine/core/task_steps.h"

namespace skald::core {
namespace {

// nullopt when absent or null.
std::optional<std::string_view> Given(std::string_view object, std::string_view key) {
  const std::optional<std::string_view> value = FindMember(object, key);
  if (!value.has_value() || KindOf(*value) == JsonKind::kNull) return std::nullopt;
  return value;
}

// A number, or a text that is one.
std::optional<std::int64_t> IntegerIn(std::string_view object, std::string_view key) {
  const std::optional<std::string_view> value = Given(object, key);
  if (!value.has_value()) return std::nullopt;
  if (KindOf(*value) != JsonKind::kString) return IntegerOf(*value);
  std::int64_t number = 0;
  if (!absl::SimpleAtoi(StringOf(*value), &number)) return std::nullopt;
  return number;
}

Payload ObjectIn(std::string_view object, std::string_view key) {
  const std::optional<std::string_view> value = Given(object, key);
  if (!value.has_value() || KindOf(*value) != JsonKind::kObject) return Payload();
  return Payload(std::string(*value));
}

bool IsEmptyObject(const Payload& payload) {
  return payload.empty() || !JsonWalk(payload.text()).Next();
}

// 0 when none is given.
std::int32_t PriorityIn(std::string_view object) {
  const std::optional<std::int64_t> priority = IntegerIn(object, "priority");
  if (!priority.has_value() || *priority < 0 || *priority > kPriorityMax) return 0;
  return static_cast<std::int32_t>(*priority);
}

std::int32_t VersionIn(std::string_view object, std::string_view key) {
  const std::int64_t version = IntegerIn(object, key).value_or(0);
  return static_cast<std::int32_t>(std::clamp<std::int64_t>(version, 0, 0x7FFFFFFF));
}

// The finisher of splitmix64, over all bytes of the id and the number.
std::uint64_t HashOf(const WorkflowId& id, std::uint64_t number) {
  std::uint64_t hash = number;
  for (const std::uint8_t byte : id.bytes()) {
    hash = (hash ^ byte) + 0x9e3779b97f4a7c15ULL;
    hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9ULL;
    hash = (hash ^ (hash >> 27)) * 0x94d049bb133111ebULL;
    hash ^= hash >> 31;
  }
  return hash;
}

// Those of this workflow are inherited unless others are given.
void OverrideDomains(Payload given, StartChild& start) {
  if (!IsEmptyObject(given)) start.task_to_domain = std::move(given);
}

void FillKey(std::string_view request, StartChild& start) {
  start.idempotency_key = TextIn(request, "idempotencyKey");
  start.key_strategy = KeyStrategyNamed(TextIn(request, "idempotencyStrategy"))
                           .value_or(KeyStrategy::kReturnExisting);
}

// "" when they can be meant.
std::string KeyProblem(std::string_view request) {
  const std::string key = TextIn(request, "idempotencyKey");
  if (key.size() > kIdempotencyKeyBytesMax) {
    return absl::StrCat("idempotencyKey: ", key.size(), " bytes, at most ",
                        FixedBound("kIdempotencyKeyBytesMax", kIdempotencyKeyBytesMax),
                        " expected");
  }
  const std::string strategy = TextIn(request, "idempotencyStrategy");
  if (strategy.empty() || KeyStrategyNamed(strategy).has_value()) return "";
  return absl::StrCat(
      "idempotencyStrategy: FAIL, RETURN_EXISTING or FAIL_ON_RUNNING expected, not ", strategy);
}

void FillFromStartRequest(const Task& task, StartChild& start) {
  const Payload request = ObjectIn(task.input.text(), "startWorkflow");
  start.detached = true;
  start.name = TextIn(request.text(), "name");
  start.version = VersionIn(request.text(), "version");
  start.definition = ObjectIn(request.text(), "workflowDef");
  start.input = ObjectIn(request.text(), "input");
  const std::string correlation_id = TextIn(request.text(), "correlationId");
  if (!correlation_id.empty()) start.correlation_id = correlation_id;
  start.priority = PriorityIn(request.text());
  OverrideDomains(ObjectIn(request.text(), "taskToDomain"), start);
  FillKey(request.text(), start);
}

void FillFromSubWorkflow(const Task& task, StartChild& start) {
  const std::string_view input = task.input.text();
  start.name = TextIn(input, "subWorkflowName");
  start.version = VersionIn(input, "subWorkflowVersion");
  start.definition = ObjectIn(input, "subWorkflowDefinition");
  start.input = ObjectIn(input, "workflowInput");
  if (IsEmptyObject(start.input)) start.input = task.input;
  start.priority = PriorityIn(input);
  OverrideDomains(ObjectIn(input, "subWorkflowTaskToDomain"), start);
  FillKey(input, start);
  if (start.definition.empty()) return;
  start.input =
      Payload(OverlayMembers(start.input.text(), R"({"_systemMetadata":{"dynamic":true}})"));
}

StartChild StartChildOf(const Definition& definition, const State& state, const Task& task) {
  StartChild start;
  start.task = task.number;
  start.child = task.child;
  start.correlation_id = state.start.correlation_id;
  start.task_to_domain = state.start.task_to_domain;
  const Step& step = StepOf(definition, state, task.step);
  if (task.operation == Operation::kCompensate) {
    start.name = step.saga.undo->task_type;
    start.input = task.input;
  } else if (step.type == StepType::kStartWorkflow) {
    FillFromStartRequest(task, start);
  } else {
    FillFromSubWorkflow(task, start);
  }
  return start;
}

UndoChild UndoChildOf(const State& state, const Task& task) {
  return {
      task.number, task.child,
      absl::StrCat("Parent workflow is undone: ", state.fault.reason).substr(0, kReasonBytesMax)};
}

void FailChildTask(TaskNumber task, std::string reason, Draft& draft) {
  draft.Emit(TaskFailed{.task = task, .reason = std::move(reason)});
  OnTaskEnded(task, draft);
}

// "" when the request can be carried out (conductor.md 2.11).
std::string StartRequestProblem(const Payload& input) {
  const std::optional<std::string_view> request = Given(input.text(), "startWorkflow");
  if (!request.has_value()) return "Missing 'startWorkflow' in input data.";
  if (KindOf(*request) != JsonKind::kObject) {
    return absl::StrCat("Error reading StartWorkflowRequest. an object was expected, not ",
                        std::string(Describe(KindOf(*request))));
  }
  const auto invalid = [](std::string_view path, std::string_view message) {
    return absl::StrCat("startWorkflow validation failed. '", std::string(path), "' -> ",
                        std::string(message), ". ");
  };
  if (!Given(*request, "name").has_value() && !Given(*request, "workflowDef").has_value()) {
    return invalid("name", "Workflow name cannot be null or empty");
  }
  const std::int64_t priority = IntegerIn(*request, "priority").value_or(0);
  if (priority < 0)
    return invalid("priority", absl::StrCat("priority: ", priority, " should be minimum 0"));
  if (priority > kPriorityMax) {
    return invalid("priority",
                   absl::StrCat("priority: ", priority, " should be maximum ", kPriorityMax));
  }
  const auto domains = Given(*request, "taskToDomain");
  if (domains.has_value()) {
    const absl::Status fit = CheckTaskToDomain(Payload(std::string(*domains)));
    if (!fit.ok()) return invalid("taskToDomain", std::string(fit.message()));
  }
  const auto workflow_input = Given(*request, "input");
  if (workflow_input.has_value() && KindOf(*workflow_input) != JsonKind::kObject) {
    return absl::StrCat("Error reading StartWorkflowRequest. input must be an object, not ",
                        std::string(Describe(KindOf(*workflow_input))));
  }
  const std::string key_problem = KeyProblem(*request);
  if (!key_problem.empty()) {
    return absl::StrCat("Error reading StartWorkflowRequest. ", key_problem);
  }
  return "";
}

void Schedule(const Step& step, TaskScheduled task, Draft& draft) {
  SetQueueTimes(step, step.start_delay_us, draft.now(), draft.now(), task);
  const TaskNumber number = task.task;
  draft.Emit(std::move(task));
  OfferIfReady(number, draft);
}

}  // namespace

Payload SubWorkflowInput(const Step& step, const Payload& input, const Draft& draft) {
  const StateScope scope(draft.definition(), draft.state(), step.reads);
  const std::string given = step.child.values.Evaluate(scope);
  Payload definition = step.child.definition;
  if (definition.empty()) definition = ObjectIn(given, "workflowDefinition");
  // A definition given in place has its own name and version.
  const std::string_view named = definition.empty() ? std::string_view(given) : definition.text();
  const std::optional<std::int64_t> version = IntegerIn(named, "version");
  std::string out = "{\"subWorkflowName\":";
  out.append(Given(named, "name").value_or("null"));
  out.append(",\"subWorkflowVersion\":");
  if (version.value_or(0) > 0) {
    AppendJsonInteger(out, *version);
  } else if (!definition.empty()) {
    out.append("1");
  } else if (step.child.latest_version > 0) {
    AppendJsonInteger(out, step.child.latest_version);
  } else {
    out.append("null");
  }
  out.append(",\"subWorkflowTaskToDomain\":");
  out.append(ObjectIn(given, "taskToDomain").text_or_null());
  out.append(",\"subWorkflowDefinition\":").append(definition.text_or_null());
  for (const std::string_view key : {"idempotencyKey", "idempotencyStrategy", "priority"}) {
    out.append(",\"").append(key).append("\":").append(Given(given, key).value_or("null"));
  }
  out.append(",\"workflowInput\":").append(input.empty() ? "{}" : input.text()).append("}");
  return Payload(std::move(out));
}

void CarryOutSubWorkflow(const Step& step, TaskScheduled task, Draft& draft) {
  task.input = SubWorkflowInput(step, task.input, draft);
  Schedule(step, std::move(task), draft);
}

void CarryOutStartWorkflow(const Step& step, TaskScheduled task, Draft& draft) {
  const std::string problem = StartRequestProblem(task.input);
  if (problem.empty()) return Schedule(step, std::move(task), draft);
  const TaskNumber number = task.task;
  draft.Emit(std::move(task));
  FailChildTask(number, problem, draft);
}

WorkflowId ChildId(const WorkflowId& parent, TaskNumber task, TimeUs now, bool detached) {
  const WorkflowId id = base::UuidV7(now / kMillisecondUs, HashOf(parent, task),
                                     HashOf(parent, ~std::uint64_t{task}));
  return detached ? id : id.WithSlot(parent.Slot());
}

void BeginChild(TaskNumber number, Draft& draft) {
  const State& state = draft.state();
  const Task& task = state.task(number);
  const Step& step = draft.StepAt(task.step);
  const bool detached =
      step.type == StepType::kStartWorkflow && task.operation == Operation::kAction;
  const bool undoes = UndoesItsChild(step, task.operation);
  TaskStarted started{.task = number};
  started.child = undoes ? state.task(state.run(task.run).task).child
                         : ChildId(state.id, number, draft.now(), detached);
  started.attempt_timeout_at = AttemptTimeoutAt(step, task, draft.now());
  draft.Emit(std::move(started));
  if (undoes) return draft.Ask(UndoChildOf(state, state.task(number)));
  if (!detached && state.start.depth >= kWorkflowNestingMax) {
    FailChildTask(number,
                  absl::StrCat("sub-workflows nested deeper than ",
                               FixedBound("kWorkflowNestingMax", kWorkflowNestingMax),
                               ": START_WORKFLOW begins one beside it"),
                  draft);
    return;
  }
  const bool of_step = step.type == StepType::kSubWorkflow && task.operation == Operation::kAction;
  std::string problem = of_step ? KeyProblem(state.task(number).input.text()) : "";
  if (!problem.empty()) return FailChildTask(number, std::move(problem), draft);
  draft.Ask(StartChildOf(draft.definition(), state, state.task(number)));
}

void AppendChildCommands(const Definition& definition, const State& state, const Task& task,
                         std::vector<Command>& commands) {
  const Step& step = StepOf(definition, state, task.step);
  if (IsTerminal(task.status)) {
    const bool given_up =
        task.status == TaskStatus::kCanceled || task.status == TaskStatus::kTimedOut;
    const bool attached =
        step.type == StepType::kSubWorkflow || task.operation != Operation::kAction;
    if (!given_up || task.child_ended || !attached) return;
    if (UndoesItsChild(step, task.operation)) return;
    commands.push_back(TerminateChild{task.number, task.child,
                                      IsTerminal(state.status)
                                          ? ParentEndedReason(state.reason, state.status)
                                          : ParentEndedReason(task.reason)});
    return;
  }
  if (UndoesItsChild(step, task.operation)) {
    commands.push_back(UndoChildOf(state, task));
    return;
  }
  if (task.resumed_seq != 0) {
    commands.push_back(RetryChild{.task = task.number,
                                  .child = task.child,
                                  .asked = task.resumed_seq,
                                  .actor = "engine",
                                  .reason = "the parent workflow is retried"});
  } else {
    StartChild start = StartChildOf(definition, state, task);
    start.again = true;
    commands.push_back(std::move(start));
  }
  if (!task.cancel_requested) return;
  const std::string& why = task.timeout == Timeout::kNone ? state.reason : task.reason;
  commands.push_back(TerminateChild{task.number, task.child, ParentEndedReason(why)});
}

}  // namespace skald::core
