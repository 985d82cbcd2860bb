// Random definitions, random faults: whatever happens, the history keeps the invariants and the
// participants' ledgers agree with the end that it claims (I20).
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "tests/unit/core/saga_world.h"

namespace skald::core {
namespace {

constexpr int kSeeds = 3'000;
constexpr int kMovesMax = 3'000;  // far beyond what a run takes; passing it is a live-lock

class Dice {
 public:
  explicit Dice(std::uint32_t seed) : engine_(seed) {}
  // 0 … bound - 1
  std::uint32_t Below(std::uint32_t bound) { return static_cast<std::uint32_t>(engine_() % bound); }
  bool Chance(std::uint32_t percent) { return Below(100) < percent; }
  template <typename Container>
  auto Pick(const Container& container) {
    auto it = container.begin();
    std::advance(it, Below(static_cast<std::uint32_t>(container.size())));
    return *it;
  }

 private:
  std::mt19937 engine_;
};

// Writes a random well-formed saga as a definition's JSON.
class Author {
 public:
  explicit Author(Dice& dice) : dice_(dice) {}

  std::string Write() {
    const bool pivot = dice_.Chance(25);
    std::string tasks = List(2 + dice_.Below(3), 0, false);
    if (pivot) tasks += "," + Simple("PIVOT") + "," + List(1 + dice_.Below(2), 0, true);
    return "{\"name\":\"random\",\"version\":1,\"timeoutSeconds\":" +
           std::string(dice_.Chance(15) ? "40" : "0") +
           ",\"timeoutPolicy\":\"TIME_OUT_WF\",\"saga\":{" + Settings() + "},\"tasks\":[" + tasks +
           "]}";
  }

 private:
  std::string Settings() {
    static const std::vector<std::string> kOrders = {"CAUSAL", "CAUSAL", "STRICT_REVERSE",
                                                     "PARALLEL"};
    static const std::vector<std::string> kSiblings = {"INTERRUPT", "INTERRUPT", "BARRIER",
                                                       "DRAIN"};
    static const std::vector<std::string> kUndeclared = {"IGNORE", "READ_ONLY", "PARK"};
    std::string text = "\"order\":\"" + dice_.Pick(kOrders) + "\",\"siblings\":\"" +
                       dice_.Pick(kSiblings) + "\",\"undeclared\":\"" + dice_.Pick(kUndeclared) +
                       "\",\"maxParallelCompensations\":" + std::to_string(1 + dice_.Below(3)) +
                       ",\"compensation\":{\"retryCount\":2,\"backoffJitterMs\":0}";
    if (dice_.Chance(20)) text += ",\"settleTimeoutSeconds\":5";
    if (dice_.Chance(10)) text += ",\"compensationTimeoutSeconds\":20";
    return text;
  }

  std::string List(std::uint32_t length, int depth, bool after_pivot) {
    std::string text;
    for (std::uint32_t i = 0; i < length; ++i) {
      if (i > 0) text += ",";
      const std::uint32_t choice = dice_.Below(10);
      if (depth < 2 && choice < 2) {
        text += Fork(depth, after_pivot);
      } else if (depth < 2 && choice == 2) {
        text += Switch(depth, after_pivot);
      } else if (dice_.Chance(5)) {
        text += Wait();
      } else if (depth > 0 && dice_.Chance(2)) {
        text += Terminate();
      } else {
        text += Simple(after_pivot ? "RETRYABLE" : Kind());
      }
    }
    return text;
  }

  std::string Wait() {
    const std::string name = "wait" + std::to_string(++count_);
    return "{\"name\":\"" + name + "\",\"taskReferenceName\":\"" + name +
           "\",\"type\":\"WAIT\",\"inputParameters\":{\"duration\":\"5 seconds\"}}";
  }

  std::string Terminate() {
    const std::string name = "stop" + std::to_string(++count_);
    return "{\"name\":\"" + name + "\",\"taskReferenceName\":\"" + name +
           "\",\"type\":\"TERMINATE\",\"inputParameters\":{\"terminationStatus\":\"" +
           (dice_.Chance(70) ? "FAILED" : "COMPLETED") + "\"}}";
  }

  std::string Kind() {
    const std::uint32_t roll = dice_.Below(10);
    if (roll < 7) return "COMPENSABLE";
    return roll < 9 ? "READ_ONLY" : "";
  }

  std::string Simple(const std::string& kind) {
    const std::string reference = "t" + std::to_string(++count_);
    std::string saga = kind.empty() ? "" : "\"kind\":\"" + kind + "\"";
    const auto add = [&saga](const std::string& text) { saga += (saga.empty() ? "" : ",") + text; };
    if (kind == "COMPENSABLE") {
      add("\"compensation\":{\"name\":\"undo_" + reference + "\"" + UndoInput(reference) +
          (dice_.Chance(10) ? ",\"onExhausted\":\"SKIP\"" : "") + "}");
      if (dice_.Chance(10)) add("\"compensateOnFailure\":true");
      static const std::vector<std::string> kInFlight = {"CANCEL_AND_SETTLE", "SETTLE",
                                                         "COMPENSATE_NOW"};
      add("\"inFlight\":\"" + dice_.Pick(kInFlight) + "\"");
    }
    const bool can_be_unknown = kind == "COMPENSABLE" || kind == "PIVOT";
    if (can_be_unknown && dice_.Chance(20)) {
      add("\"unknown\":\"PROBE\",\"probe\":{\"name\":\"probe_" + reference + "\"}");
    } else if (can_be_unknown && dice_.Chance(10)) {
      add("\"unknown\":\"PARK\"");
    }
    std::string text = "{\"name\":\"do_" + reference + "\",\"taskReferenceName\":\"" + reference +
                       "\",\"type\":\"SIMPLE\",\"inputParameters\":{" + Reads() +
                       "},\"taskDefinition\":{\"name\":\"do_" + reference +
                       "\",\"retryCount\":" + std::to_string(dice_.Below(3)) +
                       ",\"retryDelaySeconds\":1,\"timeoutPolicy\":\"RETRY\","
                       "\"responseTimeoutSeconds\":30}";
    if (kind != "PIVOT" && dice_.Chance(10)) text += ",\"optional\":true";
    if (!saga.empty()) text += ",\"saga\":{" + saga + "}";
    simple_.push_back(reference);
    path_.push_back(reference);
    return text + "}";
  }

  std::string UndoInput(const std::string& reference) {
    if (dice_.Chance(50)) return "";
    return ",\"inputParameters\":{\"given\":\"${" + reference +
           ".output.task}\",\"why\":\"${saga.reason}\",\"by\":\"because ${saga.trigger}\"}";
  }

  // Reads an earlier step now and then: a data edge, if that step ran before.
  std::string Reads() {
    if (path_.empty() || dice_.Chance(60)) return "";
    return "\"from\":\"${" + dice_.Pick(path_) + ".output.task}\"";
  }

  std::string Fork(int depth, bool after_pivot) {
    const std::string name = "fork" + std::to_string(++count_);
    std::string branches;
    std::string joined;
    const std::vector<std::string> path = path_;
    std::vector<std::string> ends;
    const std::uint32_t width = 2 + dice_.Below(2);
    for (std::uint32_t i = 0; i < width; ++i) {
      const std::string steps = List(dice_.Below(2), depth + 1, after_pivot);
      const std::string last = Simple(after_pivot ? "RETRYABLE" : Kind());
      branches +=
          std::string(i > 0 ? "," : "") + "[" + steps + (steps.empty() ? "" : ",") + last + "]";
      joined += std::string(i > 0 ? "," : "") + "\"" + simple_.back() + "\"";
      path_ = path;
      ends.push_back(simple_.back());
    }
    path_.insert(path_.end(), ends.begin(), ends.end());
    return "{\"name\":\"" + name + "\",\"taskReferenceName\":\"" + name +
           "\",\"type\":\"FORK_JOIN\",\"forkTasks\":[" + branches + "]},{\"name\":\"join_" + name +
           "\",\"taskReferenceName\":\"join_" + name + "\",\"type\":\"JOIN\",\"joinOn\":[" +
           joined + "]}";
  }

  std::string Switch(int depth, bool after_pivot) {
    const std::string name = "switch" + std::to_string(++count_);
    const std::vector<std::string> path = path_;
    const std::string on_a = List(1 + dice_.Below(2), depth + 1, after_pivot);
    path_ = path;
    const std::string otherwise = List(dice_.Below(2), depth + 1, after_pivot);
    path_ = path;
    return "{\"name\":\"" + name + "\",\"taskReferenceName\":\"" + name +
           "\",\"type\":\"SWITCH\",\"evaluatorType\":\"value-param\",\"expression\":\"pick\","
           "\"inputParameters\":{\"pick\":\"" +
           (dice_.Chance(60) ? "a" : "b") + "\"},\"decisionCases\":{\"a\":[" + on_a +
           "]},\"defaultCase\":[" + otherwise + "]}";
  }

  Dice& dice_;
  int count_ = 0;
  std::vector<std::string> simple_;  // every SIMPLE step so far
  std::vector<std::string> path_;    // those that come before the next step on its path
};

// Moves a world at random until it ends.
class Fate {
 public:
  Fate(SagaWorld& world, Dice& dice)
      : world_(world),
        dice_(dice),
        trouble_(5 + dice.Below(30)),
        aborts_(dice.Chance(25)),
        pauses_(dice.Chance(20)) {}

  // Returns false when the workflow did not end.
  bool Run() {
    for (int move = 0; move < kMovesMax; ++move) {
      if (IsTerminal(world_.state().status) && late_.empty()) return true;
      if (move > 200) trouble_ = 0;
      Move();
      if (::testing::Test::HasFatalFailure()) return false;
      if (dice_.Chance(10)) {
        EXPECT_EQ(Describe(world_.Check()), "") << "at move " << move;
        if (::testing::Test::HasFailure()) return true;
      }
    }
    return false;
  }

 private:
  void Must(const absl::StatusOr<Answer>& answer) { ASSERT_TRUE(answer.ok()) << answer.status(); }

  std::vector<TaskNumber> Running() const {
    std::vector<TaskNumber> running;
    for (const Task& task : world_.state().tasks) {
      if (task.status == TaskStatus::kInProgress && task.fence != 0) running.push_back(task.number);
    }
    return running;
  }

  void Move() {
    if (aborts_ && dice_.Chance(4)) return Abort();
    if (pauses_ && dice_.Chance(6)) return Pause();
    if (dice_.Chance(2)) world_.Reload();
    if (!late_.empty() && dice_.Chance(20)) return DeliverLate();
    const std::vector<TaskNumber> running = Running();
    const bool can_start = !world_.offered().empty();
    if (can_start && (running.empty() || dice_.Chance(50))) {
      const TaskNumber task = dice_.Pick(world_.offered());
      ASSERT_TRUE(world_.Begin(task));
      return;
    }
    if (!running.empty() && dice_.Chance(90)) return End(dice_.Pick(running));
    if (world_.state().paused_by_person) {
      Must(world_.Send(ResumeWorkflow{"someone", "go on"}));
      return;
    }
    if (world_.state().saga_status == SagaStatus::kParked) return Operate();
    if (world_.state().NextDueAt() != 0) {
      if (world_.state().NextDueAt() > world_.now()) {
        world_.Advance(world_.state().NextDueAt() - world_.now());
      }
      Must(world_.Send(FireTimers{}));
      return;
    }
    if (!late_.empty()) DeliverLate();
  }

  void End(TaskNumber number) {
    const Task& task = world_.state().task(number);
    const std::uint32_t roll = dice_.Below(100);
    if (world_.to_cancel().count(number) > 0 && dice_.Chance(50)) {
      world_.to_cancel().erase(number);
      Must(world_.Send(world_.ResultOf(number, TaskStatus::kCanceled)));
    } else if (roll < trouble_) {
      Trouble(number);
    } else if (roll < trouble_ + 3) {
      ReportResult given_back = world_.ResultOf(number, TaskStatus::kInProgress);
      given_back.callback_after_us = kSecondUs * dice_.Below(2);
      Must(world_.Send(given_back));
    } else if (task.operation == Operation::kAction && roll < trouble_ + trouble_ / 2) {
      ReportResult failed = world_.ResultOf(
          number, dice_.Chance(30) ? TaskStatus::kFailedWithTerminalError : TaskStatus::kFailed);
      failed.reason = "it \"did not\" work ${saga.reason}";
      // A barrier that holds the key's effect already would have answered with it.
      if (world_.ledger(task.run).action_done) failed = world_.WorkOn(number);
      Must(world_.Send(failed));
    } else {
      Must(world_.Send(world_.WorkOn(number)));
    }
  }

  // The lease is lost before, while or after the worker does its work; its answer may come later.
  void Trouble(TaskNumber number) {
    const std::uint32_t kind = dice_.Below(4);
    LoseTask lost;
    lost.task = number;
    lost.fence = world_.state().task(number).fence;
    if (kind == 0) {         // vanished without doing anything
    } else if (kind == 1) {  // did it, and died before answering
      world_.WorkOn(number);
    } else if (kind == 2) {  // did it; the answer is late
      late_.push_back({number, world_.WorkOn(number), true});
    } else {  // stalled; it will try to do it later
      late_.push_back({number, world_.ResultOf(number, TaskStatus::kCompleted), false});
    }
    world_.to_cancel().erase(number);
    Must(world_.Send(lost));
  }

  void DeliverLate() {
    Late late = late_.back();
    late_.pop_back();
    if (!late.done) {
      const std::uint64_t fence = late.result.fence;
      late.result = world_.WorkOn(late.task);
      late.result.fence = fence;
    }
    Must(world_.Send(late.result));
  }

  void Abort() {
    aborts_ = false;
    if (dice_.Chance(50)) {
      const auto answer = world_.Send(CompensateWorkflow{"someone", "not wanted", false});
      EXPECT_TRUE(answer.ok() || answer.status().code() == absl::StatusCode::kFailedPrecondition);
    } else {
      const auto answer = world_.Send(TerminateWorkflow{"someone", "not wanted", false});
      EXPECT_TRUE(answer.ok() || answer.status().code() == absl::StatusCode::kFailedPrecondition);
    }
  }

  void Pause() {
    if (IsTerminal(world_.state().status)) return;
    if (world_.state().paused_by_person) {
      Must(world_.Send(ResumeWorkflow{"someone", "go on"}));
    } else {
      Must(world_.Send(PauseWorkflow{"someone", "wait"}));
    }
  }

  // Tries what a person could do with each parked step, until something is accepted.
  void Operate() {
    OperateSaga operate;
    operate.actor = "someone";
    operate.reason = "looked at it";
    if (dice_.Chance(60)) {
      operate.verb = Verb::kRetry;
      if (world_.Send(operate).ok()) return;
    }
    for (const StepRun& run : world_.state().runs) {
      operate.reference = world_.definition().steps[run.step].reference;
      operate.verb = Verb::kSettle;
      operate.effect = world_.ledger(run.number).action_done ? Effect::kApplied : Effect::kNone;
      if (!world_.ledger(run.number).action_done) world_.ledger(run.number).sealed = true;
      if (world_.Send(operate).ok()) return;
      world_.ledger(run.number).sealed =
          world_.ledger(run.number).undo_done && !world_.ledger(run.number).action_done;
      operate.verb = dice_.Chance(50) ? Verb::kSkip : Verb::kResolve;
      const RunNumber number = run.number;
      if (!world_.Send(operate).ok()) continue;
      // The person who resolves it has seen to it that nothing stands and nothing will.
      if (operate.verb == Verb::kResolve && world_.state().fault.active) {
        world_.ledger(number).effects = 0;
        world_.ledger(number).sealed = true;
        world_.ledger(number).undo_done = true;
      }
      return;
    }
    operate.reference.clear();
    operate.verb = Verb::kRetry;
    if (world_.Send(operate).ok()) return;
    operate.verb = Verb::kAbandon;
    Must(world_.Send(operate));
  }

  struct Late {
    TaskNumber task;
    ReportResult result;
    bool done;
  };

  SagaWorld& world_;
  Dice& dice_;
  std::uint32_t trouble_;
  bool aborts_;
  bool pauses_;
  std::vector<Late> late_;
};

// I20: what the participants hold is what the end claims.
void CheckLedger(SagaWorld& world) {
  const SagaStatus end = world.state().saga_status;
  for (const StepRun& run : world.state().runs) {
    const Step& step = world.definition().steps[run.step];
    if (step.type != StepType::kSimple) continue;
    const int effects = world.ledger(run.number).effects;
    EXPECT_GE(effects, 0) << step.reference;
    EXPECT_LE(effects, 1) << step.reference;
    const bool undone = end == SagaStatus::kCompensated || end == SagaStatus::kFailedClean;
    if (undone && step.saga.undo.has_value()) {
      EXPECT_EQ(effects, 0) << step.reference << " stands, though " << Name(end);
    }
    if (end == SagaStatus::kCompleted && run.completed_seq != 0) {
      EXPECT_EQ(effects, 1) << step.reference;
    }
  }
}

// What an event is about, for reading a failure.
struct Subject {
  template <typename Body>
  std::string operator()(const Body& body) const {
    std::string text;
    if constexpr (requires { body.run; }) text += " run " + std::to_string(body.run);
    if constexpr (requires { body.task; }) text += " task " + std::to_string(body.task);
    if constexpr (requires { body.reference; }) text += " " + body.reference;
    if constexpr (requires { body.operation; }) text += " " + std::string(Name(body.operation));
    if constexpr (requires { body.effect; }) text += " " + std::string(Name(body.effect));
    if constexpr (requires { body.reason; }) text += " (" + body.reason + ")";
    return text;
  }
};

std::string HistoryText(const SagaWorld& world) {
  std::string text;
  for (const Event& event : world.history()) {
    text += std::to_string(event.seq) + " " + std::string(Name(event.body)) +
            std::visit(Subject{}, event.body) + "\n";
  }
  return text;
}

void RunSeed(std::uint32_t seed, std::map<SagaStatus, int>& ends) {
  Dice dice(seed);
  const std::string json = Author(dice).Write();
  SagaWorld world(MustParse(json));
  ASSERT_FALSE(::testing::Test::HasFailure()) << "seed " << seed;
  const bool barrier = dice.Chance(80);
  world.set_barrier(barrier);
  world.Start();
  Fate fate(world, dice);
  const bool ended = fate.Run();
  EXPECT_TRUE(ended) << "it never ended";
  EXPECT_EQ(Describe(world.Check()), "");
  if (ended && barrier) CheckLedger(world);
  const State replayed = world.Replay();
  EXPECT_EQ(replayed.status, world.state().status);
  EXPECT_EQ(replayed.saga_status, world.state().saga_status);
  EXPECT_EQ(replayed.timers, world.state().timers);
  EXPECT_EQ(replayed.open, world.state().open);
  ++ends[world.state().saga_status];
  if (::testing::Test::HasFailure()) {
    FAIL() << "seed " << seed << "\n" << json << "\n" << HistoryText(world);
  }
}

TEST(SagaPropertyTest, RandomSagasUnderRandomFaultsKeepTheInvariants) {
  std::map<SagaStatus, int> ends;
  for (std::uint32_t seed = 1; seed <= kSeeds; ++seed) {
    RunSeed(seed, ends);
    if (::testing::Test::HasFailure()) return;
  }
  // The generator reaches every kind of end.
  for (const SagaStatus end : {SagaStatus::kCompleted, SagaStatus::kCompensated,
                               SagaStatus::kPartiallyCompensated, SagaStatus::kFailedClean}) {
    EXPECT_GT(ends[end], kSeeds / 100) << Name(end);
  }
}

}  // namespace
}  // namespace skald::core
