// PULL_WORKFLOW_MESSAGES and the messages that it takes (conductor.md 2.21, 3.17). A message is an
// event of the workflow: received once, taken once, by the step that has waited longest.
#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/core/bound.h"
#include "engine/core/construct.h"
#include "engine/core/control.h"
#include "engine/core/families.h"
#include "engine/core/iso_time.h"
#include "engine/core/json_scan.h"
#include "engine/core/json_write.h"
#include "engine/core/limits.h"
#include "engine/core/task_steps.h"

namespace skald::core {
namespace {

// Room for the ids and times of a batch beside the payloads.
constexpr std::size_t kBatchBytesMax = kPayloadBytesCeiling / 2;

std::size_t BatchSize(const Payload& input) {
  const auto given = FindMember(input.text(), "batchSize");
  if (!given.has_value() || KindOf(*given) != JsonKind::kNumber) return 1;
  const std::int64_t size = IntegerOf(*given).value_or(1);
  return static_cast<std::size_t>(
      std::clamp<std::int64_t>(size, 1, static_cast<std::int64_t>(kMessagesPerPullMax)));
}

bool Blocks(const Payload& input) {
  const auto given = FindMember(input.text(), "blocking");
  if (!given.has_value()) return true;
  if (KindOf(*given) == JsonKind::kString) return StringOf(*given) != "false";
  return KindOf(*given) != JsonKind::kFalse;
}

// How many of the oldest messages the task takes: at least one, when there is one.
std::uint32_t CountFor(const Payload& input, const State& state) {
  const std::size_t count = std::min(BatchSize(input), state.messages.size());
  std::size_t bytes = 0;
  std::uint32_t taken = 0;
  while (taken < count) {
    bytes += state.messages[taken].payload.size();
    if (taken > 0 && bytes > kBatchBytesMax) break;
    ++taken;
  }
  return taken;
}

Payload OutputWith(std::uint32_t count, const State& state) {
  std::string output = "{\"messages\":[";
  for (std::uint32_t i = 0; i < count; ++i) {
    const Message& message = state.messages[i];
    output.append(i == 0 ? "{\"id\":" : ",{\"id\":");
    AppendJsonString(output, message.id);
    output.append(",\"workflowId\":");
    AppendJsonString(output, state.id.ToString());
    output.append(",\"payload\":");
    output.append(message.payload.empty() ? "{}" : message.payload.text());
    output.append(",\"receivedAt\":");
    AppendJsonString(output, IsoTime(message.received_at));
    output.push_back('}');
  }
  return Payload(absl::StrCat(output, "],\"count\":", count, "}"));
}

void Complete(TaskNumber task, Draft& draft) {
  const std::uint32_t count = CountFor(draft.state().task(task).input, draft.state());
  Payload output = OutputWith(count, draft.state());
  if (count > 0) draft.Emit(MessagesTaken{.task = task, .count = count});
  CompleteTask(task, std::move(output), draft);
}

// The task that has waited longest; 0 = none.
TaskNumber WaitingPull(const Draft& draft) {
  const State& state = draft.state();
  for (const RunNumber run : state.open) {
    const Task& task = state.task(state.run(run).task);
    const bool pulls = draft.StepAt(task.step).type == StepType::kPullMessages;
    if (pulls && AwaitsOutside(draft.definition(), state, task)) return task.number;
  }
  return 0;
}

absl::Status Check(const SendMessage& trigger, const State& state) {
  if (!GoesForward(state)) {
    return absl::FailedPreconditionError(absl::StrCat(
        "send message: workflow ", state.id.ToString(), " is not running, it is ",
        std::string(state.fault.active && !IsTerminal(state.status) ? Name(state.saga_status)
                                                                    : Name(state.status))));
  }
  if (trigger.id.empty() || trigger.id.size() > kMessageIdBytesMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("send message: an id of ", trigger.id.size(), " bytes, 1 to ",
                     FixedBound("kMessageIdBytesMax", kMessageIdBytesMax), " expected"));
  }
  if (!trigger.payload.empty() && TrimJson(trigger.payload.text()).front() != '{') {
    return absl::InvalidArgumentError("send message: the payload must be a JSON object");
  }
  return absl::OkStatus();
}

absl::Status CheckRoom(const SendMessage& trigger, const State& state) {
  std::size_t bytes = trigger.payload.size();
  for (const Message& message : state.messages) bytes += message.payload.size();
  std::string limit = GrowthLimit(state);
  if (bytes > kMessageBytesMax) limit = FixedBound("kMessageBytesMax", kMessageBytesMax);
  if (state.messages.size() >= kMessagesMax) limit = FixedBound("kMessagesMax", kMessagesMax);
  if (limit.empty()) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrCat("send message: ", limit, ": the workflow has ",
                                                   state.messages.size(),
                                                   " messages that it has not taken"));
}

}  // namespace

void CarryOutPull(TaskScheduled task, Draft& draft) {
  const TaskNumber number = task.task;
  const RunNumber run = task.run;
  const bool waits = draft.state().messages.empty() && Blocks(task.input);
  draft.Emit(std::move(task));
  if (waits) return;
  Complete(number, draft);
  AdvanceNow(run, draft);
}

absl::Status OnSendMessage(const SendMessage& trigger, Draft& draft) {
  const State& state = draft.state();
  if (absl::Status status = Check(trigger, state); !status.ok()) return status;
  const auto& known = state.message_ids;
  if (trigger.named && std::find(known.begin(), known.end(), trigger.id) != known.end()) {
    draft.Answer(Answer::kUnchanged);
    return absl::OkStatus();
  }
  if (absl::Status status = CheckRoom(trigger, state); !status.ok()) return status;
  draft.Emit(MessageReceived{.id = trigger.id,
                             .payload = trigger.payload,
                             .named = trigger.named,
                             .actor = trigger.actor,
                             .reason = trigger.reason});
  const TaskNumber task = WaitingPull(draft);
  if (task == 0) return absl::OkStatus();
  Complete(task, draft);
  OnTaskEnded(task, draft);
  return absl::OkStatus();
}

}  // namespace skald::core
