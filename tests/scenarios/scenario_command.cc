#include "tests/scenarios/scenario_command.h"

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/codec/enum_names.h"
#include "engine/core/upgrade_diff.h"
#include "engine/core/upgrade_rules.h"
#include "tests/scenarios/describe.h"

namespace skald::scenarios {
namespace {

using core::Effect;
using core::TaskNumber;
using core::TaskStatus;
using core::Verdict;

// The words of a line; texts in quotes and JSON values are one word each.
class Words {
 public:
  explicit Words(std::string_view line) {
    std::size_t at = 0;
    while (at < line.size()) {
      if (line[at] == ' ') {
        ++at;
      } else {
        const std::size_t end = EndOf(line, at);
        words_.emplace_back(line.substr(at, end - at));
        at = end;
      }
    }
  }

  bool empty() const { return next_ == words_.size(); }
  std::string Next() { return empty() ? "" : words_[next_++]; }
  bool TakeWord(std::string_view word) {
    if (empty() || words_[next_] != word) return false;
    ++next_;
    return true;
  }
  // A word that begins like this, without it: By("by=").
  std::optional<std::string> TakePrefixed(std::string_view prefix) {
    if (empty() || words_[next_].rfind(prefix, 0) != 0) return std::nullopt;
    return words_[next_++].substr(prefix.size());
  }
  std::string TakeQuoted() {
    if (empty() || words_[next_].front() != '"') return "";
    const std::string word = words_[next_++];
    return word.substr(1, word.size() - 2);
  }
  core::Payload TakeJson() {
    if (empty() || words_[next_].front() != '{') return core::Payload();
    return core::Payload(words_[next_++]);
  }
  template <typename Enum>
  std::optional<Enum> TakeName() {
    if (empty()) return std::nullopt;
    const std::optional<Enum> value = codec::ValueOf<Enum>(words_[next_]);
    if (value.has_value()) ++next_;
    return value;
  }

 private:
  static std::size_t EndOf(std::string_view line, std::size_t begin) {
    int depth = 0;
    bool quoted = false;
    std::size_t at = begin;
    for (; at < line.size(); ++at) {
      const char c = line[at];
      if (c == '"' && (at == begin || line[at - 1] != '\\')) quoted = !quoted;
      if (quoted) continue;
      if (c == '{' || c == '[') ++depth;
      if (c == '}' || c == ']') --depth;
      if (c == ' ' && depth == 0) break;
    }
    return at;
  }

  std::vector<std::string> words_;
  std::size_t next_ = 0;
};

absl::Status Unreadable(const std::string& what) {
  return absl::InvalidArgumentError("not readable: " + what);
}

absl::StatusOr<core::DurationUs> ParseDuration(const std::string& text) {
  const std::size_t unit = text.find_first_not_of("0123456789.");
  double number = 0;
  if (unit == std::string::npos || !absl::SimpleAtod(text.substr(0, unit), &number)) {
    return Unreadable("duration " + text);
  }
  static const std::map<std::string, double> kUnits = {
      {"ms", 1e3}, {"s", 1e6}, {"m", 6e7}, {"h", 3.6e9}, {"d", 8.64e10}};
  const auto factor = kUnits.find(text.substr(unit));
  if (factor == kUnits.end()) return Unreadable("duration " + text);
  return static_cast<core::DurationUs>(number * factor->second + 0.5);
}

// "[undo|probe] REFERENCE[#ATTEMPT]": the newest such task.
absl::StatusOr<TaskNumber> TakeTask(Words& words, const ScenarioWorld& world) {
  core::Operation operation = core::Operation::kAction;
  if (words.TakeWord("undo")) operation = core::Operation::kCompensate;
  if (words.TakeWord("probe")) operation = core::Operation::kProbe;
  if (words.TakeWord("condition")) operation = core::Operation::kEvaluate;
  const std::string word = words.Next();
  const std::size_t mark = word.find('#');
  const std::string reference = word.substr(0, mark);
  int attempt = 0;
  if (mark != std::string::npos && !absl::SimpleAtoi(word.substr(mark + 1), &attempt)) {
    return Unreadable("task " + word);
  }
  const core::Numbered<core::Task>& tasks = world.state().tasks;
  for (auto task = tasks.rbegin(); task != tasks.rend(); ++task) {
    if (task->operation != operation) continue;
    const std::string run = RunText(world.definition(), world.state(), task->run);
    const std::string& plain = StepOf(world.definition(), world.state(), task->step).reference;
    if (reference != run && reference != plain) continue;
    if (attempt == 0 || task->attempt == attempt) return task->number;
  }
  return absl::InvalidArgumentError("no task " + word + " has been scheduled");
}

std::string Take(TaskNumber task, Words& words, ScenarioWorld& world) {
  core::StartTask start;
  start.task = task;
  start.worker = words.TakePrefixed("by=").value_or("w1");
  start.incarnation = start.worker + "-1";
  start.domain = words.TakePrefixed("in=").value_or("");
  start.barrier = words.TakeWord("barrier");
  return world.Send(start);
}

// Workers report what they were given: a queued task is taken first.
std::string Report(core::ReportResult report, Words& words, ScenarioWorld& world) {
  std::string answer;
  const bool fence_named = report.fence != 0;
  if (!fence_named && world.state().task(report.task).status == TaskStatus::kScheduled) {
    answer = Take(report.task, words, world);
  }
  if (!fence_named) report.fence = world.state().task(report.task).fence;
  return answer + world.Send(report);
}

absl::StatusOr<std::string> ReportLine(TaskStatus status, Words& words, ScenarioWorld& world) {
  absl::StatusOr<TaskNumber> task = TakeTask(words, world);
  if (!task.ok()) return task.status();
  core::ReportResult report;
  report.task = *task;
  report.status = status;
  const std::string fence = words.TakePrefixed("fence=").value_or("0");
  if (!absl::SimpleAtoi(fence, &report.fence)) return Unreadable("fence " + fence);
  report.reason = words.TakeQuoted();
  report.effect = words.TakeName<Effect>().value_or(Effect::kUnset);
  report.verdict = words.TakeName<Verdict>().value_or(Verdict::kNone);
  report.output = words.TakeJson();
  if (status == TaskStatus::kInProgress && !words.empty()) {
    const absl::StatusOr<core::DurationUs> after = ParseDuration(words.Next());
    if (!after.ok()) return after.status();
    report.callback_after_us = *after;
  }
  return Report(std::move(report), words, world);
}

absl::StatusOr<std::string> LoseLine(Words& words, ScenarioWorld& world) {
  absl::StatusOr<TaskNumber> task = TakeTask(words, world);
  if (!task.ok()) return task.status();
  core::LoseTask lose;
  lose.task = *task;
  lose.fence = world.state().task(*task).fence;
  const std::string fence = words.TakePrefixed("fence=").value_or("");
  if (!fence.empty() && !absl::SimpleAtoi(fence, &lose.fence)) return Unreadable("fence " + fence);
  lose.timeout = words.TakeName<core::Timeout>().value_or(core::Timeout::kLease);
  return world.Send(lose);
}

absl::StatusOr<std::string> OperateLine(Words& words, ScenarioWorld& world) {
  static const std::map<std::string, core::Verb> kVerbs = {{"retry", core::Verb::kRetry},
                                                           {"resolve", core::Verb::kResolve},
                                                           {"settle", core::Verb::kSettle},
                                                           {"skip", core::Verb::kSkip},
                                                           {"abandon", core::Verb::kAbandon}};
  const std::string name = words.Next();
  const auto verb = kVerbs.find(name);
  if (verb == kVerbs.end()) return Unreadable("verb " + name);
  core::OperateSaga operate;
  operate.verb = verb->second;
  operate.actor = words.TakePrefixed("by=").value_or("ann");
  operate.reason = "looked into it";
  if (words.TakeWord("no-reason")) operate.reason = "";
  const std::optional<std::string> step = words.TakePrefixed("step=");
  operate.reference = step.value_or("");
  operate.effect = words.TakeName<Effect>().value_or(Effect::kUnset);
  const std::string reason = words.TakeQuoted();
  if (!reason.empty()) operate.reason = reason;
  operate.output = words.TakeJson();
  if (!words.empty()) return Unreadable("operate … " + words.Next());
  return world.Send(operate);
}

std::string StartLine(Words& words, ScenarioWorld& world) {
  core::StartWorkflow start;
  start.id = world.state().id;
  start.input = words.TakeJson();
  const std::string priority = words.TakePrefixed("priority=").value_or("0");
  if (!absl::SimpleAtoi(priority, &start.priority)) start.priority = -1;
  start.correlation_id = words.TakePrefixed("correlation=").value_or("");
  if (words.TakeWord("domains")) start.task_to_domain = words.TakeJson();
  if (words.TakeWord("child")) {
    start.parent = base::UuidV7(kStartUs / 1'000, 3, 4);
    start.parent_task = 7;
    start.depth = 1;
  }
  return world.Send(start);
}

absl::StatusOr<std::string> Admit(ScenarioWorld& world) {
  return world.Send(core::AdmitWorkflow{});
}

std::string SignalLine(Words& words, ScenarioWorld& world) {
  core::SignalWorkflow signal;
  signal.reference = words.TakePrefixed("step=").value_or("");
  signal.status = words.TakeName<TaskStatus>().value_or(TaskStatus::kCompleted);
  signal.reason = words.TakeQuoted();
  signal.payload = words.TakeJson();
  signal.actor = words.TakePrefixed("by=").value_or("");
  return world.Send(signal);
}

// update [undo|probe] REFERENCE COMPLETED|FAILED|… ["reason"] [EFFECT] [{JSON}] [by=ACTOR]
// [after=DURATION]
absl::StatusOr<std::string> UpdateLine(Words& words, ScenarioWorld& world) {
  core::UpdateTask update;
  if (const auto step = words.TakePrefixed("step=")) {
    update.reference = *step;
  } else {
    const absl::StatusOr<TaskNumber> task = TakeTask(words, world);
    if (!task.ok()) return task.status();
    update.task = *task;
  }
  update.merge_output = words.TakeWord("merge");
  update.status = words.TakeName<TaskStatus>().value_or(TaskStatus::kCompleted);
  update.reason = words.TakeQuoted();
  update.effect = words.TakeName<Effect>().value_or(Effect::kUnset);
  update.output = words.TakeJson();
  update.actor = words.TakePrefixed("by=").value_or("");
  if (const auto after = words.TakePrefixed("after=")) {
    const absl::StatusOr<core::DurationUs> parsed = ParseDuration(*after);
    if (!parsed.ok()) return parsed.status();
    update.callback_after_us = *parsed;
  }
  return world.Send(update);
}

// "TASK refused|running|parked|not-undone|STATUS": how the workflow that carries the task out is.
absl::StatusOr<std::string> ChildLine(Words& words, ScenarioWorld& world) {
  const absl::StatusOr<TaskNumber> task = TakeTask(words, world);
  if (!task.ok()) return task.status();
  core::ReportChild report{.task = *task, .child = world.state().task(*task).child};
  report.name = "child";
  report.version = 1;
  if (words.TakeWord("refused")) {
    report.condition = core::ChildCondition::kRefused;
  } else if (words.TakeWord("parked")) {
    report.condition = core::ChildCondition::kParked;
  } else if (words.TakeWord("not-undone")) {
    report.condition = core::ChildCondition::kNotUndone;
    report.saga_status = words.TakeName<core::SagaStatus>().value_or(core::SagaStatus::kNone);
  } else if (!words.TakeWord("running")) {
    report.condition = core::ChildCondition::kEnded;
    report.status = words.TakeName<core::WorkflowStatus>().value_or(core::WorkflowStatus::kRunning);
    report.saga_status = words.TakeName<core::SagaStatus>().value_or(core::SagaStatus::kNone);
  }
  report.pivot_passed = words.TakeWord("pivot-passed");
  // A person re-opened it; the parent's wish was carried out.
  if (words.TakeWord("reopened")) report.reopened = world.state().task(*task).child_reopened + 10;
  if (words.TakeWord("asked")) report.asked = world.state().task(*task).resumed_seq;
  report.reason = words.TakeQuoted();
  report.output = words.TakeJson();
  return world.Send(report);
}

// rerun [from TASK|step=REFERENCE] [task-input={JSON}] [input={JSON}] [correlation=C] ["reason"]
absl::StatusOr<std::string> RerunLine(Words& words, ScenarioWorld& world) {
  core::RerunWorkflow rerun{.actor = "ann"};
  if (words.TakeWord("from")) {
    const absl::StatusOr<TaskNumber> task = TakeTask(words, world);
    if (!task.ok()) return task.status();
    rerun.task = *task;
  }
  const std::string number = words.TakePrefixed("number=").value_or("");
  if (!number.empty() && !absl::SimpleAtoi(number, &rerun.task)) return Unreadable(number);
  rerun.reference = words.TakePrefixed("step=").value_or("");
  if (const auto input = words.TakePrefixed("task-input="))
    rerun.task_input = core::Payload(*input);
  if (const auto input = words.TakePrefixed("input=")) rerun.input = core::Payload(*input);
  rerun.correlation_id = words.TakePrefixed("correlation=").value_or("");
  rerun.reason = words.TakeQuoted();
  return world.Send(rerun);
}

using Line = absl::StatusOr<std::string> (*)(Words& words, ScenarioWorld& world);

template <TaskStatus status>
absl::StatusOr<std::string> ReportAs(Words& words, ScenarioWorld& world) {
  return ReportLine(status, words, world);
}

absl::StatusOr<std::string> TakeLine(Words& words, ScenarioWorld& world) {
  const absl::StatusOr<TaskNumber> task = TakeTask(words, world);
  if (!task.ok()) return task.status();
  return Take(*task, words, world);
}

using DefinitionPointer = std::shared_ptr<const core::Definition>;

absl::StatusOr<DefinitionPointer> Version(const std::string& text, const ScenarioWorld& world) {
  std::int32_t version = 0;
  DefinitionPointer found;
  if (absl::SimpleAtoi(text, &version)) found = world.FindVersion(version);
  if (found == nullptr) return Unreadable("version " + text);
  return found;
}

absl::StatusOr<std::string> RestartLine(Words& words, ScenarioWorld& world) {
  core::RestartWorkflow restart{.actor = "ann"};
  restart.force = words.TakeWord("force");
  if (const auto version = words.TakePrefixed("version=")) {
    absl::StatusOr<DefinitionPointer> definition = Version(*version, world);
    if (!definition.ok()) return definition.status();
    restart.definition = *std::move(definition);
  }
  restart.reason = words.TakeQuoted();
  return world.Send(restart);
}

// What would change, and what stands against it.
std::string DryRun(const core::Definition& to, const ScenarioWorld& world) {
  const core::DefinitionDifferences differences = core::DifferencesOf(world.definition(), to);
  std::string text;
  if (!differences.fields.empty()) {
    absl::StrAppend(&text, "workflow: ", absl::StrJoin(differences.fields, ", "), "\n");
  }
  for (const core::StepDifference& step : differences.steps) {
    static constexpr const char* kChanges[] = {"added ", "removed ", "changed "};
    absl::StrAppend(&text, kChanges[static_cast<std::size_t>(step.change)],
                    std::string(core::Name(step.type)), " ", step.reference,
                    step.fields.empty() ? "" : ": ", absl::StrJoin(step.fields, ", "), "\n");
  }
  for (const core::UpgradeRefusal& refusal :
       core::UpgradeRefusals(world.definition(), to, world.state())) {
    absl::StrAppend(&text, "refused ", refusal.reference.empty() ? "workflow" : refusal.reference,
                    ": ", refusal.what, ": ", refusal.why, "\n");
  }
  return text;
}

absl::StatusOr<std::string> UpgradeLine(Words& words, ScenarioWorld& world) {
  const bool dry_run = words.TakeWord("dry-run");
  absl::StatusOr<DefinitionPointer> definition = Version(words.Next(), world);
  if (!definition.ok()) return definition.status();
  if (dry_run) return DryRun(**definition, world);
  return world.Send(core::UpgradeWorkflow{
      .definition = *std::move(definition), .actor = "ann", .reason = words.TakeQuoted()});
}

absl::StatusOr<std::string> RetryLine(Words& words, ScenarioWorld& world) {
  const bool resume = words.TakeWord("resume");
  const bool asked = words.TakeWord("asked");
  return world.Send(core::RetryWorkflow{.actor = "ann",
                                        .reason = words.TakeQuoted(),
                                        .resume_sub_workflows = resume,
                                        .asked = asked ? world.state().reopened_asked + 1 : 0});
}

absl::StatusOr<std::string> SkipLine(Words& words, ScenarioWorld& world) {
  core::SkipTask skip{.reference = words.Next(), .actor = "ann"};
  if (const auto input = words.TakePrefixed("input=")) skip.input = core::Payload(*input);
  skip.output = words.TakeJson();
  skip.reason = words.TakeQuoted();
  return world.Send(skip);
}

absl::StatusOr<std::string> VariablesLine(Words& words, ScenarioWorld& world) {
  core::UpdateVariables update{.variables = words.TakeJson(), .actor = "ann"};
  update.reason = words.TakeQuoted();
  return world.Send(update);
}

// Operations on workflows that have ended, and on what is still to come.
const std::map<std::string, Line>& OperationLines() {
  static const std::map<std::string, Line> kLines = {
      {"restart", RestartLine}, {"retry", RetryLine},     {"rerun", RerunLine},
      {"skip", SkipLine},       {"upgrade", UpgradeLine}, {"variables", VariablesLine}};
  return kLines;
}

// What stops a workflow, or lets it go on.
const std::map<std::string, Line>& ControlLines() {
  static const std::map<std::string, Line> kLines = {
      {"pause",
       [](Words& w, ScenarioWorld& s) -> absl::StatusOr<std::string> {
         return s.Send(core::PauseWorkflow{.actor = "ann", .reason = w.TakeQuoted()});
       }},
      {"resume",
       [](Words& w, ScenarioWorld& s) -> absl::StatusOr<std::string> {
         return s.Send(core::ResumeWorkflow{.actor = "ann", .reason = w.TakeQuoted()});
       }},
      {"terminate",
       [](Words& w, ScenarioWorld& s) -> absl::StatusOr<std::string> {
         const bool abandon = w.TakeWord("abandon");
         const bool failure_workflow = w.TakeWord("failure-workflow");
         return s.Send(core::TerminateWorkflow{.actor = "ann",
                                               .reason = w.TakeQuoted(),
                                               .abandon = abandon,
                                               .trigger_failure_workflow = failure_workflow});
       }},
      {"compensate",
       [](Words& w, ScenarioWorld& s) -> absl::StatusOr<std::string> {
         const bool force = w.TakeWord("force");
         return s.Send(
             core::CompensateWorkflow{.actor = "ann", .reason = w.TakeQuoted(), .force = force});
       }},
  };
  return kLines;
}

const std::map<std::string, Line>& Lines() {
  static const std::map<std::string, Line> kLines = {
      {"start",
       [](Words& w, ScenarioWorld& s) -> absl::StatusOr<std::string> { return StartLine(w, s); }},
      {"take", TakeLine},
      {"complete", ReportAs<TaskStatus::kCompleted>},
      {"fail", ReportAs<TaskStatus::kFailed>},
      {"fail-terminally", ReportAs<TaskStatus::kFailedWithTerminalError>},
      {"report-canceled", ReportAs<TaskStatus::kCanceled>},
      {"report-timed-out", ReportAs<TaskStatus::kTimedOut>},
      {"give-back", ReportAs<TaskStatus::kInProgress>},
      {"lose", LoseLine},
      {"child", ChildLine},
      {"operate", OperateLine},
      {"update", UpdateLine},
      {"signal",
       [](Words& w, ScenarioWorld& s) -> absl::StatusOr<std::string> { return SignalLine(w, s); }},
      {"reuse",
       [](Words& w, ScenarioWorld& s) -> absl::StatusOr<std::string> {
         const absl::StatusOr<TaskNumber> task = TakeTask(w, s);
         if (!task.ok()) return task.status();
         return s.Send(core::ReuseResult{.task = *task, .output = w.TakeJson()});
       }},
      {"message",
       [](Words& w, ScenarioWorld& s) -> absl::StatusOr<std::string> {
         core::SendMessage message;
         message.named = w.TakeWord("named");
         message.id = w.TakePrefixed("id=").value_or("m");
         message.payload = w.TakeJson();
         message.actor = w.TakePrefixed("by=").value_or("");
         message.reason = w.TakeQuoted();
         return s.Send(message);
       }},
      {"failure-workflow",
       [](Words& w, ScenarioWorld& s) -> absl::StatusOr<std::string> {
         core::ReportChild report{.child = s.state().failure_workflow};
         if (w.TakeWord("refused")) report.condition = core::ChildCondition::kRefused;
         w.TakeWord("running");
         report.reason = w.TakeQuoted();
         return s.Send(report);
       }},
      {"undo-for-parent",
       [](Words& w, ScenarioWorld& s) -> absl::StatusOr<std::string> {
         return s.Send(core::UndoForParent{.reason = w.TakeQuoted()});
       }},
      {"admit", [](Words&, ScenarioWorld& s) { return Admit(s); }},
      {"tick",
       [](Words&, ScenarioWorld& s) -> absl::StatusOr<std::string> {
         return s.Send(core::FireTimers{});
       }},
      {"reload",
       [](Words&, ScenarioWorld& s) -> absl::StatusOr<std::string> { return s.Reload(); }},
      {"resolve",
       [](Words&, ScenarioWorld& s) -> absl::StatusOr<std::string> { return s.Resolve(); }},
      {"show",
       [](Words&, ScenarioWorld& s) -> absl::StatusOr<std::string> {
         return Describe(s.definition(), s.state());
       }},
  };
  return kLines;
}

}  // namespace

absl::StatusOr<std::string> CarryOut(const std::string& line, ScenarioWorld& world) {
  Words words(line);
  if (words.TakeWord("at")) {
    const absl::StatusOr<core::DurationUs> offset = ParseDuration(words.Next());
    if (!offset.ok()) return offset.status();
    world.set_now(kStartUs + *offset);
  }
  const std::string name = words.Next();
  const Line* handler = nullptr;
  for (const auto* lines : {&Lines(), &ControlLines(), &OperationLines()}) {
    const auto found = lines->find(name);
    if (found != lines->end()) handler = &found->second;
  }
  if (handler == nullptr) return Unreadable(line);
  absl::StatusOr<std::string> answer = (*handler)(words, world);
  if (answer.ok() && !words.empty()) return Unreadable("… " + words.Next() + " in: " + line);
  return answer;
}

}  // namespace skald::scenarios
