#include "tests/sim/sim_person.h"

#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "engine/core/construct.h"
#include "tests/sim/definitions.h"

namespace skald::sim {
namespace {}  // namespace

std::string SimPerson::Marker() { return absl::StrCat("op", index_, ".", ++markers_); }

void SimPerson::Send(const core::WorkflowId& id, core::Trigger trigger, const std::string& marker) {
  runtime::Loop* loop = find_node_();
  if (loop == nullptr) return;
  if (world_.tracing()) world_.Trace(absl::StrCat(marker, " sends trigger ", trigger.index()));
  const bool upgrades = std::holds_alternative<core::UpgradeWorkflow>(trigger);
  loop->Send(
      "default", id, std::move(trigger),
      [this, id, marker, upgrades, alive = alive_](const absl::StatusOr<core::Answer>& answer) {
        if (!*alive) return;
        if (upgrades && absl::IsFailedPrecondition(answer.status())) {
          world_.probes().Met(Probe::kUpgradeRefused);
        }
        if (absl::IsInternal(answer.status())) {
          world_.Complain(absl::StrCat(marker, ": ", answer.status().ToString()));
        }
        if (answer.ok() && *answer == core::Answer::kRecorded) {
          world_.NotePromised(id, marker);
        }
      });
}

void SimPerson::Chore(const core::WorkflowId& id, const core::Definition& definition) {
  switch (world_.random().Below(7)) {
    case 0:
    case 1:
      return SendMessage(id);
    case 2:
    case 3:
      return Skip(id, definition);
    case 4:
    case 5:
      return Upgrade(id, definition);
    default:
      const std::string marker = Marker();
      Send(id,
           core::UpdateVariables{.variables = core::Payload(absl::StrCat(
                                     R"({"u":)", world_.random().Below(1'000'000), "}")),
                                 .actor = marker,
                                 .reason = "by hand"},
           marker);
  }
}

void SimPerson::SendMessage(const core::WorkflowId& id) {
  const core::SendMessage message{
      .id = Marker(), .named = world_.random().Chance(500), .payload = core::Payload(R"({"m":1})")};
  Send(id, message, message.id);
  // Whoever names a message may send it again.
  if (message.named && world_.random().Chance(400)) {
    world_.After(world_.random().Between(10, 3'000) * kMs, [this, id, message, alive = alive_] {
      if (*alive) SendAgain(id, message);
    });
  }
}

void SimPerson::SendAgain(const core::WorkflowId& id, core::SendMessage message) {
  world_.probes().Met(Probe::kMessageRepeated);
  const std::string marker = message.id;
  Send(id, std::move(message), marker);
}

void SimPerson::Skip(const core::WorkflowId& id, const core::Definition& definition) {
  const std::size_t step = world_.random().Below(definition.steps.size());
  const std::string marker = Marker();
  core::SkipTask skip{
      .reference = definition.steps[step].reference, .actor = marker, .reason = "not needed"};
  if (world_.random().Chance(700)) {
    skip.output = core::Payload(absl::StrCat(R"({"skipped":")", marker, "\"}"));
  }
  Send(id, std::move(skip), marker);
}

// To any version, also an older one, or the one that it has.
void SimPerson::Upgrade(const core::WorkflowId& id, const core::Definition& definition) {
  const auto version = static_cast<std::int32_t>(1 + world_.random().Below(kVersions));
  auto next = VersionOf(definition, version);
  if (next == nullptr) return;
  const std::string marker = Marker();
  Send(id, core::UpgradeWorkflow{.definition = next, .actor = marker, .reason = "mended"}, marker);
}

void SimPerson::Bulk(const std::vector<core::WorkflowId>& ids, const core::Definition& definition) {
  SimRandom& random = world_.random();
  world_.probes().Met(Probe::kBulk);
  const std::uint64_t verb = random.Below(6);
  for (const core::WorkflowId& id : ids) {
    const std::string marker = Marker();
    switch (verb) {
      case 0:
        Send(id, core::PauseWorkflow{marker, "all of them"}, marker);
        break;
      case 1:
        Send(id, core::ResumeWorkflow{marker, "all of them"}, marker);
        break;
      case 2:
        Send(id, core::RetryWorkflow{.actor = marker, .reason = "all of them"}, marker);
        break;
      case 3:
        Send(id, core::RestartWorkflow{.actor = marker, .reason = "all of them"}, marker);
        break;
      case 4:
        Upgrade(id, definition);
        break;
      default:
        Delete(id);
    }
  }
}

void SimPerson::Delete(const core::WorkflowId& id) {
  runtime::Loop* loop = find_node_();
  if (loop == nullptr) return;
  if (world_.tracing()) world_.Trace(absl::StrCat("delete ", id.ToString()));
  loop->Delete({.name_space = "default", .id = id, .actor = "op", .reason = "done with"},
               [this, id, alive = alive_](const absl::StatusOr<core::Answer>& answer) {
                 if (!*alive) return;
                 if (absl::IsFailedPrecondition(answer.status())) {
                   world_.probes().Met(Probe::kDeletionRefused);
                 }
                 if (answer.ok() && !world_.deleted().contains(id)) {
                   world_.Complain(absl::StrCat(id.ToString(), ": said to be deleted, and is not"));
                 }
               });
}

void SimPerson::AnswerWaiting(const runtime::WorkflowView& view, unsigned per_mille) {
  if (view.state.status != core::WorkflowStatus::kRunning) return;
  for (const core::Task& task : view.state.tasks) {
    if (core::IsTerminal(task.status) || !world_.random().Chance(per_mille)) continue;
    const bool worked_on = task.status == core::TaskStatus::kInProgress &&
                           core::IsWorkerTask(*view.definition, view.state, task) &&
                           task.operation == core::Operation::kAction;
    if (core::AwaitsOutside(*view.definition, view.state, task)) {
      Answer(view, task);
    } else if (worked_on && world_.random().Chance(30)) {
      world_.probes().Met(Probe::kUpdatedOverWorker);
      Update(view, task);
    }
  }
}

void SimPerson::Answer(const runtime::WorkflowView& view, const core::Task& task) {
  const core::Step& step = core::StepOf(*view.definition, view.state, task.step);
  SimRandom& random = world_.random();
  if (task.operation != core::Operation::kAction) {
    // A person undoes by hand, then says so.
    const core::StepRun& run = view.state.run(task.run);
    world_.ledger().Undo(core::StepKey(view.state, run, step.reference));
    world_.probes().Met(Probe::kUndoneByPerson);
    return Update(view, task);
  }
  if (step.type == core::StepType::kWait && task.available_at != 0) return;
  if (step.type == core::StepType::kPullMessages && random.Chance(850)) {
    return SendMessage(view.state.id);
  }
  if (step.type != core::StepType::kPullMessages && random.Chance(500)) {
    const std::string marker = Marker();
    core::SignalWorkflow signal{.payload = core::Payload(R"({"s":1})"), .actor = marker};
    // Of what a call has done a signal cannot say the effect.
    if (!task.awaits_update && random.Chance(60)) {
      signal.status = core::TaskStatus::kFailed;
      world_.probes().Met(Probe::kFailedBySignal);
    }
    const bool by_name = task.awaits_update || random.Chance(500);
    if (by_name) signal.reference = step.reference;
    world_.probes().Met(Probe::kSignaled);
    return Send(view.state.id, std::move(signal), marker);
  }
  Update(view, task);
}

void SimPerson::Update(const runtime::WorkflowView& view, const core::Task& task) {
  SimRandom& random = world_.random();
  const core::Step& step = core::StepOf(*view.definition, view.state, task.step);
  const std::string marker = Marker();
  core::UpdateTask update{.task = task.number,
                          .output = core::Payload(absl::StrCat(R"({"v":)", task.number, "}")),
                          .reason = "by hand",
                          .actor = marker,
                          .merge_output = random.Chance(200)};
  if (random.Chance(400)) {
    update.task = 0;
    update.reference = step.reference;
  }
  const bool fails = random.Chance(world_.calm() ? 30 : 150);
  if (fails && task.operation == core::Operation::kAction) {
    // Or it is not to be done any more, which ends the workflow.
    const bool canceled = random.Chance(200);
    update.status = canceled ? core::TaskStatus::kCanceled : core::TaskStatus::kFailed;
    if (canceled) world_.probes().Met(Probe::kCanceledByPerson);
    // What somebody has begun may have been done, or may yet be.
    if (task.start_count > 0 || random.Chance(300)) update.effect = core::Effect::kUnknown;
  }
  // Not done yet.
  if (!fails && random.Chance(150)) {
    update.status = core::TaskStatus::kInProgress;
    world_.probes().Met(Probe::kProgressed);
  }
  world_.probes().Met(Probe::kUpdated);
  Send(view.state.id, std::move(update), marker);
}

}  // namespace skald::sim
