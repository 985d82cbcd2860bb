#include "engine/rehearsal/mocks.h"

#include <algorithm>
#include <utility>

#include "engine/base/status.h"
#include "engine/core/bound.h"
#include "engine/core/json_check.h"
#include "engine/core/json_scan.h"
#include "engine/rehearsal/json_reader.h"

namespace skald::rehearsal {
namespace {

constexpr char kActor[] = "rehearsal";

// How a worker may answer; LOST: it does not.
absl::Status ReadAnswer(const Place& place, MockResult& result) {
  std::string text;
  RETURN_IF_ERROR(ReadText(place, text));
  result.lost = text == "LOST";
  if (result.lost) return absl::OkStatus();
  for (const core::TaskStatus status :
       {core::TaskStatus::kCompleted, core::TaskStatus::kFailed,
        core::TaskStatus::kFailedWithTerminalError, core::TaskStatus::kInProgress,
        core::TaskStatus::kCanceled}) {
    if (core::Name(status) != text) continue;
    result.status = status;
    return absl::OkStatus();
  }
  return Mistake(place,
                 "COMPLETED, FAILED, FAILED_WITH_TERMINAL_ERROR, IN_PROGRESS, CANCELED or LOST");
}

absl::Status ReadResult(const Place& place, MockResult& result) {
  return ReadObject(
      place, {{"status", [&](const Place& at) { return ReadAnswer(at, result); }},
              {"output", [&](const Place& at) { return ReadObjectText(at, result.output); }},
              {"reason", [&](const Place& at) { return ReadText(at, result.reason); }},
              {"effect", [&](const Place& at) { return ReadName(at, result.effect); }},
              {"verdict", [&](const Place& at) { return ReadName(at, result.verdict); }},
              {"after", [&](const Place& at) { return ReadDuration(at, result.after_us); }},
              {"callbackAfter",
               [&](const Place& at) { return ReadDuration(at, result.callback_after_us); }}});
}

// A list in the order of the attempts, or one result for all of them.
absl::Status ReadResults(const Place& place, std::vector<MockResult>& results) {
  const auto add = [&](const Place& at) {
    results.emplace_back();
    return ReadResult(at, results.back());
  };
  if (core::KindOf(place.json) == core::JsonKind::kObject) return add(place);
  RETURN_IF_ERROR(ReadList(place, add));
  return results.empty() ? Mistake(place, "at least one result") : absl::OkStatus();
}

absl::Status ReadMocks(const Place& place, Mocks& mocks) {
  std::size_t count = 0;
  return ReadMap(place, [&](const std::string& key, const Place& at) -> absl::Status {
    std::vector<MockResult>& results = mocks.results[key];
    if (!results.empty()) return Mistake(at, "each key once");
    RETURN_IF_ERROR(ReadResults(at, results));
    count += results.size();
    if (count <= kMockResultsMax) return absl::OkStatus();
    return absl::ResourceExhaustedError(absl::StrCat(
        "mocks: more than ", core::FixedBound("kMockResultsMax", kMockResultsMax, kLimitsHeader),
        " results"));
  });
}

// ---- actions -----------------------------------------------------------------------------------

// The members that actions have, over all kinds.
struct ActionText {
  std::string kind = "signal";
  std::string reference, reason, id;
  core::Payload payload;
  core::TaskStatus status = core::TaskStatus::kCompleted;
  core::Effect effect = core::Effect::kUnset;
  bool force = false;
};

std::optional<core::Trigger> SagaTrigger(const ActionText& text) {
  core::OperateSaga operate{.reference = text.reference,
                            .effect = text.effect,
                            .output = text.payload,
                            .actor = kActor,
                            .reason = text.reason.empty() ? "mocked" : text.reason};
  constexpr std::pair<std::string_view, core::Verb> kVerbs[] = {{"retry", core::Verb::kRetry},
                                                                {"resolve", core::Verb::kResolve},
                                                                {"settle", core::Verb::kSettle},
                                                                {"skip", core::Verb::kSkip},
                                                                {"abandon", core::Verb::kAbandon}};
  for (const auto& [name, verb] : kVerbs) {
    if (text.kind != name) continue;
    operate.verb = verb;
    return operate;
  }
  return std::nullopt;
}

std::optional<core::Trigger> TriggerOf(const ActionText& text) {
  if (text.kind == "signal") {
    return core::SignalWorkflow{.reference = text.reference,
                                .payload = text.payload,
                                .actor = kActor,
                                .reason = text.reason,
                                .status = text.status};
  }
  if (text.kind == "update") {
    return core::UpdateTask{.reference = text.reference,
                            .status = text.status,
                            .output = text.payload,
                            .reason = text.reason,
                            .effect = text.effect,
                            .actor = kActor};
  }
  if (text.kind == "message") {
    return core::SendMessage{.id = text.id, .named = !text.id.empty(), .payload = text.payload};
  }
  if (text.kind == "pause") return core::PauseWorkflow{.actor = kActor, .reason = text.reason};
  if (text.kind == "resume") return core::ResumeWorkflow{.actor = kActor, .reason = text.reason};
  if (text.kind == "terminate") {
    return core::TerminateWorkflow{.actor = kActor, .reason = text.reason};
  }
  if (text.kind == "compensate") {
    return core::CompensateWorkflow{.actor = kActor, .reason = text.reason, .force = text.force};
  }
  return SagaTrigger(text);
}

absl::Status ReadAction(const Place& place, PlannedAction& action) {
  ActionText text;
  RETURN_IF_ERROR(ReadObject(
      place, {{"at", [&](const Place& at) { return ReadDuration(at, action.at_us); }},
              {"workflow", [&](const Place& at) { return ReadText(at, action.workflow); }},
              {"do", [&](const Place& at) { return ReadText(at, text.kind); }},
              {"reference", [&](const Place& at) { return ReadText(at, text.reference); }},
              {"reason", [&](const Place& at) { return ReadText(at, text.reason); }},
              {"id", [&](const Place& at) { return ReadText(at, text.id); }},
              {"payload", [&](const Place& at) { return ReadObjectText(at, text.payload); }},
              {"status", [&](const Place& at) { return ReadName(at, text.status); }},
              {"effect", [&](const Place& at) { return ReadName(at, text.effect); }},
              {"force", [&](const Place& at) { return ReadFlag(at, text.force); }}}));
  std::optional<core::Trigger> trigger = TriggerOf(text);
  if (!trigger.has_value()) {
    return absl::InvalidArgumentError(
        absl::StrCat(place.path,
                     ".do: signal, update, message, pause, resume, terminate, compensate, retry, "
                     "resolve, settle, skip or abandon expected, not ",
                     text.kind));
  }
  action.trigger = *std::move(trigger);
  return absl::OkStatus();
}

absl::Status ReadActions(const Place& place, std::vector<PlannedAction>& actions) {
  RETURN_IF_ERROR(ReadList(place, [&](const Place& at) -> absl::Status {
    if (actions.size() == kPlannedActionsMax) {
      return absl::ResourceExhaustedError(
          "actions: more than " +
          core::FixedBound("kPlannedActionsMax", kPlannedActionsMax, kLimitsHeader));
    }
    actions.emplace_back();
    RETURN_IF_ERROR(ReadAction(at, actions.back()));
    // A message without an id gets one of its own, the same in every run.
    auto* message = std::get_if<core::SendMessage>(&actions.back().trigger);
    if (message != nullptr && !message->named) {
      message->id = absl::StrCat("message-", actions.size());
    }
    return absl::OkStatus();
  }));
  std::stable_sort(
      actions.begin(), actions.end(),
      [](const PlannedAction& a, const PlannedAction& b) { return a.at_us < b.at_us; });
  return absl::OkStatus();
}

// ---- the rest ----------------------------------------------------------------------------------

absl::Status ReadSteps(const Place& place, std::map<std::string, core::TaskStatus>& steps) {
  return ReadMap(place, [&](const std::string& reference, const Place& at) {
    return ReadName(at, steps[reference]);
  });
}

absl::Status ReadExpected(const Place& place, ExpectedEnd& expected) {
  return ReadObject(
      place,
      {{"status", [&](const Place& at) { return ReadName(at, expected.status.emplace()); }},
       {"sagaStatus",
        [&](const Place& at) { return ReadName(at, expected.saga_status.emplace()); }},
       {"reason", [&](const Place& at) { return ReadText(at, expected.reason.emplace()); }},
       {"output", [&](const Place& at) { return ReadObjectText(at, expected.output); }},
       {"outputExact", [&](const Place& at) { return ReadFlag(at, expected.output_exact); }},
       {"executed", [&](const Place& at) { return ReadTexts(at, expected.executed.emplace()); }},
       {"undone", [&](const Place& at) { return ReadTexts(at, expected.undone.emplace()); }},
       {"steps", [&](const Place& at) { return ReadSteps(at, expected.steps); }}});
}

absl::Status ReadLimits(const Place& place, Mocks& mocks) {
  return ReadObject(place, {{"virtualTime",
                             [&](const Place& at) -> absl::Status {
                               RETURN_IF_ERROR(ReadDuration(at, mocks.virtual_time_us_max));
                               mocks.virtual_time_us_max =
                                   std::min(mocks.virtual_time_us_max, kVirtualTimeUsMax);
                               return absl::OkStatus();
                             }},
                            {"events", [&](const Place& at) -> absl::Status {
                               std::int64_t events = 0;
                               RETURN_IF_ERROR(ReadInteger(
                                   at, 1, static_cast<std::int64_t>(kRehearsalEventsMax), events));
                               mocks.events_max = static_cast<std::size_t>(events);
                               return absl::OkStatus();
                             }}});
}

absl::Status ReadDefinitions(const Place& place, std::vector<std::string>& definitions) {
  return ReadList(place, [&](const Place& at) -> absl::Status {
    core::Payload definition;
    RETURN_IF_ERROR(ReadObjectText(at, definition));
    definitions.emplace_back(definition.text());
    return absl::OkStatus();
  });
}

absl::Status ReadPriority(const Place& place, std::int32_t& priority) {
  constexpr std::int64_t kPriorityMax = 99;
  std::int64_t number = 0;
  RETURN_IF_ERROR(ReadInteger(place, 0, kPriorityMax, number));
  priority = static_cast<std::int32_t>(number);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Mocks> ParseMocks(std::string_view json) {
  Mocks mocks;
  if (json.empty()) return mocks;
  if (json.size() > kMocksBytesMax) {
    return absl::ResourceExhaustedError(
        absl::StrCat("mocks of ", json.size(), " bytes, more than ",
                     core::FixedBound("kMocksBytesMax", kMocksBytesMax, kLimitsHeader)));
  }
  if (const core::JsonFault fault = core::CheckJsonObject(json); !fault.ok()) {
    return absl::InvalidArgumentError("mocks: " + core::DescribeFault(json, fault));
  }
  std::string description;
  RETURN_IF_ERROR(ReadObject(
      {"", core::TrimJson(json)},
      {{"description", [&](const Place& at) { return ReadText(at, description); }},
       {"input", [&](const Place& at) { return ReadObjectText(at, mocks.input); }},
       {"correlationId", [&](const Place& at) { return ReadText(at, mocks.correlation_id); }},
       {"priority", [&](const Place& at) { return ReadPriority(at, mocks.priority); }},
       {"barrier", [&](const Place& at) { return ReadFlag(at, mocks.barrier); }},
       {"mocks", [&](const Place& at) { return ReadMocks(at, mocks); }},
       {"actions", [&](const Place& at) { return ReadActions(at, mocks.actions); }},
       {"expect", [&](const Place& at) { return ReadExpected(at, mocks.expected); }},
       {"definitions", [&](const Place& at) { return ReadDefinitions(at, mocks.definitions); }},
       {"limits", [&](const Place& at) { return ReadLimits(at, mocks); }}}));
  return mocks;
}

}  // namespace skald::rehearsal
