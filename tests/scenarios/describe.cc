#include "tests/scenarios/describe.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "engine/codec/enum_names.h"

namespace skald::scenarios {
namespace {

using namespace core;  // The events, all of them.

std::string Quoted(const std::string& text) { return absl::StrCat(" \"", text, "\""); }
std::string Maybe(std::string_view what, const std::string& text) {
  return text.empty() ? "" : absl::StrCat(" ", std::string(what), Quoted(text));
}
std::string Maybe(std::string_view what, const Payload& payload) {
  if (payload.empty()) return "";
  return absl::StrCat(" ", std::string(what), " ", std::string(payload.text()));
}
std::string MaybeAt(std::string_view what, TimeUs at) {
  return at == 0 ? "" : absl::StrCat(" ", std::string(what), " ", TimeText(at));
}
std::string Flag(std::string_view what, bool value) {
  return value ? absl::StrCat(" ", std::string(what)) : "";
}
template <typename Enum>
std::string Show(Enum value) {
  return " " + std::string(Name(value));
}
std::string ShowEffect(Effect effect) { return effect == Effect::kUnset ? "" : Show(effect); }
std::string ShowVerdict(Verdict verdict) {
  return verdict == Verdict::kNone ? "" : " verdict" + Show(verdict);
}

class EventText {
 public:
  EventText(const Definition& definition, const State& state)
      : definition_(definition), state_(state) {}

  std::string operator()(const WorkflowStarted& e) const {
    return absl::StrCat(
        Maybe("input", e.input), MaybeAt("timeout", e.timeout_at),
        e.parent.is_nil() ? "" : absl::StrCat(" of task ", e.parent_task, " depth ", e.depth),
        Maybe("domains", e.task_to_domain));
  }
  std::string operator()(const WorkflowPaused& e) const { return By(e.actor, e.reason); }
  std::string operator()(const WorkflowResumed& e) const { return By(e.actor, e.reason); }
  std::string operator()(const WorkflowTimeoutAlerted&) const { return ""; }
  std::string operator()(const SignalReceived& e) const {
    return absl::StrCat(" ", e.reference, Maybe("payload", e.payload), By(e.actor, e.reason));
  }
  std::string operator()(const VariablesSet& e) const {
    return Maybe("", e.variables) + By(e.actor, e.reason);
  }
  std::string operator()(const StepSkipped& e) const {
    return absl::StrCat(" ", e.reference, Maybe("input", e.input), Maybe("output", e.output),
                        By(e.actor, e.reason));
  }
  std::string operator()(const TaskSkipped& e) const {
    return Task(e.task) + Maybe("output", e.output);
  }
  std::string operator()(const MessageReceived& e) const {
    return absl::StrCat(" ", e.id, Flag("named", e.named), Maybe("payload", e.payload),
                        By(e.actor, e.reason));
  }
  std::string operator()(const MessagesTaken& e) const {
    return absl::StrCat(Task(e.task), " count ", e.count);
  }
  std::string operator()(const WorkflowEnded& e) const {
    return absl::StrCat(Show(e.status),
                        e.saga_status == SagaStatus::kNone ? "" : Show(e.saga_status),
                        Maybe("reason", e.reason), Maybe("output", e.output),
                        Runs("unresolved", e.unresolved), By(e.actor, ""));
  }
  std::string operator()(const TaskScheduled& e) const {
    return absl::StrCat(Task(e.task), Maybe("input", e.input), MaybeAt("available", e.available_at),
                        MaybeAt("poll-timeout", e.poll_timeout_at),
                        MaybeAt("total-timeout", e.total_timeout_at), Runs("after", e.after));
  }
  std::string operator()(const TaskReleased& e) const { return Task(e.task); }
  std::string operator()(const TaskStarted& e) const {
    const bool by_child = !e.child.is_nil();
    return absl::StrCat(Task(e.task), by_child ? " as " + e.child.ToString() : " by " + e.worker,
                        e.domain.empty() ? "" : " in " + e.domain, Flag("barrier", e.barrier),
                        MaybeAt("attempt-timeout", e.attempt_timeout_at),
                        MaybeAt("not-after", e.not_after));
  }
  std::string operator()(const TaskRequeued& e) const {
    return Task(e.task) + MaybeAt("available", e.available_at);
  }
  std::string operator()(const TaskCompleted& e) const {
    return absl::StrCat(Task(e.task), Maybe("output", e.output), ShowVerdict(e.verdict),
                        ShowEffect(e.effect), Maybe("undo-input", e.undo_input),
                        Maybe("input", e.input), Flag("cached", e.cached));
  }
  std::string operator()(const TaskHandedOver& e) const {
    return Task(e.task) + Maybe("output", e.output);
  }
  std::string operator()(const IterationStarted& e) const {
    return absl::StrCat(Run(e.run), " ", e.iteration,
                        e.keep_last == 0 ? "" : absl::StrCat(" keeps ", e.keep_last),
                        Maybe("items", e.items));
  }
  std::string operator()(const TaskUpdated& e) const {
    return Task(e.task) + By(e.actor, e.reason);
  }
  std::string operator()(const TaskProgressed& e) const {
    return absl::StrCat(Task(e.task), Maybe("output", e.output), By(e.actor, e.reason));
  }
  std::string operator()(const TaskFailed& e) const {
    return absl::StrCat(Task(e.task), Flag("terminally", e.terminal), ShowEffect(e.effect),
                        Maybe("reason", e.reason), ShowVerdict(e.verdict),
                        Maybe("output", e.output));
  }
  std::string operator()(const TaskTimedOut& e) const {
    return absl::StrCat(Task(e.task), Show(e.timeout), ShowEffect(e.effect),
                        Flag("by-child", e.by_child), Maybe("reason", e.reason));
  }
  std::string operator()(const TaskCancelRequested& e) const {
    return absl::StrCat(Task(e.task),
                        e.timeout == Timeout::kNone ? "" : " timeout" + Show(e.timeout),
                        Maybe("reason", e.reason));
  }
  std::string operator()(const ChildParked& e) const { return Task(e.task) + By("", e.reason); }
  std::string operator()(const ChildResumed& e) const {
    return absl::StrCat(Task(e.task), Flag("reopened", e.reopened != 0));
  }
  std::string operator()(const FailureWorkflowStarted& e) const {
    return absl::StrCat(" ", e.name, e.version == 0 ? "" : absl::StrCat(".", e.version), " as ",
                        e.child.ToString(), " for", Show(e.status),
                        e.task == 0 ? "" : " of" + Task(e.task));
  }
  std::string operator()(const FailureWorkflowRefused& e) const { return By("", e.reason); }
  std::string operator()(const WorkflowQueued& e) const {
    return absl::StrCat(Maybe("key", e.key), " running-max ", e.running_max);
  }
  std::string operator()(const WorkflowAdmitted&) const { return ""; }
  std::string operator()(const TaskCanceled& e) const {
    return absl::StrCat(Task(e.task), ShowEffect(e.effect), Flag("by-child", e.by_child),
                        Maybe("reason", e.reason), Maybe("output", e.output));
  }
  std::string operator()(const TaskFailureAccepted& e) const {
    return Task(e.task) + Flag("permissive", e.permissive);
  }
  std::string operator()(const LateResult& e) const {
    return absl::StrCat(Task(e.task), Show(e.status), ShowEffect(e.effect),
                        Maybe("output", e.output));
  }
  std::string operator()(const SagaFaulted& e) const {
    return absl::StrCat(" ", std::string(codec::TextOf(e.cause)),
                        e.task == 0 ? "" : " by" + Task(e.task), " ends", Show(e.end_status),
                        MaybeAt("settle-until", e.settle_until),
                        MaybeAt("undo-until", e.compensation_timeout_at), By(e.actor, e.reason));
  }
  std::string operator()(const FaultPended& e) const {
    return absl::StrCat(" ", std::string(codec::TextOf(e.cause)), By(e.actor, e.reason));
  }
  std::string operator()(const FaultRefused& e) const { return Maybe("reason", e.reason); }
  std::string operator()(const PivotPassed& e) const { return Run(e.run); }
  std::string operator()(const StepSettled& e) const {
    return absl::StrCat(Run(e.run), Show(e.effect),
                        Flag("possible-duplicate", e.possible_duplicate),
                        Maybe("undo-input", e.undo_input), Maybe("output", e.output));
  }
  std::string operator()(const UndoParked& e) const { return Run(e.run) + By("", e.reason); }
  std::string operator()(const UndoResolved& e) const {
    return absl::StrCat(Run(e.run), " ", std::string(codec::TextOf(e.resolution)),
                        By(e.actor, e.reason), Maybe("output", e.output));
  }
  std::string operator()(const SagaParked& e) const { return By("", e.reason); }
  std::string operator()(const SagaResumed& e) const { return By(e.actor, e.reason); }
  std::string operator()(const PolicyOverridden& e) const { return By(e.actor, e.reason); }
  std::string operator()(const OrphanEffect& e) const { return Run(e.run); }
  std::string operator()(const WorkflowReopened& e) const {
    std::string loops;
    for (const ReopenedLoop& loop : e.loops) {
      absl::StrAppend(&loops, loops.empty() ? " at" : ",", Run(loop.run), " iteration ",
                      loop.iteration, Maybe("items", loop.items));
    }
    return absl::StrCat(" ", std::string(codec::TextOf(e.kind)), Flag("anew", e.anew),
                        " generation ", e.generation, e.task == 0 ? "" : " from" + Task(e.task),
                        By(e.actor, e.reason), Runs("drops", e.dropped), Runs("retries", e.retried),
                        Runs("resumes", e.resumed), loops, MaybeAt("timeout", e.timeout_at),
                        Maybe("input", e.input),
                        e.asked == 0 ? "" : absl::StrCat(" asked ", e.asked),
                        e.version == 0 ? "" : absl::StrCat(" version ", e.version));
  }
  std::string operator()(const WorkflowUpgraded& e) const {
    return absl::StrCat(" from ", e.from_version, " to ", e.version, By(e.actor, e.reason),
                        MaybeAt("timeout", e.timeout_at));
  }
  std::string operator()(const StepsRequested& e) const {
    return absl::StrCat(" ", e.reference, Texts("asks", e.names), Maybe("input", e.input),
                        Runs("after", e.after));
  }
  std::string operator()(const StepsAdded& e) const {
    return absl::StrCat(" ", StepOf(definition_, state_, e.step).reference, Maybe("", e.steps));
  }

 private:
  std::string Task(TaskNumber task) const { return " " + TaskText(definition_, state_, task); }
  std::string Run(RunNumber run) const { return " " + RunText(definition_, state_, run); }
  std::string Runs(std::string_view what, const std::vector<RunNumber>& runs) const {
    std::string text;
    for (const RunNumber run : runs) text += (text.empty() ? " " : ",") + Run(run).substr(1);
    return text.empty() ? "" : absl::StrCat(" ", std::string(what), text);
  }
  static std::string Texts(std::string_view what, const std::vector<std::string>& texts) {
    std::string list;
    for (const std::string& text : texts) absl::StrAppend(&list, list.empty() ? "" : ",", text);
    return list.empty() ? "" : absl::StrCat(" ", std::string(what), " ", list);
  }
  static std::string By(const std::string& actor, const std::string& reason) {
    return absl::StrCat(actor.empty() ? "" : " by " + actor, Maybe("reason", reason));
  }

  const Definition& definition_;
  const State& state_;
};

}  // namespace

std::string TimeText(TimeUs at) {
  const TimeUs offset = at - kStartUs;
  if (offset < 0) return absl::StrCat("-", TimeText(kStartUs - offset));
  std::string text = absl::StrCat(offset / kSecondUs);
  TimeUs rest = offset % kSecondUs;
  if (rest != 0) text += ".";
  for (TimeUs digit = kSecondUs / 10; rest != 0; digit /= 10) {
    text += static_cast<char>('0' + rest / digit);
    rest %= digit;
  }
  return text + "s";
}

std::string RunText(const Definition& definition, const State& state, RunNumber number) {
  // Its loop no longer keeps the iteration.
  if (!state.has_run(number)) return absl::StrCat("run ", number);
  const StepRun& run = state.run(number);
  return RunReference(state, run, StepOf(definition, state, run.step).reference);
}

std::string TaskText(const Definition& definition, const State& state, TaskNumber number) {
  if (!state.has_task(number)) return absl::StrCat("task ", number);
  const core::Task& task = state.task(number);
  const char* prefix = "";
  if (task.operation == Operation::kCompensate) prefix = "undo ";
  if (task.operation == Operation::kProbe) prefix = "probe ";
  if (task.operation == Operation::kEvaluate) prefix = "condition ";
  return absl::StrCat(prefix, RunText(definition, state, task.run), "#", task.attempt);
}

std::string Describe(const Definition& definition, const State& state, const Event& event) {
  return std::string(Name(event.body)) + std::visit(EventText(definition, state), event.body);
}

std::string Describe(const Definition& definition, const State& state, const StartChild& start) {
  const std::string task =
      start.task == 0 ? "failure-workflow" : TaskText(definition, state, start.task);
  return absl::StrCat(
      "> start-child ", task, " ", start.name,
      start.version == 0 ? "" : absl::StrCat(".", start.version), Flag("detached", start.detached),
      Flag("again", start.again), Maybe("definition", start.definition),
      Maybe("input", start.input), Maybe("correlation", start.correlation_id),
      start.priority == 0 ? "" : absl::StrCat(" priority ", start.priority),
      start.idempotency_key.empty() ? ""
                                    : absl::StrCat(" key ", start.idempotency_key, " ",
                                                   std::string(Name(start.key_strategy))),
      Maybe("domains", start.task_to_domain));
}

std::string Describe(const Definition& definition, const State& state, const Command& command) {
  if (const auto* start = std::get_if<StartChild>(&command)) {
    return Describe(definition, state, *start);
  }
  if (const auto* terminate = std::get_if<TerminateChild>(&command)) {
    return absl::StrCat("> terminate-child ", TaskText(definition, state, terminate->task),
                        Maybe("reason", terminate->reason));
  }
  if (const auto* undo = std::get_if<UndoChild>(&command)) {
    return absl::StrCat("> undo-child ", TaskText(definition, state, undo->task),
                        Maybe("reason", undo->reason));
  }
  if (const auto* retry = std::get_if<RetryChild>(&command)) {
    return absl::StrCat("> retry-child ", TaskText(definition, state, retry->task));
  }
  if (const auto* tell = std::get_if<TellParent>(&command)) {
    return absl::StrCat("> tell-parent of task ", tell->task);
  }
  if (const auto* offer = std::get_if<OfferTask>(&command)) {
    return absl::StrCat("> offer ", TaskText(definition, state, offer->task), " (",
                        offer->built_in ? "runner " : "", offer->task_type,
                        offer->domain.empty() ? "" : "@" + offer->domain,
                        offer->priority == 0 ? "" : absl::StrCat(", priority ", offer->priority),
                        ")", offer->cache_key.empty() ? "" : " cached as ",
                        absl::StrReplaceAll(offer->cache_key, {{"\n", "/"}}));
  }
  if (const auto* withdraw = std::get_if<WithdrawTask>(&command)) {
    return "> withdraw " + TaskText(definition, state, withdraw->task);
  }
  if (const auto* resolve = std::get_if<ResolveSteps>(&command)) {
    std::string names;
    for (const std::string& name : resolve->names) absl::StrAppend(&names, " ", name);
    return "> resolve" + names;
  }
  const auto& cancel = std::get<CancelTask>(command);
  return absl::StrCat("> cancel ", TaskText(definition, state, cancel.task),
                      Flag("superseded", cancel.superseded), Maybe("reason", cancel.reason));
}

std::string Describe(const Definition& definition, const State& state) {
  std::string text =
      absl::StrCat("workflow", Show(state.status),
                   state.saga_status == SagaStatus::kNone ? "" : Show(state.saga_status),
                   Maybe("reason", state.reason), Maybe("variables", state.variables),
                   Maybe("output", state.output), MaybeAt("next timer", state.NextDueAt()), "\n");
  for (const StepRun& run : state.runs) {
    const core::Task& task = state.task(run.task);
    absl::StrAppend(
        &text, "  ", TaskText(definition, state, run.task), Show(task.status),
        run.outcome == Effect::kUnset ? "" : Show(run.outcome),
        run.undo == UndoPhase::kNone ? "" : " undo " + std::string(codec::TextOf(run.undo)),
        Maybe("output", task.output), "\n");
  }
  return text;
}

}  // namespace skald::scenarios
