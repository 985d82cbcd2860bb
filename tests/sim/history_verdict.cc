#include "tests/sim/history_verdict.h"

#include <algorithm>
#include <variant>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/core/json_scan.h"
#include "tests/sim/definitions.h"

namespace skald::sim {
namespace {

constexpr char kById[] = "op";  // what all markers begin with (sim_person.cc)

std::int64_t NumberIn(const std::string& object, std::string_view key, std::int64_t otherwise) {
  const auto value = core::FindMember(object, key);
  return value.has_value() ? core::IntegerOf(*value).value_or(otherwise) : otherwise;
}

// Type `number` of a worker's actions.
bool IsType(const std::string& task_type, int number) {
  return task_type == absl::StrCat("t", number) || task_type == absl::StrCat("s", number);
}

// The ids in the output of a PULL_WORKFLOW_MESSAGES.
std::vector<std::string> IdsIn(const std::string& output) {
  std::vector<std::string> ids;
  const auto messages = core::FindMember(output, "messages");
  if (!messages.has_value()) return ids;
  for (core::JsonWalk walk(*messages); walk.Next();) {
    ids.push_back(core::StringOf(core::FindMember(walk.value(), "id").value_or("\"\"")));
  }
  return ids;
}

}  // namespace

void HistoryVerdict::Read(const std::vector<core::Event>& events) {
  for (const core::Event& event : events) {
    event_ = &event;
    const bool skips = std::holds_alternative<core::TaskSkipped>(event.body);
    if (to_skip_ != 0 && !skips) Complain("a step that is to be skipped was scheduled otherwise");
    if (!skips) to_skip_ = 0;
    std::visit([this](const auto& body) { On(body); }, event.body);
  }
}

void HistoryVerdict::Complain(const std::string& what) {
  complaints_.push_back(absl::StrCat("seq ", event_->seq, ": ", what));
}

int HistoryVerdict::CountOf(const std::string& marker) const {
  const auto found = markers_.find(marker);
  return found == markers_.end() ? 0 : found->second;
}

void HistoryVerdict::Mark(const std::string& marker) {
  if (!absl::StartsWith(marker, kById) || marker == kById) return;
  if (++markers_[marker] > 1) Complain(absl::StrCat(marker, " took effect twice"));
}

// ---- messages ----------------------------------------------------------------------------------

void HistoryVerdict::On(const core::MessageReceived& event) {
  if (event.named && !named_.insert(event.id).second) {
    Complain(absl::StrCat("message ", event.id, " was received twice"));
  }
  Mark(event.id);
  messages_.push_back(event.id);
}

void HistoryVerdict::On(const core::MessagesTaken& event) {
  probes_.Met(Probe::kMessagesTaken);
  std::vector<std::string> taken;
  for (std::uint32_t i = 0; i < event.count; ++i) {
    if (messages_.empty()) return Complain("more messages were taken than received");
    taken.push_back(std::move(messages_.front()));
    messages_.pop_front();
  }
  Scheduled& task = tasks_[event.task];
  if (task.taken.has_value()) Complain("a task took messages twice");
  task.taken = std::move(taken);
}

void HistoryVerdict::LookAtMessages(core::TaskNumber number, const Scheduled& task,
                                    const std::string& output) {
  if (task.updated) return;
  const std::vector<std::string> given = IdsIn(output);
  const std::vector<std::string> taken = task.taken.value_or(std::vector<std::string>());
  if (given != taken) {
    Complain(absl::StrCat("task ", number, " gives messages ", absl::StrJoin(given, ","), ", took ",
                          absl::StrJoin(taken, ",")));
  }
  if (static_cast<std::int64_t>(taken.size()) > NumberIn(task.input, "batchSize", 1)) {
    Complain(absl::StrCat("task ", number, " took ", taken.size(), " messages"));
  }
  if (!taken.empty()) return;
  probes_.Met(Probe::kPulledNothing);
  const bool blocks = task.input.find(R"("blocking":false)") == std::string::npos;
  if (blocks || !messages_.empty()) Complain(absl::StrCat("task ", number, " took no message"));
}

// ---- what becomes of steps
// ---------------------------------------------------------------------

void HistoryVerdict::On(const core::TaskScheduled& event) {
  Scheduled& task = tasks_[event.task];
  task.task_type = event.task_type;
  task.operation = event.operation;
  task.reference = event.reference;
  task.input = event.input.empty() ? "" : std::string(event.input.text());
  task.known = event.step < definition_->steps.size();
  if (task.known) task.step_type = definition_->steps[event.step].type;
  if (event.operation != core::Operation::kAction || event.attempt > 1) return;
  if (skips_.contains(ReferenceOf(event.step))) to_skip_ = event.task;
}

void HistoryVerdict::On(const core::StepsRequested& event) {
  if (skips_.contains(ReferenceOf(event.step))) {
    Complain("a step that is to be skipped makes steps");
  }
}

// Steps made at run time have none: they cannot be skipped.
std::string HistoryVerdict::ReferenceOf(core::StepIndex step) const {
  return step < definition_->steps.size() ? definition_->steps[step].reference : "";
}

void HistoryVerdict::On(const core::StepSkipped& event) {
  Mark(event.actor);
  const bool fresh = skips_
                         .emplace(ReferenceOf(event.step),
                                  event.output.empty() ? "{}" : std::string(event.output.text()))
                         .second;
  if (!fresh) Complain("a step is to be skipped twice");
}

void HistoryVerdict::On(const core::TaskSkipped& event) {
  probes_.Met(Probe::kSkipped);
  if (event.task != to_skip_) return Complain("a step was skipped that nobody had skipped");
  to_skip_ = 0;
  const std::string& reference = tasks_[event.task].reference;
  const auto skip = skips_.find(reference.substr(0, reference.find("__")));
  if (skip == skips_.end()) return Complain("a step was skipped that nobody had skipped");
  NoteOutput(event.task, event.output);
  if (event.output.text() != skip->second) Complain("a skipped step has another output");
  skips_.erase(skip);
}

void HistoryVerdict::On(const core::TaskStarted& event) {
  const Scheduled& task = tasks_[event.task];
  const bool refused = task.operation == core::Operation::kAction &&
                       IsType(task.task_type, kInputSchemaType) &&
                       NumberIn(task.input, "from", 0) == 2;
  if (refused) Complain(absl::StrCat("task ", event.task, " began with what does not conform"));
}

void HistoryVerdict::On(const core::TaskUpdated& event) {
  Mark(event.actor);
  if (absl::StartsWith(event.actor, "task ")) probes_.Met(Probe::kUpdatedByStep);
  tasks_[event.task].updated = true;
}

void HistoryVerdict::On(const core::TaskProgressed& event) {
  Mark(event.actor);
  NoteOutput(event.task, event.output);
}

void HistoryVerdict::On(const core::TaskHandedOver&) { probes_.Met(Probe::kHandedOver); }

void HistoryVerdict::On(const core::TaskCompleted& event) {
  const Scheduled& task = tasks_[event.task];
  if (task.operation != core::Operation::kAction) return;
  NoteOutput(event.task, event.output);
  NoteCompleted(task);
  LookAtResult(event, task);
  if (task.known && task.step_type == core::StepType::kExclusiveJoin) {
    LookAtExclusiveJoin(task, std::string(event.output.text_or_null()));
  }
  if (task.known && task.step_type == core::StepType::kPullMessages) {
    LookAtMessages(event.task, task, std::string(event.output.text()));
  }
}

void HistoryVerdict::NoteOutput(core::TaskNumber task, const core::Payload& output) {
  tasks_[task].ended = true;
  const std::string& reference = tasks_[task].reference;
  outputs_[reference.substr(0, reference.find("__"))].insert(
      output.empty() ? "{}" : std::string(output.text()));
}

// What it gives is what one of the steps gave that it waits for.
void HistoryVerdict::LookAtExclusiveJoin(const Scheduled& task, const std::string& output) {
  for (const char* key : {"joinOn", "defaultExclusiveJoinTask"}) {
    const auto names = core::FindMember(task.input, key);
    if (!names.has_value()) continue;
    for (core::JsonWalk walk(*names); walk.Next();) {
      const auto found = outputs_.find(core::StringOf(walk.value()));
      if (found != outputs_.end() && found->second.contains(output)) return;
    }
  }
  Complain(absl::StrCat(task.reference, " gives what none of its steps gave"));
}

void HistoryVerdict::LookAtResult(const core::TaskCompleted& event, const Scheduled& task) {
  const std::string output = event.output.empty() ? "" : std::string(event.output.text());
  if (event.cached) {
    probes_.Met(Probe::kResultReused);
    reused_.insert(event.task);
    results_used_.push_back({event_->at, task.task_type, output});
  } else if (!task.updated) {
    results_given_.push_back({event_->at, task.task_type, output});
  }
  const bool checked = IsType(task.task_type, kOutputSchemaType);
  if (checked && !core::FindMember(output, "v").has_value()) {
    Complain(absl::StrCat("task ", event.task, " gave what does not conform"));
  }
}

void HistoryVerdict::NoteCompleted(const Scheduled& task) {
  if (!task.known) return;
  switch (task.step_type) {
    case core::StepType::kTerminate:
      return probes_.Met(Probe::kTerminateStep);
    case core::StepType::kWait:
      if (task.input.find("\"until\"") != std::string::npos) probes_.Met(Probe::kWaitedUntil);
      return;
    case core::StepType::kExclusiveJoin:
      return probes_.Met(Probe::kExclusiveJoin);
    case core::StepType::kDecision:
      return probes_.Met(Probe::kDecision);
    case core::StepType::kEvent:
      return probes_.Met(Probe::kEventStep);
    case core::StepType::kHttp:
      return probes_.Met(Probe::kHttpStep);
    case core::StepType::kGrpc:
      return probes_.Met(Probe::kGrpcStep);
    case core::StepType::kGetWorkflow:
      return probes_.Met(Probe::kGetWorkflow);
    case core::StepType::kHuman:
      return probes_.Met(Probe::kHuman);
    case core::StepType::kNoop:
      return probes_.Met(Probe::kNoop);
    case core::StepType::kSetVariable:
      return probes_.Met(Probe::kSetVariable);
    case core::StepType::kForkJoinDynamic:
      if (task.input.find("\"forkTaskInputs\"") != std::string::npos) {
        return probes_.Met(Probe::kSimpleFork);
      }
      return probes_.Met(task.input.find("\"old\"") != std::string::npos ? Probe::kLegacyFork
                                                                         : Probe::kListFork);
    default:
      return;
  }
}

void HistoryVerdict::On(const core::TaskFailed& event) {
  NoteOutput(event.task, event.output);
  if (absl::StrContains(event.reason, "input ") && IsType(tasks_[event.task].task_type, 4)) {
    probes_.Met(Probe::kInputMistaken);
  }
  if (absl::StrContains(event.reason, "output ")) probes_.Met(Probe::kOutputMistaken);
}

void HistoryVerdict::On(const core::TaskFailureAccepted& event) {
  if (event.permissive) probes_.Met(Probe::kPermissiveFailure);
}

void HistoryVerdict::On(const core::VariablesSet& event) {
  Mark(event.actor);
  if (!event.actor.empty()) probes_.Met(Probe::kVariablesUpdated);
}

void HistoryVerdict::On(const core::SignalReceived& event) { Mark(event.actor); }

void HistoryVerdict::On(const core::WorkflowReopened& event) {
  Mark(event.actor);
  if (event.anew) skips_.clear();
  if (event.definition == nullptr) return;
  if (event.definition->id != definition_->id) probes_.Met(Probe::kRestartedAsNewer);
  GoOver(*event.definition);
}

void HistoryVerdict::On(const core::WorkflowUpgraded& event) {
  Mark(event.actor);
  probes_.Met(Probe::kUpgraded);
  const bool has_child = std::any_of(tasks_.begin(), tasks_.end(), [](const auto& one) {
    return one.second.step_type == core::StepType::kSubWorkflow && !one.second.ended;
  });
  if (has_child) probes_.Met(Probe::kUpgradeOfParent);
  if (event.from_definition_id != definition_->id) {
    Complain(absl::StrCat("an upgrade from definition ", event.from_definition_id, " while it had ",
                          definition_->id));
  }
  GoOver(*event.definition);
}

// What the next one does not have is skipped no more.
void HistoryVerdict::GoOver(const core::Definition& next) {
  definition_ = &next;
  std::erase_if(skips_, [&next](const auto& skip) {
    return std::none_of(next.steps.begin(), next.steps.end(),
                        [&skip](const core::Step& step) { return step.reference == skip.first; });
  });
}

}  // namespace skald::sim
