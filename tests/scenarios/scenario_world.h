// ScenarioWorld: one workflow under Decide, with everything checked that must hold after any step:
// replay from every prefix gives the same state, snapshots and stored events read back the same,
// the offers that follow from the state are the offers made, a refused trigger changes nothing, a
// waiting workflow waits for something, and the history keeps its invariants (core/checker.h).
//
// Single-threaded.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "engine/core/decide.h"
#include "engine/core/definition.h"
#include "engine/core/state.h"
#include "tests/scenarios/definition_text.h"

namespace skald::scenarios {

class ScenarioWorld {
 public:
  explicit ScenarioWorld(ScenarioDefinition definition);

  const core::Definition& definition() const { return *definition_; }
  // Another one of the workflow's name; its version is its id.
  void Register(ScenarioDefinition definition);
  // Null when no such version has been registered.
  std::shared_ptr<const core::Definition> FindVersion(std::int32_t version) const;
  const core::TaskDefinitions& task_definitions() const { return task_definitions_; }
  const core::State& state() const { return state_; }
  const std::vector<core::Event>& events() const { return events_; }
  // How many events there were after each decision.
  std::vector<std::size_t> decisions() const;
  core::TimeUs now() const { return now_; }
  void set_now(core::TimeUs now) { now_ = now; }

  // The core's answer: events and commands, one line each.
  std::string Send(const core::Trigger& trigger);
  // Answers the oldest open question about steps with what is registered; an error text when none
  // is open.
  std::string Resolve();
  // Forgets the state, folds the stored events and tells the open commands.
  std::string Reload();

  // What did not hold, so far; empty when all is well.
  const std::string& complaint() const { return complaint_; }

 private:
  struct Boundary {
    std::size_t events = 0;
    std::string state;  // encoded
    std::shared_ptr<const core::Definition> definition;
  };

  std::string Tell(const core::Decision& decision);
  void Note(const core::Decision& decision);
  void Complain(const std::string& what);
  void CheckReplay();
  void CheckStored();
  void CheckOffers();
  void CheckWaits();
  void CheckInvariants();

  // Shared with the events that go over to them.
  std::vector<std::shared_ptr<const core::Definition>> versions_;  // the first it began with
  std::shared_ptr<const core::Definition> definition_;             // that it has now
  core::TaskDefinitions task_definitions_;
  core::State state_;
  core::TimeUs now_ = 0;
  std::vector<core::Event> events_;
  std::vector<Boundary> boundaries_;
  std::set<core::TaskNumber> offered_;
  std::string complaint_;
};

}  // namespace skald::scenarios
