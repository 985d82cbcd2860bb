// Random definitions under random triggers, in any order and at any time. Every step is checked as
// in a scenario (scenario_world.h); afterwards, with everyone doing their work, the workflow has to
// end; and when it has, it may be restarted, retried or rerun, and has to end again. From
// kFirstUpgradingSeed on it also goes over to other versions of its definition, wherever that is
// not refused. A seed repeats a failure: SKALD_SEED=N.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/scenarios/definition_text.h"
#include "tests/scenarios/scenario_world.h"

namespace {

using namespace skald::core;
using skald::scenarios::ReadDefinition;
using skald::scenarios::ScenarioDefinition;
using skald::scenarios::ScenarioWorld;

constexpr int kSeeds = 100;
constexpr std::uint64_t kFirstUpgradingSeed = 61;
constexpr int kVersions = 5;
constexpr int kStepsPerWalk = 60;
constexpr int kStepsToEndMax = 2'000;
constexpr int kReopeningsMax = 3;
// The checks after each step grow with the history.
constexpr EventSeq kEventsToReopenMax = 250;

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15ULL + 1) {}
  std::uint64_t Below(std::uint64_t bound) {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return (state_ >> 11) % bound;
  }
  bool OneIn(std::uint64_t n) { return Below(n) == 0; }

 private:
  std::uint64_t state_;
};

class RandomDefinition {
 public:
  RandomDefinition(Dice& dice, bool saga) : dice_(dice), saga_(saga) {}

  std::vector<std::string> Lines() {
    chain_ = Chain(2);
    lines_.push_back("workflow " + chain_);
    // What steps made at run time are: with an undo, and without one but for the step's own.
    lines_.push_back(R"(task made {"retryCount": 1, "retryDelaySeconds": 3})");
    lines_.push_back(R"(task paired {"retryCount": 0, "compensateWith": "undo"})");
    if (dice_.OneIn(4)) {
      lines_.push_back(R"(settings {"timeoutSeconds": 100, "timeoutPolicy": "TIME_OUT_WF"})");
    }
    return lines_;
  }

  // The same with steps that are new, gone or elsewhere.
  std::vector<std::string> NextVersion() {
    std::string chain = chain_;
    for (std::uint64_t i = 1 + dice_.Below(3); i > 0; --i) Change(chain);
    std::vector<std::string> lines = lines_;
    std::replace(lines.begin(), lines.end(), "workflow " + chain_, "workflow " + chain);
    return lines;
  }

 private:
  // One step of the chain, of those that stand for themselves: where it begins and ends.
  std::pair<std::size_t, std::size_t> AnyStep(const std::string& chain) {
    std::size_t begin = chain.find('s', dice_.Below(chain.size()));
    if (begin == std::string::npos) begin = chain.find('s');
    if (begin == std::string::npos) return {0, 0};
    return {begin, std::min(chain.find_first_of(" ]", begin), chain.size())};
  }

  void Change(std::string& chain) {
    const auto [begin, end] = AnyStep(chain);
    const std::string step = chain.substr(begin, end - begin);
    const std::string fresh = "s" + std::to_string(++steps_);
    lines_.push_back("step " + fresh + " " + Simple(fresh));
    switch (dice_.Below(5)) {
      case 0:
        chain += " -> " + fresh;
        break;
      case 1:
        if (end > 0) chain.replace(begin, end - begin, fresh);
        break;
      case 2:
        if (end > 0) chain.replace(begin, end - begin, fresh + " -> " + step);
        break;
      default:
        if (end > 0) chain.replace(begin, end - begin, step + " -> " + fresh);
    }
  }

  std::string Chain(int depth) {
    std::string chain = Item(depth);
    for (std::uint64_t i = dice_.Below(3); i > 0; --i) chain += " -> " + Item(depth);
    return chain;
  }

  std::string Item(int depth) {
    if (depth > 0 && dice_.OneIn(3)) {
      std::string branches = Chain(depth - 1);
      for (std::uint64_t i = dice_.Below(3); i > 0; --i) branches += " | " + Chain(depth - 1);
      return "[" + branches + "]";
    }
    if (dice_.OneIn(6)) return DynamicFork();
    const std::string name = "s" + std::to_string(++steps_);
    lines_.push_back("step " + name + " " + Fields(name));
    return name;
  }

  std::string Fields(const std::string& name) {
    switch (dice_.Below(11)) {
      case 9:
        return R"({"type": "INLINE", "inputParameters": {"expression": "1"}})";
      case 10:
        return Loop(name);
      case 0:
        return R"({"type": "WAIT", "inputParameters": {"duration": "5s"}})";
      case 1:
        return R"({"type": "WAIT"})";
      case 2:
        return R"({"type": "SET_VARIABLE", "inputParameters": {")" + name + R"(": 1}})";
      case 3:
        return Switch(name);
      case 4:
        return R"({"type": "DYNAMIC", "dynamicTaskNameParam": "w", "inputParameters": {"w": ")" +
               Made() + R"("}})";
      default:
        return Simple(name);
    }
  }

  // In a saga every step has to say how it is undone.
  std::string Made() { return saga_ || dice_.OneIn(3) ? "paired" : "made"; }

  std::string DynamicFork() {
    const std::string number = std::to_string(++steps_);
    std::string elements;
    for (std::uint64_t i = dice_.Below(4); i > 0; --i) {
      elements += elements.empty() ? R"({"x": 1})" : R"(, {"x": 1})";
    }
    lines_.push_back("step f" + number + R"( {"type": "FORK_JOIN_DYNAMIC", "inputParameters": )" +
                     R"({"forkTaskName": ")" + Made() + R"(", "forkTaskInputs": [)" + elements +
                     R"(]}})");
    lines_.push_back("step j" + number + R"( {"type": "JOIN"})");
    return "f" + number + " -> j" + number;
  }

  std::string Loop(const std::string& name) {
    const std::string step = R"({"name": ")" + name + R"(l", "taskReferenceName": ")" + name +
                             (saga_ ? R"(l", "compensateWith": "undo"})" : R"(l"})");
    const std::string wait =
        R"({"name": ")" + name + R"(w", "taskReferenceName": ")" + name + R"(w", "type": "NOOP"})";
    std::string fields = R"({"type": "DO_WHILE", "loopOver": [)" + step + ", " + wait + "]";
    fields += dice_.OneIn(2) ? R"(, "items": [1, 2, 3])" : R"(, "loopCondition": "$.x")";
    if (dice_.OneIn(2)) fields += R"(, "inputParameters": {"keepLastN": 1})";
    if (saga_ && dice_.OneIn(3)) fields += R"(, "saga": {"compensation": {"name": "undo_all"}})";
    return fields + "}";
  }

  std::string Switch(const std::string& name) {
    return R"({"type": "SWITCH", "evaluatorType": "value-param", "expression": "k", )" +
           std::string(R"("inputParameters": {"k": ")") + std::string(dice_.OneIn(2) ? "x" : "y") +
           R"("}, "decisionCases": {"x": [{"name": ")" + name + R"(x", "taskReferenceName": ")" +
           name + R"(x")" + (saga_ ? R"(, "compensateWith": "undo"}]}})" : "}]}}");
  }

  std::string Simple(const std::string& name) {
    std::string fields = R"({"taskDefinition": {"name": ")" + name + R"(", "retryCount": )" +
                         std::to_string(dice_.Below(3)) + R"(, "retryDelaySeconds": )" +
                         std::to_string(dice_.Below(3) * 3) + R"(, "timeoutPolicy": ")" +
                         (dice_.OneIn(4) ? "TIME_OUT_WF" : "RETRY") + "\"";
    if (dice_.OneIn(3)) fields += R"(, "timeoutSeconds": 20, "responseTimeoutSeconds": 10)";
    if (dice_.OneIn(3)) fields += R"(, "pollTimeoutSeconds": 8)";
    if (dice_.OneIn(4)) fields += R"(, "totalTimeoutSeconds": 40)";
    fields += "}";
    if (dice_.OneIn(4)) fields += R"(, "optional": true)";
    if (dice_.OneIn(6)) fields += R"(, "permissive": true)";
    if (dice_.OneIn(5)) fields += R"(, "startDelay": 2)";
    if (saga_) {
      fields +=
          dice_.OneIn(3) ? R"(, "saga": {"kind": "READ_ONLY"})" : R"(, "compensateWith": "undo")";
    }
    return fields + "}";
  }

  Dice& dice_;
  const bool saga_;
  int steps_ = 0;
  std::string chain_;
  std::vector<std::string> lines_;
};

class Walk {
 public:
  Walk(Dice& dice, ScenarioDefinition definition) : dice_(dice), world_(std::move(definition)) {}

  ScenarioWorld& world() { return world_; }
  // It may go over to versions 1 to so many.
  void set_versions(int versions) { versions_ = versions; }
  int upgrades() const { return upgrades_; }

  void Start() {
    StartWorkflow start;
    start.id = world_.state().id;
    world_.Send(start);
  }

  void Wander() {
    world_.set_now(world_.now() + static_cast<DurationUs>(dice_.Below(3'000'000)));
    if (versions_ > 1 && dice_.OneIn(4)) return Upgrade();
    switch (dice_.Below(12)) {
      case 0:
        world_.Send(PauseWorkflow{.actor = "a", .reason = "r"});
        break;
      case 1:
        world_.Send(ResumeWorkflow{.actor = "a", .reason = "r"});
        break;
      case 2:
        world_.Send(SignalWorkflow{.actor = "a", .status = AnySignal()});
        break;
      case 3:
        if (dice_.OneIn(20)) world_.Send(TerminateWorkflow{.actor = "a"});
        world_.Resolve();
        break;
      case 4:
      case 5:
        world_.Send(FireTimers{});
        break;
      case 6:
        world_.Send(LoseTask{.task = AnyTask(), .fence = FenceOf(AnyTask())});
        break;
      case 7:
        Take(AnyTask());
        break;
      case 8:
        if (dice_.OneIn(3)) return Update(AnyTask());
        Take(AnyTask());
        break;
      default:
        Report(AnyTask(), AnyStatus());
    }
  }

  // Everyone does their work and the clock runs: what can end, ends.
  void GoOn() {
    const State& state = world_.state();
    if (state.paused_by_person) world_.Send(ResumeWorkflow{.actor = "a", .reason = "r"});
    for (TaskNumber task = 1; task <= state.tasks.size(); ++task) {
      Take(task);
      if (state.has_task(task) && state.task(task).fence != 0) Report(task, TaskStatus::kCompleted);
    }
    world_.Send(SignalWorkflow{});
    world_.Resolve();
    if (!IsTerminal(state.status) && state.NextDueAt() > world_.now()) {
      world_.set_now(state.NextDueAt());
    }
    world_.Send(FireTimers{});
  }

  // False: it does not go on, rightly or because what was asked for does not fit.
  bool Reopen() {
    const State& state = world_.state();
    if (state.seq > kEventsToReopenMax) return false;
    switch (dice_.Below(5)) {
      case 0:
        world_.Send(RestartWorkflow{.actor = "a",
                                    .reason = "r",
                                    .force = dice_.OneIn(2),
                                    .definition = versions_ > 1 ? AnyVersion() : nullptr});
        break;
      case 1:
        world_.Send(RetryWorkflow{.actor = "a", .reason = "r"});
        break;
      default:
        world_.Send(RerunWorkflow{.actor = "a", .task = AnyTask()});
    }
    return !IsTerminal(state.status);
  }

  bool Ended() const {
    return IsTerminal(world_.state().status) || world_.state().saga_status == SagaStatus::kParked;
  }

 private:
  std::shared_ptr<const Definition> AnyVersion() {
    return world_.FindVersion(static_cast<std::int32_t>(1 + dice_.Below(versions_)));
  }
  void Upgrade() {
    const std::int32_t before = world_.state().start.version;
    world_.Send(UpgradeWorkflow{.definition = AnyVersion(), .actor = "a"});
    if (world_.state().start.version != before) ++upgrades_;
  }

  TaskNumber AnyTask() {
    return static_cast<TaskNumber>(1 + dice_.Below(world_.state().tasks.size() + 1));
  }
  std::uint64_t FenceOf(TaskNumber task) const {
    return world_.state().has_task(task) ? world_.state().task(task).fence : 1;
  }
  TaskStatus AnyStatus() {
    static constexpr TaskStatus kStatuses[] = {
        TaskStatus::kCompleted, TaskStatus::kCompleted,
        TaskStatus::kCompleted, TaskStatus::kFailed,
        TaskStatus::kFailed,    TaskStatus::kInProgress,
        TaskStatus::kCanceled,  TaskStatus::kFailedWithTerminalError};
    return kStatuses[dice_.Below(std::size(kStatuses))];
  }

  // Mostly the end that was waited for.
  TaskStatus AnySignal() { return dice_.OneIn(4) ? AnyStatus() : TaskStatus::kCompleted; }

  void Update(TaskNumber task) {
    UpdateTask update{.task = task, .status = AnyStatus(), .actor = "a"};
    if (dice_.OneIn(2)) update.output = Payload(R"({"so":"far"})");
    if (update.status == TaskStatus::kInProgress && dice_.OneIn(2)) {
      update.callback_after_us = kSecondUs;
    }
    world_.Send(update);
  }
  void Take(TaskNumber task) {
    world_.Send(
        StartTask{.task = task, .worker = "w", .incarnation = "w-1", .barrier = dice_.OneIn(2)});
  }
  void Report(TaskNumber task, TaskStatus status) {
    ReportResult result{.task = task, .fence = FenceOf(task), .status = status};
    if (dice_.OneIn(5) && result.fence > 2) result.fence -= 2;
    const State& state = world_.state();
    const bool condition =
        state.has_task(task) && state.task(task).operation == Operation::kEvaluate;
    if (condition && dice_.OneIn(3)) result.output = Payload(R"({"result":true})");
    world_.Send(result);
  }

  Dice& dice_;
  ScenarioWorld world_;
  std::uint64_t versions_ = 1;
  int upgrades_ = 0;
};

// What is no definition any more (a JOIN without its fork's steps, …) is left out.
void RegisterVersions(RandomDefinition& definitions, Walk& walk) {
  int version = 1;
  for (int i = 1; i < kVersions; ++i) {
    absl::StatusOr<ScenarioDefinition> next = ReadDefinition(definitions.NextVersion(), "");
    if (!next.ok()) continue;
    next->definition.version = ++version;
    next->definition.id = version;
    walk.world().Register(*std::move(next));
  }
  walk.set_versions(version);
}

bool RunSeed(std::uint64_t seed, int& upgrades) {
  Dice dice(seed);
  RandomDefinition definitions(dice, dice.OneIn(2));
  const std::vector<std::string> lines = definitions.Lines();
  absl::StatusOr<ScenarioDefinition> definition = ReadDefinition(lines, "");
  if (!definition.ok()) {
    std::cout << "seed " << seed << ": " << definition.status() << "\n";
    return false;
  }
  Walk walk(dice, std::move(*definition));
  if (seed >= kFirstUpgradingSeed) RegisterVersions(definitions, walk);
  walk.Start();
  for (int reopened = 0; reopened <= kReopeningsMax; ++reopened) {
    if (reopened > 0 && !walk.Reopen()) continue;
    for (int i = 0; i < kStepsPerWalk && !walk.Ended(); ++i) walk.Wander();
    for (int i = 0; i < kStepsToEndMax && !walk.Ended(); ++i) walk.GoOn();
    if (!walk.Ended()) break;
  }
  upgrades += walk.upgrades();
  std::string complaint = walk.world().complaint();
  if (!walk.Ended()) complaint += "the workflow does not end\n";
  if (complaint.empty()) return true;
  std::cout << "seed " << seed << "\n";
  for (const std::string& line : lines) std::cout << "  " << line << "\n";
  std::cout << complaint.substr(0, 2'000) << "\n";
  return false;
}

}  // namespace

int main() {
  int upgrades = 0;
  if (const char* seed = std::getenv("SKALD_SEED"); seed != nullptr) {
    return RunSeed(std::strtoull(seed, nullptr, 10), upgrades) ? 0 : 1;
  }
  int failed = 0;
  for (int seed = 1; seed <= kSeeds && failed < 5; ++seed) {
    failed += RunSeed(seed, upgrades) ? 0 : 1;
  }
  std::cout << kSeeds << " seeds, " << upgrades << " upgrades, " << failed << " failed\n";
  return failed == 0 && upgrades > 0 ? 0 : 1;
}
