#include "tests/bench/scenario.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/bench/floor_client.h"
#include "tests/bench/scripts.h"

namespace skald::bench {
namespace {

constexpr uint32_t kWorkflowsAtPeak = 2'000;
constexpr uint32_t kFanOut = 100;
constexpr uint32_t kInlineSteps = 3;
constexpr uint32_t kInlineLightAtATime = 2;

constexpr std::string_view kLetters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr uint64_t kLettersPerWord = 10;  // six of 64 bits each

// The finalizer of SplitMix64: spreads neighbouring numbers over all 64 bits.
uint64_t Scramble(uint64_t value) {
  value += 0x9e3779b97f4a7c15;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

std::string Step(const std::string& type, const std::string& reference, const std::string& input,
                 const std::string& more = "") {
  return absl::StrCat(R"({"type": "SIMPLE", "name": ")", type, R"(", "taskReferenceName": ")",
                      reference, R"(", "inputParameters": {"p": ")", input, "\"}", more, "}");
}

// `steps` echoes, each fed with the output of the one before.
std::vector<std::string> Chain(uint32_t steps, const std::string& more = "") {
  std::vector<std::string> chain;
  std::string input = "${workflow.input.p}";
  for (uint32_t i = 1; i <= steps; ++i) {
    const std::string reference = absl::StrCat("step", i);
    chain.push_back(Step(kEchoTask, reference, input, more));
    input = absl::StrCat("${", reference, ".output.p}");
  }
  return chain;
}

std::string Workflow(const std::string& name, const std::vector<std::string>& tasks) {
  return absl::StrCat(
      R"({"name": ")", name,
      R"(", "version": 1, "schemaVersion": 2, "outputParameters": {"done": true}, )",
      R"("tasks": [)", absl::StrJoin(tasks, ", "), "]}");
}

std::string UndoDefinition(const std::string& name) {
  std::vector<std::string> tasks =
      Chain(2, absl::StrCat(R"(, "compensateWith": ")", kUndoTask, "\""));
  tasks.push_back(Step(kFailTask, "step3", "${step2.output.p}",
                       R"(, "retryCount": 0, "saga": {"kind": "READ_ONLY"})"));
  return Workflow(name, tasks);
}

std::string FanOutDefinition(const std::string& name) {
  std::vector<std::string> branches;
  std::vector<std::string> references;
  for (uint32_t i = 0; i < kFanOut; ++i) {
    const std::string reference = absl::StrCat("branch", i);
    branches.push_back(absl::StrCat("[", Step(kEchoTask, reference, "${workflow.input.p}"), "]"));
    references.push_back(absl::StrCat("\"", reference, "\""));
  }
  return Workflow(
      name, {absl::StrCat(R"({"type": "FORK_JOIN", "name": "fork", "taskReferenceName": "fork", )",
                          R"("forkTasks": [)", absl::StrJoin(branches, ", "), "]}"),
             absl::StrCat(R"({"type": "JOIN", "name": "join", "taskReferenceName": "join", )",
                          R"("joinOn": [)", absl::StrJoin(references, ", "), "]}")});
}

Scenario Peak(std::string name, std::string definition) {
  return {.name = std::move(name),
          .definition = std::move(definition),
          .workflows_at_a_time = kWorkflowsAtPeak};
}

std::vector<Scenario> MakeScenarios() {
  std::vector<Scenario> all;
  all.push_back(Peak("light_load", Workflow("light_load", Chain(3))));
  all.back().workflows_at_a_time = 1;
  all.back().step_latency = true;
  all.push_back(Peak("one_step", Workflow("one_step", Chain(1))));
  all.push_back(Peak("chain3", Workflow("chain3", Chain(3))));
  all.push_back(Peak("chain10", Workflow("chain10", Chain(10))));
  all.push_back(Peak("undo3", UndoDefinition("undo3")));
  all.back().undone_steps = 2;
  all.push_back(Peak("fanout100", FanOutDefinition("fanout100")));
  all.back().workflows_at_a_time = kWorkflowsAtPeak / kFanOut;
  return all;
}

// `steps` INLINE steps, one after the other, of workflows `at_a_time`.
Scenario Inline(const std::string& name, uint32_t steps, uint32_t at_a_time,
                const std::string& script) {
  std::vector<std::string> tasks;
  for (uint32_t i = 1; i <= steps; ++i) {
    tasks.push_back(
        absl::StrCat(R"({"type": "INLINE", "name": "script", "taskReferenceName": "step)", i,
                     R"(", "inputParameters": {"evaluatorType": "javascript", "expression": ")",
                     script, R"(", "p": "${workflow.input.p}", )", kSmallScriptInput, "}}"));
  }
  return {.name = name,
          .definition = Workflow(name, tasks),
          .workflows_at_a_time = at_a_time,
          .engine_steps = steps};
}

std::vector<Scenario> MakeInlineScenarios() {
  std::vector<Scenario> all;
  all.push_back(Inline(kInline, kInlineSteps, kWorkflowsAtPeak, kSmallScript));
  all.push_back(Inline(kInlineLight, 1, kInlineLightAtATime, kSmallScript));
  all.push_back(Inline(kInlineLoop, 1, 1, kLoopScript));
  all.back().fails = true;
  all.push_back(Inline(kInlineBomb, 1, 1, kBombScript));
  all.back().fails = true;
  return all;
}

}  // namespace

const std::vector<Scenario>& Scenarios() {
  static const auto& all = *new std::vector<Scenario>(MakeScenarios());
  return all;
}

const std::vector<Scenario>& InlineScenarios() {
  static const auto& all = *new std::vector<Scenario>(MakeInlineScenarios());
  return all;
}

absl::StatusOr<Scenario> FindScenario(std::string_view name) {
  std::vector<std::string> names;
  for (const auto* scenarios : {&Scenarios(), &InlineScenarios()}) {
    for (const Scenario& scenario : *scenarios) {
      if (scenario.name == name) {
        return scenario;
      }
      names.push_back(scenario.name);
    }
  }
  return absl::NotFoundError(absl::StrCat("no scenario '", std::string(name), "'; there are ",
                                          absl::StrJoin(names, ", ")));
}

std::string ParkedDefinition(const std::string& name, bool until_signal) {
  return Workflow(name,
                  {absl::StrCat(R"({"type": "WAIT", "name": "wait", "taskReferenceName": "wait", )",
                                R"("inputParameters": )",
                                until_signal ? "{}" : R"({"duration": "1 hours"})", "}")});
}

std::vector<std::string> TaskDefinitions() {
  std::vector<std::string> definitions;
  for (const char* name : {kEchoTask, kUndoTask, kFailTask}) {
    definitions.push_back(absl::StrCat(
        R"({"name": ")", name,
        R"(", "retryCount": 3, "retryDelaySeconds": 1, "responseTimeoutSeconds": 60})"));
  }
  return definitions;
}

std::string WorkflowInput(uint64_t number) {
  std::string input = R"({"p":")";
  const std::string tail = R"("})";
  uint64_t bits = 0;
  for (uint64_t i = 0; input.size() < kPayloadBytes - tail.size(); ++i) {
    bits = i % kLettersPerWord == 0 ? Scramble(number * kPayloadBytes + i) : bits / kLetters.size();
    input.push_back(kLetters[bits % kLetters.size()]);
  }
  return input + tail;
}

}  // namespace skald::bench
