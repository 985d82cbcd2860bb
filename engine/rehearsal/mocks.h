// Mocks: what a rehearsal is told: the start, the results of tasks, what happens from outside, and
// the end that is expected. docs/testing-workflows.md says the form of the JSON.
//
// Values; thread-safe. Errors: INVALID_ARGUMENT with the path of the first mistake
// ("mocks.charge[1].status: …"), RESOURCE_EXHAUSTED beyond a bound of limits.h.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/core/payload.h"
#include "engine/core/trigger.h"
#include "engine/core/types.h"
#include "engine/rehearsal/limits.h"

namespace skald::rehearsal {

struct MockResult {
  core::TaskStatus status = core::TaskStatus::kCompleted;
  bool lost = false;  // the worker dies: no result comes
  core::Payload output;
  std::string reason;
  core::Effect effect = core::Effect::kUnset;
  core::Verdict verdict = core::Verdict::kNone;
  core::DurationUs after_us = 0;           // from the task's start, virtual
  core::DurationUs callback_after_us = 0;  // of IN_PROGRESS
};

// Something that reaches a workflow from outside.
struct PlannedAction {
  core::DurationUs at_us = 0;  // since the start
  std::string workflow;        // name of a definition; empty: the one rehearsed
  core::Trigger trigger;
};

struct ExpectedEnd {
  std::optional<core::WorkflowStatus> status;
  std::optional<core::SagaStatus> saga_status;
  std::optional<std::string> reason;
  core::Payload output;  // empty: any
  bool output_exact = false;
  std::optional<std::vector<std::string>> executed, undone;
  std::map<std::string, core::TaskStatus> steps;  // by reference, with __n inside a loop
};

struct Mocks {
  core::Payload input = core::Payload("{}");
  std::string correlation_id;
  std::int32_t priority = 0;
  bool barrier = false;  // workers declare the barrier (saga.md 3.4)
  std::map<std::string, std::vector<MockResult>> results;
  std::vector<PlannedAction> actions;  // in the order of their times
  ExpectedEnd expected;
  std::vector<std::string> definitions;  // brought along, as in ports::RehearsalRequest
  core::DurationUs virtual_time_us_max = kVirtualTimeUsMax;
  std::size_t events_max = kRehearsalEventsMax;
};

absl::StatusOr<Mocks> ParseMocks(std::string_view json);

}  // namespace skald::rehearsal
