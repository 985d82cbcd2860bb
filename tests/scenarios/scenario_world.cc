#include "tests/scenarios/scenario_world.h"

#include <span>

#include "absl/strings/str_cat.h"
#include "engine/codec/events_json.h"
#include "engine/codec/state_json.h"
#include "engine/core/checker.h"
#include "engine/core/construct.h"
#include "engine/core/replay.h"
#include "tests/scenarios/describe.h"

namespace skald::scenarios {
namespace {

std::string_view AnswerText(core::Answer answer) {
  switch (answer) {
    case core::Answer::kRecorded:
      return "";
    case core::Answer::kUnchanged:
      return "unchanged";
    case core::Answer::kSuperseded:
      return "superseded";
  }
  return "";
}

core::WorkflowId ScenarioId() { return base::UuidV7(kStartUs / 1'000, 1, 2); }

}  // namespace

ScenarioWorld::ScenarioWorld(ScenarioDefinition definition) : now_(kStartUs) {
  Register(std::move(definition));
  definition_ = versions_.front();
  state_.id = ScenarioId();
}

void ScenarioWorld::Register(ScenarioDefinition definition) {
  versions_.push_back(std::make_shared<const core::Definition>(std::move(definition.definition)));
  task_definitions_.merge(definition.task_definitions);
}

std::shared_ptr<const core::Definition> ScenarioWorld::FindVersion(std::int32_t version) const {
  for (const auto& definition : versions_) {
    if (definition->version == version) return definition;
  }
  return nullptr;
}

std::vector<std::size_t> ScenarioWorld::decisions() const {
  std::vector<std::size_t> ends;
  for (const Boundary& boundary : boundaries_) ends.push_back(boundary.events);
  return ends;
}

std::string ScenarioWorld::Send(const core::Trigger& trigger) {
  const std::string before = codec::EncodeState(state_);
  const absl::StatusOr<core::Decision> decision = core::Decide(*definition_, trigger, now_, state_);
  if (!decision.ok()) {
    if (codec::EncodeState(state_) != before) Complain("a refused trigger changed the state");
    return absl::StrCat("error ", absl::StatusCodeToString(decision.status().code()), ": ",
                        decision.status().message(), "\n");
  }
  if (decision->answer != core::Answer::kRecorded && !decision->commands.empty()) {
    Complain("commands without an effect of the trigger");
  }
  for (const core::Event& event : decision->events) {
    if (auto next = core::NextDefinition(event.body)) definition_ = std::move(next);
  }
  Note(*decision);
  if (!decision->events.empty()) {
    CheckReplay();
    CheckStored();
  } else if (codec::EncodeState(state_) != before) {
    Complain("the state changed without an event");
  }
  CheckOffers();
  CheckWaits();
  CheckInvariants();
  return Tell(*decision);
}

std::string ScenarioWorld::Tell(const core::Decision& decision) {
  std::string text(AnswerText(decision.answer));
  if (!text.empty()) text += "\n";
  for (const core::Event& event : decision.events) {
    text += Describe(*definition_, state_, event) + "\n";
  }
  for (const core::Command& command : decision.commands) {
    text += Describe(*definition_, state_, command) + "\n";
  }
  return text;
}

std::string ScenarioWorld::Resolve() {
  for (const core::Command& command : core::OpenCommands(*definition_, state_)) {
    const auto* question = std::get_if<core::ResolveSteps>(&command);
    if (question == nullptr) continue;
    core::StepsResolved answer{.request = question->request, .definitions = {}};
    for (const std::string& name : question->names) {
      const auto found = task_definitions_.find(name);
      answer.definitions[name] = found == task_definitions_.end() ? core::Payload() : found->second;
    }
    return Send(answer);
  }
  return "error: no question is open\n";
}

std::string ScenarioWorld::Reload() {
  absl::StatusOr<core::State> state = core::Replay(*versions_.front(), state_.id, events_);
  if (!state.ok()) return absl::StrCat("error ", state.status().ToString(), "\n");
  state_ = std::move(*state);
  std::string text;
  for (const core::Command& command : core::OpenCommands(*definition_, state_)) {
    text += Describe(*definition_, state_, command) + "\n";
  }
  return text;
}

void ScenarioWorld::Note(const core::Decision& decision) {
  for (const core::Event& event : decision.events) {
    if (const auto* started = std::get_if<core::TaskStarted>(&event.body)) {
      offered_.erase(started->task);
    }
    events_.push_back(event);
  }
  for (const core::Command& command : decision.commands) {
    if (const auto* offer = std::get_if<core::OfferTask>(&command)) offered_.insert(offer->task);
    if (const auto* withdraw = std::get_if<core::WithdrawTask>(&command)) {
      offered_.erase(withdraw->task);
    }
  }
  if (decision.events.empty()) return;
  boundaries_.push_back({events_.size(), codec::EncodeState(state_), definition_});
}

void ScenarioWorld::Complain(const std::string& what) {
  complaint_ += absl::StrCat("at ", TimeText(now_), ", after event ", state_.seq, ": ", what, "\n");
}

// From the beginning, passing through every earlier state; and from every earlier snapshot.
void ScenarioWorld::CheckReplay() {
  const std::span<const core::Event> events(events_);
  core::State folded;
  folded.id = state_.id;
  std::size_t at = 0;
  const core::Definition* definition = versions_.front().get();
  for (const Boundary& boundary : boundaries_) {
    const absl::Status status =
        core::Replay(*definition, events.subspan(at, boundary.events - at), folded);
    if (!status.ok()) return Complain(status.ToString());
    at = boundary.events;
    definition = boundary.definition.get();
    if (codec::EncodeState(folded) == boundary.state) continue;
    Complain(absl::StrCat("replay of ", at, " events gives ", codec::EncodeState(folded),
                          " instead of ", boundary.state));
  }
  for (const Boundary& boundary : boundaries_) {
    absl::StatusOr<core::State> resumed = codec::DecodeState(*boundary.definition, boundary.state);
    if (!resumed.ok()) return Complain(resumed.status().ToString());
    const absl::Status status =
        core::Replay(*boundary.definition, events.subspan(boundary.events), *resumed);
    if (!status.ok()) return Complain(status.ToString());
    if (codec::EncodeState(*resumed) == boundaries_.back().state) continue;
    Complain(absl::StrCat("replay from the snapshot after event ", boundary.events, " gives ",
                          codec::EncodeState(*resumed)));
  }
}

// The newest decision's events, through their stored form.
void ScenarioWorld::CheckStored() {
  const std::size_t before =
      boundaries_.size() < 2 ? 0 : boundaries_[boundaries_.size() - 2].events;
  const std::span<const core::Event> events = std::span(events_).subspan(before);
  if (events.empty()) return;
  const std::string stored = codec::EncodeEvents(events);
  const absl::StatusOr<std::vector<core::Event>> read =
      codec::DecodeEvents(events.front().seq, events.front().at, stored);
  if (!read.ok()) return Complain(read.status().ToString());
  if (codec::EncodeEvents(*read) != stored) Complain("stored events do not read back the same");
}

void ScenarioWorld::CheckOffers() {
  std::set<core::TaskNumber> follow;
  for (const core::Command& command : core::OpenCommands(*definition_, state_)) {
    if (const auto* offer = std::get_if<core::OfferTask>(&command)) follow.insert(offer->task);
  }
  if (follow == offered_) return;
  std::string text = "offers that follow from the state:";
  for (const core::TaskNumber task : follow) absl::StrAppend(&text, " ", task);
  text += "; offers made:";
  for (const core::TaskNumber task : offered_) absl::StrAppend(&text, " ", task);
  Complain(text);
}

// Every accepted workflow ends, or waits for a task, a timer, a signal or a person.
void ScenarioWorld::CheckWaits() {
  if (state_.status != core::WorkflowStatus::kRunning || !state_.started()) return;
  if (state_.live_tasks > 0 || !state_.child_tasks.empty()) return;
  if (!state_.timers.empty() || !state_.requests.empty() || state_.awaits_turn) return;
  for (const core::RunNumber run : state_.open) {
    const core::Task& task = state_.task(state_.run(run).task);
    if (core::AwaitsOutside(*definition_, state_, task)) return;
  }
  // An undo that a person carries out.
  if (state_.fault.undo_running > 0) return;
  Complain("the workflow waits for nothing");
}

void ScenarioWorld::CheckInvariants() {
  for (const core::Violation& violation : core::CheckHistory(*versions_.front(), events_)) {
    Complain(
        absl::StrCat(violation.invariant, " at event ", violation.seq, ": ", violation.message));
  }
}

}  // namespace skald::scenarios
