// Scenario: the load of one measurement of the engine: a definition and how many workflows of it
// run at a time. Immutable values, known to the bench, its driver and its workers by name.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace skald::bench {

// Task types of the bench's workers.
inline constexpr char kEchoTask[] = "bench_echo";  // output = input
inline constexpr char kUndoTask[] = "bench_undo";  // undoes an echo, that is: nothing
inline constexpr char kFailTask[] = "bench_fail";  // fails for good, without effect

struct Scenario {
  std::string name;
  std::string definition;  // workflow definition, JSON; its name is that of the scenario
  uint32_t workflows_at_a_time = 0;
  uint32_t undone_steps = 0;  // of each workflow; then it ends failed and compensated
  bool step_latency = false;  // p50 and p99 are of steps, seen by the worker, not of workflows
  uint32_t engine_steps = 0;  // of each workflow: what no worker does, but the engine's own runners
  bool fails = false;         // each workflow ends failed, with nothing to undo
};

// In the order in which they are measured.
const std::vector<Scenario>& Scenarios();

// The loads of the inline scenario, one at a time or beside each other: INLINE steps at the peak,
// few of them, and scripts that loop or eat memory, one after the other.
inline constexpr char kInline[] = "inline";
inline constexpr char kInlineLight[] = "inline_light";
inline constexpr char kInlineLoop[] = "inline_loop";
inline constexpr char kInlineBomb[] = "inline_bomb";
const std::vector<Scenario>& InlineScenarios();

// Of both; NOT_FOUND, naming those there are.
absl::StatusOr<Scenario> FindScenario(std::string_view name);

// A definition of one step that waits: for a signal, or for an hour.
std::string ParkedDefinition(const std::string& name, bool until_signal);

// Task definitions of the task types above, JSON.
std::vector<std::string> TaskDefinitions();

// Input of workflow number `number`: a JSON object of kPayloadBytes bytes with one key, `p`. Each
// number has text of its own that does not compress.
std::string WorkflowInput(uint64_t number);

}  // namespace skald::bench
