#include "engine/runtime/workflow_runner.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "engine/base/mutex.h"
#include "engine/base/status.h"
#include "engine/core/execution_json.h"
#include "engine/core/json_scan.h"
#include "engine/core/limits.h"
#include "engine/ports/no_such_workflow.h"
#include "engine/runtime/fold.h"
#include "engine/runtime/limits.h"

namespace skald::runtime {
namespace {

using core::JsonKind;

bool FlagIn(const core::Payload& input, std::string_view key) {
  return core::TextIn(input.text(), key) == "true";
}

ports::RunnerResult Failed(std::string reason, bool terminal = false) {
  return {
      .status = terminal ? core::TaskStatus::kFailedWithTerminalError : core::TaskStatus::kFailed,
      .reason = std::move(reason),
      .effect = core::Effect::kNone};
}

ports::RunnerResult Failed(const absl::Status& status) {
  return Failed(std::string(status.message()), absl::IsInvalidArgument(status));
}

absl::StatusOr<core::WorkflowId> IdIn(const core::Payload& input, std::string_view key) {
  const std::string text = core::TextIn(input.text(), key);
  absl::StatusOr<core::WorkflowId> id = core::WorkflowId::Parse(text);
  if (id.ok()) return id;
  return absl::InvalidArgumentError(absl::StrCat(std::string(key),
                                                 ": the id of a workflow expected, not '",
                                                 text.substr(0, core::kNameBytesMax), "'"));
}

struct Update {
  core::WorkflowId workflow;
  core::UpdateTask trigger;
};

// Which task: "<workflow>.<number>" under taskId, or workflow and reference.
absl::Status ReadTask(const core::Payload& input, Update& update) {
  const std::string task_id = core::TextIn(input.text(), "taskId");
  if (task_id.empty()) {
    ASSIGN_OR_RETURN(update.workflow, IdIn(input, "workflowId"));
    update.trigger.reference = core::TextIn(input.text(), "taskRefName");
    if (!update.trigger.reference.empty()) return absl::OkStatus();
    return absl::InvalidArgumentError("taskRefName or taskId: one of them expected");
  }
  const std::size_t dot = std::min(task_id.find('.'), task_id.size());
  const auto workflow = core::WorkflowId::Parse(task_id.substr(0, dot));
  const bool numbered =
      dot + 1 < task_id.size() && absl::SimpleAtoi(task_id.substr(dot + 1), &update.trigger.task);
  if (!workflow.ok() || !numbered) {
    return absl::InvalidArgumentError(absl::StrCat(
        "taskId: '", task_id.substr(0, core::kNameBytesMax), "' is not an id of this server"));
  }
  update.workflow = *workflow;
  return absl::OkStatus();
}

absl::Status ReadStatus(const core::Payload& input, core::UpdateTask& trigger) {
  const std::string status = core::TextIn(input.text(), "taskStatus");
  bool known = false;
  for (const core::TaskStatus told : {core::TaskStatus::kCompleted, core::TaskStatus::kFailed,
                                      core::TaskStatus::kFailedWithTerminalError,
                                      core::TaskStatus::kCanceled, core::TaskStatus::kInProgress}) {
    if (core::Name(told) != status) continue;
    trigger.status = told;
    known = true;
  }
  if (!known) {
    return absl::InvalidArgumentError(
        absl::StrCat("taskStatus: COMPLETED, FAILED, FAILED_WITH_TERMINAL_ERROR, CANCELED or "
                     "IN_PROGRESS expected, not '",
                     status.substr(0, core::kNameBytesMax), "'"));
  }
  const std::string after = core::TextIn(input.text(), "callbackAfterSeconds");
  if (after.empty() || trigger.status != core::TaskStatus::kInProgress) return absl::OkStatus();
  std::int32_t seconds = 0;
  if (!absl::SimpleAtoi(after, &seconds) || seconds < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("callbackAfterSeconds: 0 or more seconds expected, not '",
                     after.substr(0, core::kNameBytesMax), "'"));
  }
  trigger.callback_after_us = seconds * core::kSecondUs;
  return absl::OkStatus();
}

absl::StatusOr<Update> ReadUpdate(const ports::RunnerTask& task) {
  Update update;
  RETURN_IF_ERROR(ReadTask(task.input, update));
  RETURN_IF_ERROR(ReadStatus(task.input, update.trigger));
  const auto output = core::FindMember(task.input.text(), "taskOutput");
  if (output.has_value() && core::KindOf(*output) != JsonKind::kNull) {
    update.trigger.output = core::Payload(std::string(*output));
  }
  update.trigger.merge_output = FlagIn(task.input, "mergeOutput");
  update.trigger.reason =
      core::TextIn(task.input.text(), "reasonForIncompletion").substr(0, core::kReasonBytesMax);
  update.trigger.actor = absl::StrCat("task ", task.task_id);
  return update;
}

ports::RunnerResult Shown(const core::Definition& definition, const core::State& state,
                          const std::string& name_space, bool tasks) {
  if (state.start.name_space != name_space) {
    return Failed(ports::NoSuchWorkflow(state.id));
  }
  return {.output = core::Payload(core::ExecutionSummaryJson(definition, state, tasks))};
}

}  // namespace

// Calls under way. Each is answered once, by whoever comes first: its callback or the destructor.
class WorkflowRunner::Calls {
 public:
  std::uint64_t Add(Done done) {
    const base::MutexLock lock(mutex_);
    open_[++last_] = std::move(done);
    return last_;
  }
  void Answer(std::uint64_t call, ports::RunnerResult result) {
    Done done;
    {
      const base::MutexLock lock(mutex_);
      const auto found = open_.find(call);
      if (found == open_.end()) return;
      done = std::move(found->second);
      open_.erase(found);
    }
    done(std::move(result));
  }
  void AnswerAll(const ports::RunnerResult& result) {
    std::map<std::uint64_t, Done> open;
    {
      const base::MutexLock lock(mutex_);
      open.swap(open_);
    }
    for (auto& [call, done] : open) done(result);
  }

 private:
  base::Mutex mutex_;
  std::uint64_t last_ GUARDED_BY(mutex_) = 0;
  std::map<std::uint64_t, Done> open_ GUARDED_BY(mutex_);
};

WorkflowRunner::WorkflowRunner(Engine& engine, ports::Journal& journal,
                               DefinitionById definition_by_id)
    : engine_(engine),
      journal_(journal),
      definition_by_id_(std::move(definition_by_id)),
      calls_(std::make_shared<Calls>()) {}

WorkflowRunner::~WorkflowRunner() { calls_->AnswerAll(Failed("the server is stopping")); }

std::size_t WorkflowRunner::Capacity() const { return kWorkflowStepsAtOnceMax; }

void WorkflowRunner::Run(ports::RunnerTask task, Done done) {
  const std::uint64_t call = calls_->Add(std::move(done));
  if (task.task_type == "UPDATE_TASK") {
    UpdateTask(task, call);
  } else {
    GetWorkflow(task, call);
  }
}

void WorkflowRunner::UpdateTask(const ports::RunnerTask& task, std::uint64_t call) {
  absl::StatusOr<Update> update = ReadUpdate(task);
  if (!update.ok()) return calls_->Answer(call, Failed(update.status()));
  const core::WorkflowId id = update->workflow;
  engine_.Send(task.name_space, id, std::move(update->trigger),
               [calls = calls_, call, id](const absl::StatusOr<core::Answer>& answer) {
                 if (!answer.ok()) return calls->Answer(call, Failed(answer.status()));
                 const bool changed = *answer == core::Answer::kRecorded;
                 calls->Answer(call, {.output = core::Payload(absl::StrCat(
                                          R"({"workflowId":")", id.ToString(), R"(","changed":)",
                                          changed ? "true}" : "false}"))});
               });
}

void WorkflowRunner::GetWorkflow(const ports::RunnerTask& task, std::uint64_t call) {
  const auto id = IdIn(task.input, "id");
  if (!id.ok()) return calls_->Answer(call, Failed(id.status()));
  const bool tasks = FlagIn(task.input, "includeTasks");
  // In memory, or stored: it has ended, then.
  engine_.Get(*id, [calls = calls_, call, id = *id, tasks, name_space = task.name_space,
                    &journal = journal_, by_id = definition_by_id_](
                       const absl::StatusOr<std::shared_ptr<const WorkflowView>>& view) {
    if (view.ok()) {
      return calls->Answer(call, Shown(*(*view)->definition, (*view)->state, name_space, tasks));
    }
    if (!absl::IsNotFound(view.status())) return calls->Answer(call, Failed(view.status()));
    journal.Load(id, [calls, call, id, tasks, name_space,
                      by_id](const absl::StatusOr<std::optional<ports::StoredWorkflow>>& stored) {
      if (!stored.ok()) return calls->Answer(call, Failed(stored.status()));
      if (!stored->has_value()) {
        return calls->Answer(call, Failed(ports::NoSuchWorkflow(id)));
      }
      const auto workflow = Fold(**stored, by_id);
      if (!workflow.ok()) return calls->Answer(call, Failed(workflow.status()));
      calls->Answer(call, Shown(*(*workflow)->definition, (*workflow)->state, name_space, tasks));
    });
  });
}

}  // namespace skald::runtime
