#include "engine/core/saga_input.h"

#include <utility>

#include "absl/status/statusor.h"
#include "engine/base/check.h"
#include "engine/core/families.h"
#include "engine/core/json_write.h"
#include "engine/core/loop_output.h"
#include "engine/core/saga_rules.h"
#include "engine/core/state_scope.h"
#include "engine/core/template.h"

namespace skald::core {
namespace {

// `${saga.…}` and nothing else.
class FactScope : public Scope {
 public:
  explicit FactScope(const SagaFacts& facts) : facts_(facts) {}

  std::size_t Resolve(const std::vector<std::string>& path, std::string& scratch,
                      std::string_view& json) const override {
    if (path.size() < 2 || path[0] != "saga") return 0;
    scratch.clear();
    if (path[1] == "generation") {
      AppendJsonInteger(scratch, facts_.generation);
    } else if (path[1] == "reason") {
      AppendJsonString(scratch, facts_.reason);
    } else if (path[1] == "trigger") {
      AppendJsonString(scratch, facts_.trigger);
    } else if (path[1] == "failedTask" && !facts_.failed_task.empty()) {
      AppendJsonString(scratch, facts_.failed_task);
    } else {
      return 0;
    }
    json = scratch;
    return 2;
  }

 private:
  const SagaFacts& facts_;
};

// The workflow as it is, except that the step's output is the one given; `${saga.…}` where the
// facts are known already.
class EndScope : public Scope {
 public:
  EndScope(const Scope& workflow, std::string_view reference, std::string_view output,
           const FactScope* facts)
      : workflow_(workflow), reference_(reference), output_(output), facts_(facts) {}

  std::size_t Resolve(const std::vector<std::string>& path, std::string& scratch,
                      std::string_view& json) const override {
    if (path.size() >= 2 && path[0] == reference_ && path[1] == "output") {
      json = output_;
      return 2;
    }
    if (facts_ != nullptr && path[0] == "saga") return facts_->Resolve(path, scratch, json);
    return workflow_.Resolve(path, scratch, json);
  }

 private:
  const Scope& workflow_;
  std::string_view reference_;
  std::string_view output_;
  const FactScope* facts_;
};

// The default undo input of saga.md 2.1.
std::string DefaultInput(const Definition& definition, const State& state, const StepRun& run,
                         Effect outcome, const SagaFacts& facts) {
  const Task& task = state.task(run.task);
  const std::string_view output =
      outcome == Effect::kUnknown ? std::string_view("null") : task.output.text_or_null();
  std::string out = "{\"input\":";
  out.append(task.input.text_or_null());
  out.append(",\"output\":").append(output);
  out.append(",\"outcome\":");
  AppendJsonString(out, Name(outcome));
  out.append(",\"stepKey\":");
  AppendJsonString(out, StepKey(state, run, StepOf(definition, state, run.step).reference));
  out.append(",\"reason\":");
  AppendJsonString(out, facts.reason);
  out.append(",\"trigger\":");
  AppendJsonString(out, facts.trigger);
  out.append(",\"failedTask\":");
  facts.failed_task.empty() ? void(out.append("null")) : AppendJsonString(out, facts.failed_task);
  out.append(",\"attempts\":");
  AppendJsonInteger(out, run.attempts);
  if (StepOf(definition, state, run.step).type == StepType::kDoWhile) {
    out.append(",\"results\":").append(ResultsList(task.output));
  }
  out.push_back('}');
  return out;
}

}  // namespace

std::string_view TriggerName(FaultCause cause) {
  switch (cause) {
    case FaultCause::kTaskFailed:
      return "TASK_FAILED";
    case FaultCause::kTaskTimedOut:
      return "TASK_TIMED_OUT";
    case FaultCause::kTerminateStep:
      return "TERMINATE_STEP";
    case FaultCause::kUser:
      return "USER";
    case FaultCause::kTerminated:
      return "TERMINATED";
    case FaultCause::kWorkflowTimeout:
      return "WORKFLOW_TIMEOUT";
    case FaultCause::kParent:
      return "PARENT";
  }
  return "";
}

SagaFacts FactsOf(const Definition& definition, const State& state, const StepRun& run) {
  const Fault& fault = state.fault;
  SagaFacts facts;
  facts.reason = fault.reason;
  facts.trigger = TriggerName(fault.cause);
  if (state.has_task(fault.task)) {
    facts.failed_task = StepOf(definition, state, state.task(fault.task).step).reference;
  }
  facts.generation = run.generation;
  return facts;
}

std::string FinishUndoInput(std::string_view stored, const SagaFacts& facts) {
  if (stored.find('$') == std::string_view::npos) return std::string(stored);
  absl::StatusOr<Template> rest = Template::Compile(stored, "undo");
  CHECK(rest.ok());
  return rest->Evaluate(FactScope(facts));
}

std::string MarkPossibleDuplicate(std::string object) {
  if (object.empty() || object.front() != '{') return object;
  const std::size_t second = object.find_first_not_of(" \t\r\n", 1);
  const bool has_members = second != std::string::npos && object[second] != '}';
  object.insert(1, has_members ? "\"possibleDuplicate\":true," : "\"possibleDuplicate\":true");
  return object;
}

Payload ResolveUndoInput(const StepRun& run, Effect effect, const Payload& output,
                         const Draft& draft) {
  const Step& step = draft.StepAt(run.step);
  if (!step.saga.undo.has_value() || !step.saga.undo->input.has_value()) return Payload();
  const StateScope workflow(draft.definition(), draft.state());
  const std::string_view given =
      effect == Effect::kUnknown ? std::string_view("null") : output.text_or_null();
  const EndScope scope(workflow, step.reference, given, nullptr);
  return Payload(step.saga.undo->input->EvaluateExcept("saga", scope));
}

Payload SagaTaskInput(const Definition& definition, const State& state, const StepRun& run,
                      Operation operation) {
  const Step& step = StepOf(definition, state, run.step);
  const SagaFacts facts = FactsOf(definition, state, run);
  if (operation == Operation::kProbe) {
    if (!step.saga.probe->input.has_value()) {
      return Payload(DefaultInput(definition, state, run, Effect::kUnknown, facts));
    }
    const StateScope workflow(definition, state);
    const FactScope saga(facts);
    return Payload(
        step.saga.probe->input->Evaluate(EndScope(workflow, step.reference, "null", &saga)));
  }
  std::string input = run.undo_input.empty()
                          ? DefaultInput(definition, state, run, run.outcome, facts)
                          : FinishUndoInput(run.undo_input.text(), facts);
  if (run.possible_duplicate) input = MarkPossibleDuplicate(std::move(input));
  return Payload(std::move(input));
}

}  // namespace skald::core
