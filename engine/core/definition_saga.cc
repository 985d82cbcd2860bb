#include "engine/core/definition_saga.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/core/construct.h"
#include "engine/core/definition_step_types.h"
#include "engine/core/definition_task.h"
#include "engine/core/json_scan.h"
#include "engine/core/limits.h"

namespace skald::core {
namespace {

constexpr std::string_view kNotYet = "is not supported yet";

// Fields of saga.md that this release refuses, because ignoring them would change what is undone.
constexpr std::array<std::string_view, 4> kStepNotBuilt = {"outcome", "savepoint", "reuseOnRetry",
                                                           "lock"};

void RefuseNotBuilt(const Fields& saga) {
  for (const std::string_view key : kStepNotBuilt) {
    const auto value = saga.Find(key);
    if (value.has_value() && KindOf(*value) != JsonKind::kFalse) {
      saga.Add(key, absl::StrCat("saga.", std::string(key), " ", std::string(kNotYet)));
    }
  }
  const auto on_failure = saga.Find("onFailure");
  if (!on_failure.has_value()) return;
  std::string policy;
  if (KindOf(*on_failure) == JsonKind::kString) {
    policy = StringOf(*on_failure);
  } else if (KindOf(*on_failure) == JsonKind::kObject) {
    policy = Fields(*on_failure, saga.PathOf("onFailure"), saga.mistakes()).Text("policy");
  } else {
    saga.Add("onFailure", "must be an object with a policy");
    return;
  }
  if (policy == "PROPAGATE") return;
  saga.Add("onFailure", absl::StrCat("saga.onFailure ", policy.substr(0, kNameBytesMax), " ",
                                     std::string(kNotYet), "; only PROPAGATE"));
}

void WarnOfUnknown(const Fields& fields, std::initializer_list<std::string_view> known) {
  for (const auto& [key, value] : fields.members()) {
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      fields.Warn(key, "unknown saga field: kept, but it does nothing");
    }
  }
}

std::optional<Template> ReadInput(const Fields& fields) {
  const auto input = fields.Object("inputParameters");
  if (!input.has_value()) return std::nullopt;
  return Template::Compile(*input, fields.PathOf("inputParameters"), fields.mistakes());
}

// An undo may be a worker's, a person's, a workflow or a call of this engine; a probe is a
// worker's.
StepType ReadUndoType(const Fields& fields) {
  const std::string type = fields.Text("type");
  if (type.empty()) return StepType::kSimple;
  for (const StepType known : {StepType::kSimple, StepType::kHuman, StepType::kHttp,
                               StepType::kGrpc, StepType::kSubWorkflow}) {
    if (type == Name(known)) return known;
  }
  fields.Add("type", absl::StrCat("an undo of type ", type.substr(0, kNameBytesMax), " ",
                                  std::string(kNotYet),
                                  "; one of SIMPLE, HUMAN, HTTP, GRPC, SUB_WORKFLOW"));
  return StepType::kSimple;
}

std::string ReadTaskName(const Fields& fields) {
  std::string name = fields.Name("name");
  if (name.empty()) fields.Add("name", "the task's name cannot be empty");
  if (name.find("${") != std::string::npos) {
    fields.Add("name", absl::StrCat("a dynamic task name ", std::string(kNotYet)));
  }
  return name;
}

Undo ReadUndo(const Fields& fields, const RetryPolicy& retry) {
  Undo undo;
  undo.task_type = ReadTaskName(fields);
  undo.type = ReadUndoType(fields);
  if (undo.type == StepType::kHttp || undo.type == StepType::kGrpc) {
    undo.runner = Name(undo.type);
    undo.settings = RunnerSettings(undo.type, fields);
  }
  undo.input = ReadInput(fields);
  undo.retry = ReadRetry(fields, retry, -1);
  undo.timeout_us = fields.Seconds("timeoutSeconds").value_or(0);
  undo.response_timeout_us = fields.Seconds("responseTimeoutSeconds").value_or(0);
  undo.on_exhausted = fields.Choice("onExhausted", OnExhausted::kPark,
                                    {{"PARK", OnExhausted::kPark}, {"SKIP", OnExhausted::kSkip}});
  undo.domain = fields.Name("domain");
  for (const std::string_view key : {"saga", "compensateWith", "compensation"}) {
    if (fields.Has(key)) fields.Add(key, "an undo has no undo of its own (V7)");
  }
  return undo;
}

bool IsSpelledOut(const Fields& step_fields) {
  const auto value = step_fields.Find("compensateWith");
  return value.has_value() && KindOf(*value) == JsonKind::kObject;
}

// The undo that a step declares or inherits. compensateWith, a worker's task or the full form, and
// saga.compensation exclude one another.
std::optional<Undo> FindUndo(const Fields& step_fields, const Fields* saga,
                             const RetryPolicy& retry, const TaskDefinition& task) {
  const bool spelled_out = saga != nullptr && saga->Has("compensation");
  const bool in_place = IsSpelledOut(step_fields);
  const std::string shorthand = in_place ? "" : step_fields.Name("compensateWith");
  if (spelled_out && (in_place || !shorthand.empty())) {
    step_fields.Add("compensateWith", "given together with saga.compensation; one of them");
  }
  if (spelled_out) {
    const auto object = saga->Object("compensation");
    if (!object.has_value()) return std::nullopt;
    return ReadUndo(Fields(*object, saga->PathOf("compensation"), saga->mistakes()), retry);
  }
  if (in_place) {
    const auto object = step_fields.Object("compensateWith");
    return ReadUndo(Fields(*object, UndoPath(step_fields), step_fields.mistakes()), retry);
  }
  if (!shorthand.empty()) {
    Undo undo;
    undo.task_type = shorthand;
    undo.retry = retry;
    return undo;
  }
  const bool switched_off = step_fields.Raw("compensateWith").has_value();
  if (switched_off || !task.compensate_with.has_value()) return std::nullopt;
  Undo undo = *task.compensate_with;
  undo.retry = retry;
  return undo;
}

Probe ReadProbe(const Fields& fields, const RetryPolicy& retry) {
  Probe probe;
  probe.task_type = ReadTaskName(fields);
  if (ReadUndoType(fields) != StepType::kSimple) {
    fields.Add("type", absl::StrCat("a probe of that type ", std::string(kNotYet)));
  }
  probe.input = ReadInput(fields);
  probe.retry = ReadRetry(fields, retry, -1);
  probe.domain = fields.Name("domain");
  return probe;
}

UnknownPolicy ReadUnknown(const Fields& saga) {
  return saga.Choice("unknown", UnknownPolicy::kByBarrier,
                     {{"COMPENSATE", UnknownPolicy::kCompensate},
                      {"PROBE", UnknownPolicy::kProbe},
                      {"PARK", UnknownPolicy::kPark}});
}

void ReadSagaFields(const Fields& saga, const RetryPolicy& undo_retry, StepSaga& target) {
  RefuseNotBuilt(saga);
  WarnOfUnknown(saga, {"kind", "compensation", "compensateOnFailure", "unknown", "probe",
                       "inFlight", "outcome", "savepoint", "onFailure", "reuseOnRetry", "lock"});
  target.kind = saga.Choice("kind", StepKind::kUndeclared,
                            {{"COMPENSABLE", StepKind::kCompensable},
                             {"PIVOT", StepKind::kPivot},
                             {"RETRYABLE", StepKind::kRetryable},
                             {"READ_ONLY", StepKind::kReadOnly}});
  target.compensate_on_failure = saga.Boolean("compensateOnFailure", false);
  target.unknown = ReadUnknown(saga);
  target.in_flight = saga.Choice("inFlight", InFlightPolicy::kCancelAndSettle,
                                 {{"CANCEL_AND_SETTLE", InFlightPolicy::kCancelAndSettle},
                                  {"SETTLE", InFlightPolicy::kSettle},
                                  {"COMPENSATE_NOW", InFlightPolicy::kCompensateNow}});
  if (const auto probe = saga.Object("probe"); probe.has_value()) {
    target.probe = ReadProbe(Fields(*probe, saga.PathOf("probe"), saga.mistakes()), undo_retry);
  }
}

// saga.md 2.1: the kind follows from the undo and the type where it is not given.
void SettleKind(const Fields& step_fields, const RetryPolicy& undo_retry, Step& step) {
  StepSaga& saga = step.saga;
  const StepKind given = saga.kind;
  // A loop has no effect of its own, but may be undone as one.
  const bool as_one = step.type == StepType::kDoWhile && saga.undo.has_value();
  if (as_one && given != StepKind::kUndeclared && given != StepKind::kCompensable) {
    step_fields.Add("saga", "a DO_WHILE with an undo is COMPENSABLE");
  }
  if (as_one) {
    saga.kind = StepKind::kCompensable;
    return;
  }
  if (!HasEffects(step.type)) {
    if (given != StepKind::kUndeclared && given != StepKind::kReadOnly) {
      step_fields.Add("saga", absl::StrCat("a step of type ", std::string(Name(step.type)),
                                           " has no effect of its own: only READ_ONLY"));
    }
    if (saga.undo.has_value()) {
      step_fields.Add("saga",
                      absl::StrCat("an undo of a step of type ", std::string(Name(step.type)), " ",
                                   std::string(kNotYet)));
    }
    saga.kind = StepKind::kReadOnly;
    return;
  }
  if (given == StepKind::kUndeclared && saga.undo.has_value()) saga.kind = StepKind::kCompensable;
  // A completed sub-workflow undoes itself, unless the step says otherwise (saga.md 2.8).
  const bool switched_off = step_fields.Raw("compensateWith").has_value();
  if (step.type == StepType::kSubWorkflow && saga.kind == StepKind::kUndeclared && !switched_off) {
    saga.undo = Undo{.type = StepType::kSubWorkflow,
                     .task_type = "SUB_WORKFLOW",
                     .of_child = true,
                     .retry = undo_retry};
    saga.kind = StepKind::kCompensable;
  }
  if (saga.kind == StepKind::kUndeclared && !MustDeclare(step.type)) {
    saga.kind = StepKind::kReadOnly;
  }
  const bool must_succeed = saga.kind == StepKind::kPivot || saga.kind == StepKind::kRetryable;
  if (step.permissive && must_succeed) {
    step_fields.Add("permissive", "a PIVOT or RETRYABLE step cannot be passed over");
  }
}

void ReadUndoRetry(const Fields& saga, WorkflowSagaParts& parts) {
  const auto object = saga.Object("compensation");
  if (!object.has_value()) return;
  const Fields fields(*object, saga.PathOf("compensation"), saga.mistakes());
  parts.undo_retry = ReadRetry(fields, parts.undo_retry, -1);
}

void WarnOfIdleWorkflowFields(const Fields& saga) {
  WarnOfUnknown(
      saga, {"undeclared", "order", "siblings", "settleTimeoutSeconds", "maxParallelCompensations",
             "onTerminate", "onTimeout", "compensationTimeoutSeconds", "failureWorkflowAt",
             "undoWindowSeconds", "compensation", "onPark", "unknown"});
  if (saga.Integer("undoWindowSeconds").value_or(0) != 0) {
    saga.Add("undoWindowSeconds", absl::StrCat("saga.undoWindowSeconds ", std::string(kNotYet)));
  }
  if (saga.Has("onPark")) saga.Warn("onPark", "is kept, but does not act in this release");
}

}  // namespace

std::optional<SagaObject> FindSagaObject(const Fields& fields) {
  if (fields.Has("saga")) {
    const auto object = fields.Object("saga");
    if (!object.has_value()) return std::nullopt;
    return SagaObject{*object, fields.PathOf("saga")};
  }
  const auto metadata = fields.Find("metadata");
  if (!metadata.has_value() || KindOf(*metadata) != JsonKind::kObject) return std::nullopt;
  const auto carried = FindMember(*metadata, "saga");
  if (!carried.has_value() || KindOf(*carried) == JsonKind::kNull) return std::nullopt;
  const std::string path = JoinPath(fields.PathOf("metadata"), "saga");
  if (KindOf(*carried) == JsonKind::kObject) return SagaObject{*carried, path};
  fields.mistakes().Add(path, "must be an object");
  return std::nullopt;
}

std::string UndoPath(const Fields& step) {
  if (IsSpelledOut(step)) return step.PathOf("compensateWith");
  return JoinPath(step.PathOf("saga"), "compensation");
}

WorkflowSagaParts ReadWorkflowSaga(const Fields& workflow) {
  WorkflowSagaParts parts;
  parts.undo_retry = DefaultUndoRetry();
  const auto object = FindSagaObject(workflow);
  if (!object.has_value()) return parts;
  const Fields saga(object->json, object->path, workflow.mistakes());
  parts.saga.declared = true;
  parts.undeclared_given = saga.Has("undeclared");
  parts.saga.undeclared = saga.Choice("undeclared", UndeclaredPolicy::kReject,
                                      {{"IGNORE", UndeclaredPolicy::kIgnore},
                                       {"READ_ONLY", UndeclaredPolicy::kReadOnly},
                                       {"REJECT", UndeclaredPolicy::kReject},
                                       {"PARK", UndeclaredPolicy::kPark}});
  parts.saga.order = saga.Choice("order", UndoOrder::kCausal,
                                 {{"CAUSAL", UndoOrder::kCausal},
                                  {"STRICT_REVERSE", UndoOrder::kStrictReverse},
                                  {"PARALLEL", UndoOrder::kParallel}});
  parts.saga.siblings = saga.Choice("siblings", SiblingPolicy::kInterrupt,
                                    {{"INTERRUPT", SiblingPolicy::kInterrupt},
                                     {"BARRIER", SiblingPolicy::kBarrier},
                                     {"DRAIN", SiblingPolicy::kDrain}});
  parts.saga.settle_timeout_us = saga.Seconds("settleTimeoutSeconds").value_or(0);
  parts.saga.compensation_timeout_us = saga.Seconds("compensationTimeoutSeconds").value_or(0);
  parts.saga.unknown = ReadUnknown(saga);
  const auto parallel = saga.IntegerIn("maxParallelCompensations", 1, kParallelUndoMax);
  if (parallel.has_value()) parts.saga.parallel_undo_max = static_cast<std::uint32_t>(*parallel);
  parts.saga.on_terminate =
      saga.Choice("onTerminate", OnAbort::kCompensate,
                  {{"COMPENSATE", OnAbort::kCompensate}, {"IGNORE", OnAbort::kIgnore}});
  parts.saga.on_timeout =
      saga.Choice("onTimeout", OnAbort::kCompensate,
                  {{"COMPENSATE", OnAbort::kCompensate}, {"IGNORE", OnAbort::kIgnore}});
  parts.failure_workflow_at =
      saga.Choice("failureWorkflowAt", FailureWorkflowAt::kAfterCompensation,
                  {{"AFTER_COMPENSATION", FailureWorkflowAt::kAfterCompensation},
                   {"ON_FAILURE", FailureWorkflowAt::kOnFailure}});
  ReadUndoRetry(saga, parts);
  WarnOfIdleWorkflowFields(saga);
  return parts;
}

void InheritUnknown(const WorkflowSaga& saga, Step& step) {
  StepSaga& own = step.saga;
  if (own.unknown != UnknownPolicy::kByBarrier || !HasEffects(step.type)) return;
  if (IsChildTask(step, Operation::kAction)) return;  // it says what it did
  if (own.kind == StepKind::kReadOnly) return;
  const bool pivot = own.kind == StepKind::kPivot;
  const bool effect = pivot || own.kind == StepKind::kCompensable;
  if (saga.unknown != UnknownPolicy::kByBarrier) {
    // What cannot be is reported where an effect depends on it.
    const bool fits = saga.unknown != UnknownPolicy::kProbe || own.probe.has_value() || effect;
    if (fits) own.unknown = saga.unknown;
    return;
  }
  const bool fits = (saga.server_unknown != UnknownPolicy::kCompensate || !pivot) &&
                    (saga.server_unknown != UnknownPolicy::kProbe || own.probe.has_value());
  if (fits) own.unknown = saga.server_unknown;
}

bool ReadStepSaga(const Fields& fields, const RetryPolicy& undo_retry, Step& step) {
  const auto object = FindSagaObject(fields);
  std::optional<Fields> saga;
  if (object.has_value()) {
    saga.emplace(object->json, object->path, fields.mistakes());
    ReadSagaFields(*saga, undo_retry, step.saga);
  }
  step.saga.undo = FindUndo(fields, saga.has_value() ? &*saga : nullptr, undo_retry, step.task);
  const bool any = object.has_value() || step.saga.undo.has_value();
  SettleKind(fields, undo_retry, step);
  return any;
}

}  // namespace skald::core
