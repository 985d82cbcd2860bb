// Rehearsal: what becomes of a definition when every task gives a mocked result, found out in
// virtual time and with nothing stored. What the edges know of engine/rehearsal.
//
// Values and one interface; implementations are thread-safe. docs/testing-workflows.md says the
// form of the mocks.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/core/types.h"

namespace skald::ports {

struct RehearsalRequest {
  std::string name_space = "default";
  std::string definition;  // JSON of the workflow definition; empty: that of this name
  // A registered definition, and its version; 0 = the highest. Empty when `definition` is not.
  std::string name;
  std::int32_t version = 0;
  std::string mocks;  // JSON; empty: none, the workflow is expected to complete
  // JSON of sub-workflows and task definitions that the definition names; they go before what is
  // registered. A document with `tasks` is a workflow definition, any other a task definition.
  std::vector<std::string> definitions;
};

// One event of the history of one workflow.
struct RehearsalEntry {
  core::DurationUs at_us = 0;  // virtual time since the start
  std::string workflow;        // name of its definition
  std::string workflow_id;
  core::EventSeq seq = 0;
  std::string event;      // "TaskCompleted"
  std::string operation;  // "ACTION", "COMPENSATE", "PROBE", "EVALUATE"; empty: not about a task
  std::string reference;  // with __n inside a loop
  std::int32_t attempt = 0;
  std::string result;  // for people: status, effect, reason, output, as far as the event has them
};

struct RehearsalReport {
  bool passed = false;
  std::vector<std::string> differences;  // from what was expected
  std::vector<std::string> warnings;     // accepted, but hardly meant
  core::WorkflowStatus status = core::WorkflowStatus::kRunning;
  core::SagaStatus saga_status = core::SagaStatus::kNone;
  std::string reason;
  std::string output;                 // JSON; empty: none
  std::vector<std::string> executed;  // references of tasks that were carried out, in order
  std::vector<std::string> undone;    // references of steps that were undone, in order
  core::DurationUs virtual_us = 0;    // from the start to the last event
  std::vector<RehearsalEntry> timeline;
};

class Rehearser {
 public:
  virtual ~Rehearser() = default;
  // Blocks until the rehearsal is over. Errors:
  //   INVALID_ARGUMENT     the definition, another one, or the mocks are malformed; says where
  //   NOT_FOUND            no definition of that name and version is registered
  //   FAILED_PRECONDITION  a task has no mock and cannot be carried out for real; names it
  //   RESOURCE_EXHAUSTED   a bound of engine/rehearsal/limits.h was passed; names it
  virtual absl::StatusOr<RehearsalReport> Rehearse(const RehearsalRequest& request) = 0;
};

}  // namespace skald::ports
