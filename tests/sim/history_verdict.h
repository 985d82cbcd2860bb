// HistoryVerdict: reads one workflow's history for what the constructs promise: a message is taken
// once and in order, a skipped step has the output that it was given and nobody did it, what does
// not conform to a schema is no result, what was acknowledged happened once.
//
// Single-threaded. The definition and the probes outlive it.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/core/definition.h"
#include "engine/core/event.h"
#include "tests/sim/probes.h"

namespace skald::sim {

// A result that was used again, or may have been.
struct KeptResult {
  core::TimeUs at = 0;
  std::string task_type;
  std::string output;
};

class HistoryVerdict {
 public:
  // `definition`: the one that the workflow began with.
  HistoryVerdict(const core::Definition& definition, Probes& probes)
      : definition_(&definition), probes_(probes) {}

  // REQUIRES: events that go over to another definition have it (runtime::AttachDefinition).
  void Read(const std::vector<core::Event>& events);

  // What is wrong; empty = nothing.
  const std::vector<std::string>& complaints() const { return complaints_; }
  // How often what bears a marker (sim_person.h) is in the history.
  int CountOf(const std::string& marker) const;
  // Tasks whose result was that of another one.
  const std::set<core::TaskNumber>& reused() const { return reused_; }
  const std::vector<KeptResult>& results_used() const { return results_used_; }
  const std::vector<KeptResult>& results_given() const { return results_given_; }

 private:
  struct Scheduled {
    std::string task_type;
    core::StepType step_type = core::StepType::kSimple;
    core::Operation operation = core::Operation::kAction;
    std::string input;
    std::string reference;
    bool known = false;  // a step of the definition
    bool updated = false;
    bool ended = false;
    std::optional<std::vector<std::string>> taken;  // ids of messages
  };

  void On(const core::MessageReceived& event);
  void On(const core::MessagesTaken& event);
  void On(const core::TaskScheduled& event);
  void On(const core::TaskStarted& event);
  void On(const core::TaskSkipped& event);
  void On(const core::TaskUpdated& event);
  void On(const core::TaskProgressed& event);
  void On(const core::TaskHandedOver& event);
  void On(const core::TaskCompleted& event);
  void On(const core::TaskFailed& event);
  void On(const core::TaskTimedOut& event) { NoteOutput(event.task, core::Payload()); }
  void On(const core::TaskCanceled& event) { NoteOutput(event.task, event.output); }
  void On(const core::TaskFailureAccepted& event);
  void On(const core::StepSkipped& event);
  void On(const core::StepsRequested& event);
  void On(const core::VariablesSet& event);
  void On(const core::SignalReceived& event);
  void On(const core::WorkflowPaused& event) { Mark(event.actor); }
  void On(const core::WorkflowResumed& event) { Mark(event.actor); }
  void On(const core::WorkflowReopened& event);
  void On(const core::WorkflowUpgraded& event);
  template <typename Other>
  void On(const Other&) {}

  void LookAtMessages(core::TaskNumber number, const Scheduled& task, const std::string& output);
  void LookAtResult(const core::TaskCompleted& event, const Scheduled& task);
  void LookAtExclusiveJoin(const Scheduled& task, const std::string& output);
  void NoteOutput(core::TaskNumber task, const core::Payload& output);
  void NoteCompleted(const Scheduled& task);
  void Mark(const std::string& marker);
  void Complain(const std::string& what);

  std::string ReferenceOf(core::StepIndex step) const;
  void GoOver(const core::Definition& next);

  const core::Definition* definition_;  // at the event that is being read
  Probes& probes_;
  const core::Event* event_ = nullptr;  // being read
  std::map<core::TaskNumber, Scheduled> tasks_;
  std::deque<std::string> messages_;                      // received and not taken
  std::set<std::string> named_;                           // ids that senders chose
  std::map<std::string, std::string> skips_;              // by reference, what they give
  std::map<std::string, std::set<std::string>> outputs_;  // by reference, of all its runs
  core::TaskNumber to_skip_ = 0;                          // scheduled by the event before
  std::set<core::TaskNumber> reused_;
  std::map<std::string, int> markers_;
  std::vector<KeptResult> results_used_, results_given_;
  std::vector<std::string> complaints_;
};

}  // namespace skald::sim
