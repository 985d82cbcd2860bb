// Draft: a decision in the making. Emitting an event applies it at once, so that the rest of the
// same decision sees it; chains of server-side steps thus cost one decision.
//
// Single-threaded, lives for one call of Decide. Internal to core.
#pragma once

#include <deque>
#include <functional>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/apply.h"
#include "engine/core/decide.h"

namespace skald::core {

class Draft {
 public:
  // All three outlive the draft.
  Draft(const Definition& definition, State& state, TimeUs now)
      : definition_(&definition), state_(state), now_(now) {}

  // Another one once an event has said so.
  const Definition& definition() const { return *definition_; }
  const State& state() const { return state_; }
  // Of the definition, or made at run time. Valid until the next Emit.
  const Step& StepAt(StepIndex step) const { return StepOf(*definition_, state_, step); }
  TimeUs now() const { return now_; }

  const std::vector<Event>& events() const { return decision_.events; }

  // Returns the event's seq.
  EventSeq Emit(EventBody body) {
    decision_.events.push_back(Event{state_.seq + 1, now_, std::move(body)});
    const Event& event = decision_.events.back();
    Apply(*definition_, event, state_);
    // The event keeps it.
    if (const auto next = NextDefinition(event.body); next != nullptr) definition_ = next.get();
    return state_.seq;
  }
  std::size_t event_count() const { return decision_.events.size(); }
  void Ask(Command command) { decision_.commands.push_back(std::move(command)); }
  void Answer(core::Answer answer) { decision_.answer = answer; }

  // The task whose output the workflow's output follows when it ends now (conductor.md 3.3); 0 =
  // the newest.
  TaskNumber last_task() const { return last_task_; }
  void set_last_task(TaskNumber task) { last_task_ = task; }

  // Somebody ends the workflow in this decision: no failure workflow follows.
  bool ends_on_purpose() const { return ends_on_purpose_; }
  void set_ends_on_purpose(bool value) { ends_on_purpose_ = value; }
  // Who does; empty: nobody.
  const std::string& ended_by() const { return ended_by_; }
  void set_ended_by(std::string actor) { ended_by_ = std::move(actor); }

  // What the next task of the step gets as its input, instead of what would be evaluated.
  void GiveInput(StepIndex step, Payload input) { given_[step] = std::move(input); }
  // Removed; nullopt when nothing was given.
  std::optional<Payload> TakeGivenInput(StepIndex step) {
    const auto given = given_.find(step);
    if (given == given_.end()) return std::nullopt;
    Payload input = std::move(given->second);
    given_.erase(given);
    return input;
  }

  // Steps still to be scheduled by this decision, in order; carried out by PlanScope
  // (task_steps.h). What a construct begins with (the first steps of branches and cases, the JOIN
  // behind a fork) is scheduled in its place; what follows a run waits its turn.
  struct Planned {
    StepIndex step = kNoStep;
    std::vector<RunNumber> after;
  };
  void Plan(Planned planned) { plan_.push_back(std::move(planned)); }
  void PlanInPlace(Planned planned) { in_place_.push_back(std::move(planned)); }
  // The next one, removed; nullopt when there is none.
  std::optional<Planned> NextPlanned() {
    plan_.insert(plan_.begin(), std::make_move_iterator(in_place_.begin()),
                 std::make_move_iterator(in_place_.end()));
    in_place_.clear();
    if (plan_.empty()) return std::nullopt;
    Planned next = std::move(plan_.front());
    plan_.pop_front();
    return next;
  }
  bool has_plan() const { return !plan_.empty() || !in_place_.empty(); }
  void DropPlan() {
    plan_.clear();
    in_place_.clear();
  }
  // While a plan is carried out the workflow stays RUNNING, so that nothing of the plan is lost:
  // faults and parks wait until it is done (Afterwards).
  bool carrying_out_plan() const { return carrying_out_plan_; }
  void set_carrying_out_plan(bool value) { carrying_out_plan_ = value; }
  // REQUIRES: carrying_out_plan().
  void Afterwards(std::function<void(Draft&)> work) { afterwards_.push_back(std::move(work)); }
  std::vector<std::function<void(Draft&)>> TakeAfterwards() {
    return std::exchange(afterwards_, {});
  }

  Decision Finish() && { return std::move(decision_); }

 private:
  const Definition* definition_;
  State& state_;
  const TimeUs now_;
  Decision decision_;
  TaskNumber last_task_ = 0;
  bool ends_on_purpose_ = false;
  std::string ended_by_;
  std::map<StepIndex, Payload> given_;
  std::deque<Planned> plan_;
  std::vector<Planned> in_place_;
  bool carrying_out_plan_ = false;
  std::vector<std::function<void(Draft&)>> afterwards_;
};

}  // namespace skald::core
