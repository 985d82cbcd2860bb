#include "workers/sdk/worker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <future>
#include <set>
#include <thread>

#include "tests/support/status_matchers.h"
#include "tests/unit/sdk/fake_server.h"
#include "workers/sdk/limits.h"

namespace skald::sdk {
namespace {

using ::skald::testing::IsOk;
using ::skald::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using Heard = FakeServer::Heard;
using Status = v1::TaskResult::Status;

// Lets handlers wait for the test.
class Gate {
 public:
  void Open() { promise_.set_value(); }
  void Pass() { future_.wait(); }

 private:
  std::promise<void> promise_;
  std::shared_future<void> future_ = promise_.get_future().share();
};

// A worker that runs until the test ends; each test registers its handlers first.
class WorkerTest : public ::testing::TestWithParam<int> {
 protected:
  WorkerOptions Options() const {
    return {.server = server_.address(), .threads = GetParam(), .drain_timeout_ms = 20'000};
  }
  void Start(Worker& worker) {
    running_ = std::async(std::launch::async, [&worker] { return worker.Run(); });
  }
  absl::Status Stop(Worker& worker) {
    worker.Drain();
    return running_.get();
  }
  static auto Answered(const std::string& id, std::size_t times = 1) {
    return [id, times](const Heard& heard) {
      const auto found = heard.results.find(id);
      return found != heard.results.end() && found->second.size() >= times;
    };
  }

  FakeServer server_;
  std::future<absl::Status> running_;
};

TEST_P(WorkerTest, RunsTasksAndReportsWhatHandlersSay) {
  Worker worker(Options());
  worker.Handle("t", [](Task& task) -> Result {
    const std::string& id = task.data().task_id;
    if (id == "failed") return Result::Failed("no answer", Effect::kUnknown);
    if (id == "terminal") return Result::Terminal("declined");
    if (id == "later") return Result::Later(std::chrono::seconds(5));
    if (id == "throws") throw std::runtime_error("boom");
    return Result::Completed(R"({"a":1})");
  });
  Start(worker);
  for (const char* id : {"good", "failed", "terminal", "later", "throws"}) {
    server_.Assign(FakeServer::TaskOf(id));
  }
  server_.Assign(FakeServer::TaskOf("stray", "unheard-of"));
  server_.WaitFor([](const Heard& heard) { return heard.results.size() == 6; });
  EXPECT_THAT(Stop(worker), IsOk());

  auto results = server_.heard().results;
  EXPECT_EQ(results["good"][0].status(), Status::TaskResult_Status_STATUS_COMPLETED);
  EXPECT_EQ(results["good"][0].output(), R"({"a":1})");
  EXPECT_EQ(results["failed"][0].status(), v1::TaskResult::STATUS_FAILED);
  EXPECT_EQ(results["failed"][0].effect(), v1::EFFECT_UNKNOWN);
  EXPECT_EQ(results["terminal"][0].status(), v1::TaskResult::STATUS_FAILED_TERMINAL);
  EXPECT_EQ(results["terminal"][0].effect(), v1::EFFECT_NONE);
  EXPECT_EQ(results["later"][0].status(), v1::TaskResult::STATUS_IN_PROGRESS);
  EXPECT_EQ(results["later"][0].callback_after_ms(), 5'000u);
  EXPECT_EQ(results["throws"][0].effect(), v1::EFFECT_UNKNOWN);
  EXPECT_THAT(results["throws"][0].reason(), HasSubstr("boom"));
  EXPECT_EQ(results["stray"][0].status(), v1::TaskResult::STATUS_FAILED_TERMINAL);
}

TEST_P(WorkerTest, LosesNoResultWhenTheStreamDropsUnderIt) {
  Worker worker(Options());
  worker.Handle("t", [](Task&) { return Result::Completed(); });
  Start(worker);
  server_.Set([](auto& settings) { settings.send_receipts = false; });
  server_.Assign(FakeServer::TaskOf("a"));
  server_.WaitFor(Answered("a"));
  server_.Set([](auto& settings) { settings.send_receipts = true; });
  server_.DropStream();
  server_.WaitFor(Answered("a", 2));
  const Heard heard = server_.heard();
  ASSERT_GE(heard.hellos.size(), 2u);
  EXPECT_EQ(heard.hellos[0].incarnation(), heard.hellos[1].incarnation());
  ASSERT_THAT(heard.hellos[1].held(), SizeIs(1));
  EXPECT_EQ(heard.hellos[1].held(0).task_id(), "a");
  EXPECT_THAT(Stop(worker), IsOk());
}

TEST_P(WorkerTest, RunsADuplicatedAssignmentOnce) {
  std::atomic<int> runs = 0;
  Worker worker(Options());
  worker.Handle("t", [&](Task&) {
    ++runs;
    return Result::Completed();
  });
  Start(worker);
  server_.Set([](auto& settings) { settings.send_receipts = false; });
  server_.Assign(FakeServer::TaskOf("a"));
  server_.WaitFor(Answered("a"));
  server_.Assign(FakeServer::TaskOf("a"));
  server_.WaitFor(Answered("a", 2));
  EXPECT_EQ(runs, 1);
  server_.Set([](auto& settings) { settings.send_receipts = true; });
  server_.Assign(FakeServer::TaskOf("a"));
  EXPECT_THAT(Stop(worker), IsOk());
  EXPECT_EQ(runs, 1);
}

TEST_P(WorkerTest, ComesBackWithinItsBackoffAfterRefusals) {
  server_.Set([](auto& settings) { settings.refuse_streams = 3; });
  Worker worker(Options());
  worker.Handle("t", [](Task&) { return Result::Completed(); });
  Start(worker);
  server_.Assign(FakeServer::TaskOf("a"));
  server_.WaitFor(Answered("a"));
  EXPECT_GE(server_.heard().hellos.size(), 4u);
  EXPECT_THAT(Stop(worker), IsOk());
}

TEST_P(WorkerTest, GivesUpWhenItIsRefusedForGood) {
  server_.Set([](auto& settings) {
    settings.refuse_streams = 1;
    settings.refusal = {grpc::StatusCode::INVALID_ARGUMENT, "task type 7 is too long"};
  });
  Worker worker(Options());
  worker.Handle("t", [](Task&) { return Result::Completed(); });
  EXPECT_THAT(worker.Run(), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("too long")));
}

TEST_P(WorkerTest, LeavesAServerThatHasGoneSilent) {
  server_.Set([](auto& settings) {
    settings.ping_interval_ms = 50;
    settings.answer_pings = false;
  });
  Worker worker(Options());
  worker.Handle("t", [](Task&) { return Result::Completed(); });
  Start(worker);
  server_.WaitFor([](const Heard& heard) { return heard.hellos.size() >= 2; });
  EXPECT_THAT(Stop(worker), IsOk());
}

TEST_P(WorkerTest, GoesToTheNextNodeWhenItsOwnGoesAway) {
  FakeServer other;
  WorkerOptions options = Options();
  options.server += "," + other.address();
  Worker worker(options);
  worker.Handle("t", [](Task&) { return Result::Completed(); });
  Start(worker);
  v1::WorkResponse drain;
  drain.set_drain(true);
  server_.Send(drain);
  other.Assign(FakeServer::TaskOf("a"));
  other.WaitFor(Answered("a"));
  EXPECT_EQ(server_.heard().hellos[0].incarnation(), other.heard().hellos[0].incarnation());
  EXPECT_THAT(Stop(worker), IsOk());
}

TEST_P(WorkerTest, DrainsOnSigterm) {
  Worker worker(Options());
  worker.Handle("t", [](Task&) { return Result::Completed(); });
  auto main = std::async(std::launch::async, [&] { return worker.Main(); });
  server_.Assign(FakeServer::TaskOf("a"));
  server_.WaitFor(Answered("a"));
  kill(getpid(), SIGTERM);
  EXPECT_EQ(main.get(), 0);
  EXPECT_TRUE(server_.heard().drained);
}

TEST_P(WorkerTest, SaysGoodbyeEvenIfTheServerDoesNot) {
  server_.Set([](auto& settings) { settings.close_after_drain = false; });
  Worker worker(Options());
  worker.Handle("t", [](Task&) { return Result::Completed(); });
  Start(worker);
  server_.Assign(FakeServer::TaskOf("a"));
  server_.WaitFor(Answered("a"));
  EXPECT_THAT(Stop(worker), IsOk());
}

// Streams that drop, receipts that are lost and assignments that come twice, all at once.
TEST_P(WorkerTest, AnswersEverythingOnABadNetwork) {
  constexpr int kTasks = 2'000;
  server_.Set([](auto& settings) { settings.ping_interval_ms = 200; });
  std::atomic<int> runs = 0;
  WorkerOptions options = Options();
  options.credits = 2 * kTasks;
  Worker worker(options);
  worker.Handle("t", [&](Task&) {
    ++runs;
    return Result::Completed();
  });
  Start(worker);
  std::set<std::string> unanswered;
  for (int i = 0; i < kTasks; ++i) unanswered.insert("t" + std::to_string(i));
  for (int round = 0; !unanswered.empty(); ++round) {
    ASSERT_LT(round, 100);
    server_.Set([&](auto& settings) { settings.send_receipts = round % 2 == 1; });
    v1::WorkResponse response;
    for (const std::string& id : unanswered) {
      if (response.assignments_size() == 256) break;
      *response.add_assignments() = FakeServer::TaskOf(id);
      *response.add_assignments() = FakeServer::TaskOf(id);
    }
    server_.Send(response);
    const int messages = server_.heard().messages;
    if (round % 3 == 0) server_.DropStream();
    server_.WaitFor(
        [&](const Heard& heard) { return heard.messages > messages || heard.streams_open == 0; });
    for (const auto& [id, results] : server_.heard().results) unanswered.erase(id);
  }
  server_.Set([](auto& settings) { settings.send_receipts = true; });
  EXPECT_THAT(Stop(worker), IsOk());
  EXPECT_GE(runs, kTasks);
}

INSTANTIATE_TEST_SUITE_P(Threads, WorkerTest, ::testing::Values(0, 3));

using ThreadedWorkerTest = WorkerTest;

TEST_P(ThreadedWorkerTest, KeepsLeasesAliveAndTellsProgress) {
  server_.Set([](auto& settings) { settings.lease_ms = 300; });
  Gate gate;
  Worker worker(Options());
  worker.Handle("t", [&](Task& task) {
    task.Progress(30, "packing");
    task.Log("half way");
    gate.Pass();
    return Result::Completed();
  });
  Start(worker);
  server_.Assign(FakeServer::TaskOf("a"));
  server_.WaitFor([](const Heard& heard) {
    const auto beats = heard.heartbeats.find("a");
    return beats != heard.heartbeats.end() && beats->second.size() >= 3 && !heard.logs.empty();
  });
  const Heard heard = server_.heard();
  EXPECT_EQ(heard.heartbeats.at("a").back().progress_percent(), 30u);
  EXPECT_EQ(heard.heartbeats.at("a").back().progress_message(), "packing");
  EXPECT_EQ(heard.logs[0].message(), "half way");
  gate.Open();
  server_.WaitFor(Answered("a"));
  EXPECT_THAT(Stop(worker), IsOk());
}

TEST_P(ThreadedWorkerTest, CancelsRunningAndWaitingTasks) {
  std::atomic<int> runs = 0;
  WorkerOptions options = Options();
  options.threads = 1;
  Worker worker(options);
  worker.Handle("t", [&](Task& task) {
    ++runs;
    task.Progress(1);
    return task.WaitForCancel(std::chrono::minutes(1)) ? Result::Cancelled() : Result::Completed();
  });
  Start(worker);
  server_.Assign(FakeServer::TaskOf("running"));
  server_.WaitFor([](const Heard& heard) { return heard.heartbeats.contains("running"); });
  server_.Assign(FakeServer::TaskOf("waiting"));
  v1::WorkResponse cancel;
  for (const char* id : {"waiting", "running"}) {
    cancel.add_cancels()->set_task_id(id);
    cancel.mutable_cancels(cancel.cancels_size() - 1)->set_fence(1);
  }
  server_.Send(cancel);
  server_.WaitFor([](const Heard& heard) { return heard.results.size() == 2; });
  for (const auto& [id, results] : server_.heard().results) {
    EXPECT_EQ(results[0].status(), v1::TaskResult::STATUS_CANCELED) << id;
    EXPECT_EQ(results[0].effect(), v1::EFFECT_NONE) << id;
  }
  EXPECT_EQ(runs, 1);
  EXPECT_THAT(Stop(worker), IsOk());
}

TEST_P(ThreadedWorkerTest, FinishesOverAReconnectWhatItStartedBefore) {
  Gate gate;
  Worker worker(Options());
  worker.Handle("t", [&](Task& task) {
    task.Progress(1);
    gate.Pass();
    return Result::Completed();
  });
  Start(worker);
  server_.Assign(FakeServer::TaskOf("a"));
  server_.WaitFor([](const Heard& heard) { return heard.heartbeats.contains("a"); });
  server_.DropStream();
  server_.WaitFor([](const Heard& heard) { return heard.hellos.size() == 2; });
  EXPECT_THAT(server_.heard().hellos[1].held(), SizeIs(1));
  gate.Open();
  server_.WaitFor(Answered("a"));
  EXPECT_THAT(Stop(worker), IsOk());
}

TEST_P(ThreadedWorkerTest, DrainWaitsForWhatRuns) {
  server_.Set([](auto& settings) { settings.close_after_drain = false; });
  Gate gate;
  Worker worker(Options());
  worker.Handle("t", [&](Task& task) {
    task.Progress(1);
    gate.Pass();
    return Result::Completed();
  });
  Start(worker);
  server_.Assign(FakeServer::TaskOf("a"));
  server_.WaitFor([](const Heard& heard) { return heard.heartbeats.contains("a"); });
  worker.Drain();
  server_.WaitFor([](const Heard& heard) { return heard.drained; });
  EXPECT_FALSE(server_.heard().results.contains("a"));
  gate.Open();
  EXPECT_THAT(running_.get(), IsOk());
  EXPECT_TRUE(server_.heard().results.contains("a"));
}

TEST_P(ThreadedWorkerTest, DrainThatTakesTooLongCancelsAndSaysWhatIsLeft) {
  server_.Set([](auto& settings) {
    settings.close_after_drain = false;
    settings.send_receipts = false;
  });
  std::atomic<bool> cancelled = false;
  WorkerOptions options = Options();
  options.drain_timeout_ms = 200;
  Worker worker(options);
  worker.Handle("t", [&](Task& task) {
    task.Progress(1);
    cancelled = task.WaitForCancel(std::chrono::minutes(1));
    return Result::Cancelled();
  });
  Start(worker);
  server_.Assign(FakeServer::TaskOf("a"));
  server_.WaitFor([](const Heard& heard) { return heard.heartbeats.contains("a"); });
  EXPECT_THAT(Stop(worker), StatusIs(absl::StatusCode::kDeadlineExceeded,
                                     HasSubstr("1 results are not acknowledged")));
  EXPECT_TRUE(cancelled);
}

INSTANTIATE_TEST_SUITE_P(Threads, ThreadedWorkerTest, ::testing::Values(3));

TEST(WorkerOptionsTest, WhatCannotWorkIsRefused) {
  const auto run = [](WorkerOptions options, bool action) {
    Worker worker(std::move(options));
    worker.Handle("t", [](Task&) { return Result::Completed(); });
    if (action) worker.Action("a", [](Task&, Transaction&) { return Result::Completed(); });
    return worker.Run();
  };
  const auto refused = [](const char* what) {
    return StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(what));
  };
  EXPECT_THAT(run({.threads = -1}, false), refused("threads"));
  EXPECT_THAT(run({.credits = 1'000'000}, false), refused("credits"));
  EXPECT_THAT(run({.server = " , "}, false), refused("server"));
  EXPECT_THAT(run({}, true), refused("database_url"));
  EXPECT_THAT(Worker({}).Run(), refused("no task type"));
}

}  // namespace
}  // namespace skald::sdk
