// The checker against histories that were broken on purpose: each invariant is caught when it alone
// is violated, and the histories they were made from are clean.
#include "engine/core/checker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "tests/unit/core/saga_world.h"

namespace skald::core {
namespace {

using History = std::vector<Event>;

constexpr char kStep[] =
    R"({"name":"do","taskReferenceName":"$","type":"SIMPLE",
        "taskDefinition":{"name":"do","retryCount":0},"saga":{"compensation":{"name":"undo_$",
        "inputParameters":{"id":"${$.output.task}","why":"${saga.reason}"},
        "retryCount":1,"backoffJitterMs":0}}})";
constexpr char kRetryable[] =
    R"({"name":"do","taskReferenceName":"$","type":"SIMPLE","saga":{"kind":"RETRYABLE"},
        "taskDefinition":{"name":"do","retryCount":1,"retryDelaySeconds":1}})";
constexpr char kPivot[] =
    R"({"name":"do","taskReferenceName":"$","type":"SIMPLE","saga":{"kind":"PIVOT"},
        "taskDefinition":{"name":"do","retryCount":0}})";

std::string Named(std::string step, const std::string& reference) {
  // `$` stands for the reference, except in `${`, unless that is `${$`.
  std::string text;
  for (std::size_t i = 0; i < step.size(); ++i) {
    const bool expression = step[i] == '$' && i + 1 < step.size() && step[i + 1] == '{';
    if (step[i] == '$' && !expression) {
      text += reference;
    } else {
      text += step[i];
    }
  }
  return text;
}

Definition Sequence(const std::vector<std::string>& steps, const std::string& settings = "") {
  std::string tasks;
  for (const std::string& step : steps) tasks += (tasks.empty() ? "" : ",") + step;
  return MustParse(R"({"name":"w","version":1,"saga":{)" + settings + R"(},"tasks":[)" + tasks +
                   "]}");
}

Definition ThreeSteps(const std::string& settings = "") {
  return Sequence({Named(kStep, "a"), Named(kStep, "b"), Named(kStep, "c"), Named(kStep, "d")},
                  settings);
}

// a and b done, c fails, both undone.
SagaWorld Compensated(const std::string& settings = "") {
  SagaWorld world(ThreeSteps(settings));
  world.Start();
  world.Succeed("a");
  world.Succeed("b");
  world.Fail("c");
  world.Undo("b");
  world.Undo("a");
  return world;
}

// The undo of b failed twice and is parked.
SagaWorld Parked() {
  SagaWorld world(ThreeSteps());
  world.Start();
  world.Succeed("a");
  world.Succeed("b");
  world.Fail("c");
  world.Finish("b", TaskStatus::kFailed, Operation::kCompensate);
  world.Advance(10 * kSecondUs);
  EXPECT_TRUE(world.Send(FireTimers{}).ok());
  world.Finish("b", TaskStatus::kFailed, Operation::kCompensate);
  EXPECT_EQ(world.state().saga_status, SagaStatus::kParked);
  return world;
}

// Two branches, both done, undone at the same time.
SagaWorld Forked(const std::string& settings) {
  SagaWorld world(
      Sequence({R"({"name":"f","taskReferenceName":"f","type":"FORK_JOIN","forkTasks":[[)" +
                    Named(kStep, "a") + "],[" + Named(kStep, "b") + "]]}",
                R"({"name":"j","taskReferenceName":"j","type":"JOIN","joinOn":["a","b"]})",
                Named(kStep, "c")},
               settings));
  world.Start();
  world.Succeed("a");
  world.Succeed("b");
  world.Fail("c");
  return world;
}

template <typename Body>
std::size_t Position(const History& history, std::size_t skip = 0) {
  for (std::size_t i = 0; i < history.size(); ++i) {
    if (std::holds_alternative<Body>(history[i].body) && skip-- == 0) return i;
  }
  ADD_FAILURE() << "no such event";
  return 0;
}

template <typename Body>
Body& Get(History& history, std::size_t skip = 0) {
  return std::get<Body>(history[Position<Body>(history, skip)].body);
}

// The position of the undo's event on a run.
std::size_t UndoScheduled(const History& history, RunNumber run) {
  for (std::size_t i = 0; i < history.size(); ++i) {
    const auto* scheduled = std::get_if<TaskScheduled>(&history[i].body);
    const bool undo = scheduled != nullptr && scheduled->operation == Operation::kCompensate;
    if (undo && scheduled->run == run) return i;
  }
  ADD_FAILURE() << "no undo of run " << run;
  return 0;
}

void Renumber(History& history) {
  for (std::size_t i = 0; i < history.size(); ++i) history[i].seq = i + 1;
}

void Insert(History& history, std::size_t at, EventBody body) {
  history.insert(history.begin() + static_cast<std::ptrdiff_t>(at), Event{0, 0, std::move(body)});
  Renumber(history);
}

void Erase(History& history, std::size_t at, std::size_t count = 1) {
  const auto first = history.begin() + static_cast<std::ptrdiff_t>(at);
  history.erase(first, first + static_cast<std::ptrdiff_t>(count));
  Renumber(history);
}

void CutBefore(History& history, std::size_t at) { history.resize(at); }

TaskScheduled ActionOf(const SagaWorld& world, const std::string& reference,
                       const History& history) {
  TaskScheduled scheduled;
  scheduled.step = world.definition().Find(reference);
  for (const Event& event : history) {
    if (const auto* other = std::get_if<TaskScheduled>(&event.body)) {
      scheduled.task = std::max(scheduled.task, other->task + 1);
      scheduled.run = std::max(scheduled.run, other->run + 1);
    }
  }
  return scheduled;
}

// Checks the history as it is (clean), then broken: the invariant must be among what is found.
void Catches(const std::string& invariant, const SagaWorld& world,
             const std::function<void(History&)>& breaks) {
  SCOPED_TRACE(invariant);
  ASSERT_EQ(Describe(world.Check()), "");
  History history = world.history();
  breaks(history);
  std::vector<std::string> found;
  for (const Violation& violation : CheckHistory(world.definition(), history)) {
    found.push_back(violation.invariant);
  }
  EXPECT_THAT(found, ::testing::Contains(invariant));
}

TEST(CheckerTest, CleanHistoriesAndTheirPrefixesHaveNoViolation) {
  for (const SagaWorld& world : {Compensated(), Parked(), Forked("")}) {
    EXPECT_EQ(Describe(world.Check()), "");
  }
}

TEST(CheckerTest, I1OneFaultPerSaga) {
  Catches("I1", Compensated(), [](History& history) {
    const std::size_t at = Position<SagaFaulted>(history);
    Insert(history, at + 1, history[at].body);
  });
}

TEST(CheckerTest, I2NothingForwardAfterTheFault) {
  const SagaWorld world = Compensated();
  Catches("I2", world, [&](History& history) {
    CutBefore(history, Position<SagaFaulted>(history) + 1);
    Insert(history, history.size(), ActionOf(world, "d", history));
  });
}

TEST(CheckerTest, I3EveryEffectIsUndone) {
  Catches("I3", Compensated(), [](History& history) {
    Erase(history, UndoScheduled(history, 1), 3);  // scheduled, started, completed
  });
}

TEST(CheckerTest, I4NoStepIsUndoneTwice) {
  Catches("I4", Compensated(), [](History& history) {
    TaskScheduled again = std::get<TaskScheduled>(history[UndoScheduled(history, 1)].body);
    again.task += 1;
    const std::size_t end = Position<WorkflowEnded>(history);
    Insert(history, end, TaskCompleted{again.task});
    Insert(history, end, TaskStarted{again.task});
    Insert(history, end, again);
  });
}

TEST(CheckerTest, I5NoUndoOfWhatHadNoEffect) {
  Catches("I5", Compensated(), [](History& history) {
    TaskScheduled undo = std::get<TaskScheduled>(history[UndoScheduled(history, 1)].body);
    undo.task += 1;
    undo.run = 3;
    undo.step = 2;
    Insert(history, Position<WorkflowEnded>(history), undo);
  });
}

TEST(CheckerTest, I6UndoGoesAgainstTheCausalOrder) {
  Catches("I6", Compensated(), [](History& history) {
    const std::size_t b = UndoScheduled(history, 2);
    const std::size_t a = UndoScheduled(history, 1);
    ASSERT_EQ(a, b + 3);
    std::rotate(history.begin() + static_cast<std::ptrdiff_t>(b),
                history.begin() + static_cast<std::ptrdiff_t>(a),
                history.begin() + static_cast<std::ptrdiff_t>(a) + 3);
    // The tasks keep their places in the numbering.
    for (std::size_t i = b; i < b + 3; ++i) {
      std::visit(
          [](auto& body) {
            if constexpr (requires { body.task; }) body.task -= 1;
          },
          history[i].body);
      std::visit(
          [](auto& body) {
            if constexpr (requires { body.task; }) body.task += 1;
          },
          history[i + 3].body);
    }
    Renumber(history);
  });
}

TEST(CheckerTest, I7NoUndoBeforeWhatFollowedIsSettled) {
  Catches("I7", Compensated(), [](History& history) {
    const std::size_t settled = Position<StepSettled>(history);
    const EventBody body = history[settled].body;
    Insert(history, UndoScheduled(history, 2) + 3, body);
    Erase(history, settled);
  });
}

TEST(CheckerTest, I7WithBarrierNoUndoBeforeAllIsSettled) {
  SagaWorld world = Compensated(R"("siblings":"BARRIER")");
  Catches("I7", world, [](History& history) {
    const std::size_t settled = Position<StepSettled>(history);
    const EventBody body = history[settled].body;
    Insert(history, UndoScheduled(history, 1) + 1, body);
    Erase(history, settled);
  });
}

TEST(CheckerTest, I8NoFaultOnceThePivotHasPassed) {
  SagaWorld world(Sequence({Named(kStep, "a"), Named(kPivot, "p"), Named(kRetryable, "r")}));
  world.Start();
  world.Succeed("a");
  world.Succeed("p");
  Catches("I8", world, [](History& history) {
    Insert(history, history.size(), SagaFaulted{.cause = FaultCause::kUser});
  });
}

TEST(CheckerTest, I9ARetryableStepNeitherFaultsNorIsForgotten) {
  SagaWorld world(Sequence({Named(kStep, "a"), Named(kRetryable, "r")}));
  world.Start();
  world.Succeed("a");
  world.Finish("r", TaskStatus::kFailed);
  Catches("I9", world, [](History& history) { CutBefore(history, history.size() - 1); });
  Catches("I9", world, [](History& history) {
    Insert(history, history.size(), SagaFaulted{.cause = FaultCause::kTaskFailed, .task = 2});
  });
}

TEST(CheckerTest, I10AnEndIsWhatItClaims) {
  Catches("I10", Compensated(), [](History& history) {
    Get<WorkflowEnded>(history).status = WorkflowStatus::kCompleted;
    Get<WorkflowEnded>(history).saga_status = SagaStatus::kCompleted;
  });
  Catches("I10", Compensated(), [](History& history) {
    Get<WorkflowEnded>(history).saga_status = SagaStatus::kFailedClean;
  });
}

TEST(CheckerTest, I10ASkippedUndoIsListed) {
  SagaWorld world = Parked();
  OperateSaga skip{.verb = Verb::kSkip, .reference = "b", .actor = "ann", .reason = "agreed"};
  ASSERT_TRUE(world.Send(skip).ok());
  world.Undo("a");
  ASSERT_EQ(world.state().saga_status, SagaStatus::kPartiallyCompensated);
  Catches("I10", world, [](History& history) {
    Get<WorkflowEnded>(history).unresolved.clear();
    Get<WorkflowEnded>(history).saga_status = SagaStatus::kCompensated;
  });
}

TEST(CheckerTest, I11AParkedUndoParksTheSaga) {
  Catches("I11", Parked(), [](History& history) { Erase(history, Position<SagaParked>(history)); });
  Catches("I11", Parked(), [](History& history) {
    Insert(
        history, history.size(),
        WorkflowEnded{.status = WorkflowStatus::kFailed, .saga_status = SagaStatus::kCompensated});
  });
}

TEST(CheckerTest, I12AttemptsOfAnUndoHaveOneInput) {
  Catches("I12", Parked(), [](History& history) {
    bool first = true;
    for (Event& event : history) {
      auto* scheduled = std::get_if<TaskScheduled>(&event.body);
      if (scheduled == nullptr || scheduled->operation != Operation::kCompensate) continue;
      if (!first) scheduled->input = Payload(R"({"id":0})");
      first = false;
    }
  });
}

TEST(CheckerTest, I13AttemptsOfAStepHaveOneKey) {
  Catches("I13", Parked(), [](History& history) {
    for (Event& event : history) {
      auto* scheduled = std::get_if<TaskScheduled>(&event.body);
      if (scheduled != nullptr && scheduled->attempt == 2) scheduled->generation = 2;
    }
  });
  const SagaWorld world = Compensated();
  Catches("I13", world, [&](History& history) {
    CutBefore(history, Position<SagaFaulted>(history));
    Insert(history, history.size(), ActionOf(world, "a", history));
  });
}

TEST(CheckerTest, I14AnAttemptStartsOnceAndEndsOnce) {
  Catches("I14", Compensated(), [](History& history) {
    const std::size_t at = Position<TaskCompleted>(history);
    Insert(history, at + 1, history[at].body);
  });
  Catches("I14", Compensated(), [](History& history) {
    const std::size_t at = Position<TaskStarted>(history);
    Insert(history, at + 1, history[at].body);
  });
  Catches("I14", Compensated(),
          [](History& history) { Erase(history, Position<TaskStarted>(history)); });
}

TEST(CheckerTest, I15ASettledOutcomeStays) {
  Catches("I15", Compensated(), [](History& history) {
    StepSettled other = Get<StepSettled>(history);
    other.effect = Effect::kUnknown;
    Insert(history, Position<StepSettled>(history) + 1, other);
  });
}

TEST(CheckerTest, AnOutcomeIsThatOfItsAttempts) {
  Catches("2.3", Compensated(),
          [](History& history) { Get<StepSettled>(history).effect = Effect::kApplied; });
}

TEST(CheckerTest, I19HistoriesHaveNoGaps) {
  Catches("I19", Compensated(), [](History& history) { history.erase(history.begin() + 3); });
  Catches("I19", Compensated(), [](History& history) { Erase(history, 0); });
  Catches("I19", Compensated(), [](History& history) { Get<TaskStarted>(history).task = 99; });
}

TEST(CheckerTest, I21AFaultLeadsSomewhere) {
  Catches("I21", Compensated(),
          [](History& history) { CutBefore(history, UndoScheduled(history, 2)); });
}

TEST(CheckerTest, I22AnUndoGetsWhatWasRecorded) {
  Catches("I22", Compensated(), [](History& history) {
    auto& undo = std::get<TaskScheduled>(history[UndoScheduled(history, 2)].body);
    undo.input = Payload(R"({"id":7,"why":"else"})");
  });
  Catches("I22", Compensated(), [](History& history) {
    for (Event& event : history) {
      if (auto* completed = std::get_if<TaskCompleted>(&event.body)) completed->undo_input = {};
    }
  });
}

TEST(CheckerTest, I23WhatWasNotDispatchedBeforeTheFaultIsNeither) {
  SagaWorld world = Forked("");
  Catches("I23", world, [](History& history) {
    // The failed step was started after the fault instead of before.
    std::size_t started = 0;
    for (std::size_t i = 0; i < history.size(); ++i) {
      const auto* event = std::get_if<TaskStarted>(&history[i].body);
      if (event != nullptr && event->task == Get<SagaFaulted>(history).task) started = i;
    }
    const EventBody body = history[started].body;
    const std::size_t failed = Position<TaskFailed>(history);
    const EventBody failure = history[failed].body;
    const std::size_t fault = Position<SagaFaulted>(history);
    Insert(history, fault + 1, failure);
    Insert(history, fault + 1, body);
    Erase(history, failed);
    Erase(history, started);
  });
}

TEST(CheckerTest, I24DecisionsOfPeopleAreSigned) {
  SagaWorld world = Parked();
  OperateSaga retry{.verb = Verb::kRetry, .actor = "ann", .reason = "fixed"};
  ASSERT_TRUE(world.Send(retry).ok());
  Catches("I24", world, [](History& history) { Get<UndoResolved>(history).actor.clear(); });
  Catches("I24", world, [](History& history) { Get<SagaResumed>(history).reason.clear(); });
}

TEST(CheckerTest, O2UndosAtATimeAreBounded) {
  SagaWorld world = Forked(R"("maxParallelCompensations":1)");
  Catches("O2", world, [&](History& history) {
    TaskScheduled second = std::get<TaskScheduled>(history.back().body);
    ASSERT_EQ(second.run, 3U);
    second.task += 1;
    second.run = 2;
    second.step = world.definition().Find("a");
    second.task_type = "undo_a";
    Insert(history, history.size(), second);
  });
}

TEST(CheckerTest, O3StrictReverseGoesByCompletion) {
  SagaWorld world = Forked(R"("order":"STRICT_REVERSE")");
  world.Undo("b");
  world.Undo("a");
  Catches("O3", world, [](History& history) {
    // a completed first, but let b have: then b's undo came too early.
    const std::size_t a = Position<TaskCompleted>(history, 1);
    const std::size_t b = Position<TaskCompleted>(history, 2);
    ASSERT_EQ(std::get<TaskCompleted>(history[a].body).task, 2U);
    ASSERT_EQ(std::get<TaskCompleted>(history[b].body).task, 3U);
    const EventBody completed = history[a].body;
    Insert(history, b + 1, completed);
    Erase(history, a);
  });
}

TEST(CheckerTest, TheEndHasTheStatusThatTheFaultDecided) {
  Catches("2.13", Compensated(),
          [](History& history) { Get<WorkflowEnded>(history).status = WorkflowStatus::kTimedOut; });
  Catches("2.13", Compensated(), [](History& history) {
    Get<WorkflowEnded>(history).status = WorkflowStatus::kCompleted;
  });
}

TEST(CheckerTest, NothingFollowsTheEnd) {
  Catches("END", Compensated(),
          [](History& history) { Insert(history, history.size(), WorkflowPaused{}); });
}

TEST(CheckerTest, J11NoUndoStartsWhilePaused) {
  Catches("J11", Compensated(), [](History& history) {
    Insert(history, UndoScheduled(history, 2) + 1, WorkflowPaused{"ann", "wait"});
  });
}

TEST(CheckerTest, WhatIsFoundIsBounded) {
  const SagaWorld world = Compensated();
  History history = world.history();
  for (int i = 0; i < 300; ++i) Insert(history, history.size(), WorkflowPaused{});
  EXPECT_EQ(CheckHistory(world.definition(), history).size(), kViolationsMax);
}

}  // namespace
}  // namespace skald::core
