// The parts of the loop that stand alone: the heap, the matcher, the inbox.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "engine/runtime/inbox.h"
#include "engine/runtime/limits.h"
#include "engine/runtime/matcher.h"
#include "engine/runtime/overload.h"
#include "engine/runtime/refusals.h"
#include "engine/runtime/timer_heap.h"
#include "gmock/gmock.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/runtime/loop_fixture.h"

namespace skald::runtime {
namespace {

struct Entry final : HeapEntry {
  int number = 0;
};

TEST(TimerHeapTest, EntriesComeOutInOrderOfTimeWhateverWasMoved) {
  TimerHeap heap;
  std::vector<Entry> entries(500);
  std::uint64_t random = 1;
  std::map<std::pair<core::TimeUs, int>, int> expected;
  for (int round = 0; round < 5; ++round) {
    for (int i = 0; i < 500; ++i) {
      entries[i].number = i;
      random = random * 6364136223846793005ULL + 1442695040888963407ULL;
      // 0 removes the entry.
      const core::TimeUs due_at = static_cast<core::TimeUs>((random >> 33) % 97);
      heap.Set(entries[i], due_at);
    }
  }
  std::size_t left = 0;
  for (const Entry& entry : entries) left += entry.due_at() != 0;
  EXPECT_EQ(heap.size(), left);
  core::TimeUs last = 0;
  while (heap.top() != nullptr) {
    EXPECT_GE(heap.next_due_at(), last);
    last = heap.next_due_at();
    heap.Remove(*heap.top());
    --left;
  }
  EXPECT_EQ(left, 0u);
}

TEST(TimerHeapTest, EqualTimesComeOutInTheOrderTheyWereSet) {
  TimerHeap heap;
  std::vector<Entry> entries(50);
  for (int i = 0; i < 50; ++i) {
    entries[i].number = i;
    heap.Set(entries[i], 7);
  }
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(static_cast<Entry*>(heap.top())->number, i);
    heap.Remove(*heap.top());
  }
}

core::WorkflowId Id(std::uint64_t number) { return base::UuidV7(1, 1, number); }

TEST(MatcherTest, WithdrawnTaskIsNotTaken) {
  WorkerTable workers;
  Matcher matcher(workers);
  Queue& queue = matcher.GetQueue("default", "a", "");
  matcher.Enqueue(queue, {.workflow = Id(1), .task = 1, .since = 5}, 0);
  matcher.Enqueue(queue, {.workflow = Id(2), .task = 1, .since = 6}, 0);
  matcher.Withdraw(Id(1), 1);
  matcher.Withdraw(Id(9), 1);
  EXPECT_EQ(matcher.task_count(), 1u);
  EXPECT_EQ(queue.oldest_since(), 6);
  Worker& worker = workers.GetOrAddWorker("default", "w");
  matcher.Join(worker, queue, false);
  EXPECT_EQ(matcher.TakeFor(worker).task.workflow, Id(2));
  EXPECT_EQ(matcher.TakeFor(worker).task.task, 0u);
}

TEST(MatcherTest, SameTaskWaitsOnce) {
  WorkerTable workers;
  Matcher matcher(workers);
  Queue& queue = matcher.GetQueue("default", "a", "");
  matcher.Enqueue(queue, {.workflow = Id(1), .task = 1}, 0);
  matcher.Enqueue(queue, {.workflow = Id(1), .task = 1}, 0);
  EXPECT_EQ(matcher.task_count(), 1u);
  EXPECT_EQ(queue.ready.size(), 1u);
}

// Names of task types are made up by clients: what nobody uses must not stay.
TEST(MatcherTest, QueueGoesWithItsLastTaskAndItsLastWorker) {
  WorkerTable workers;
  Matcher matcher(workers);
  const auto forget = [&] {
    matcher.ForgetQueues(10);
    return matcher.queues().size();
  };
  matcher.Enqueue(matcher.GetQueue("default", "a", ""), {.workflow = Id(1), .task = 1}, 0);
  Worker& worker = workers.GetOrAddWorker("default", "w");
  workers.Bind(worker, 1, nullptr);
  worker.capacity = 1;
  matcher.Join(worker, matcher.GetQueue("default", "a", ""), false);
  matcher.Join(worker, matcher.GetQueue("default", "b", ""), false);
  matcher.Restock(worker);
  EXPECT_EQ(forget(), 2u);
  matcher.Leave(worker, 5);
  worker.offers.clear();
  EXPECT_EQ(forget(), 1u) << "of the first, a task waits";
  matcher.Withdraw(Id(1), 1);
  EXPECT_EQ(forget(), 0u);
  // Which domains had workers lately is remembered for a while.
  matcher.Join(worker, matcher.GetQueue("default", "b", "eu"), false);
  matcher.Leave(worker, 5);
  worker.offers.clear();
  EXPECT_EQ(forget(), 1u);
  matcher.ForgetQueues(5 + kDomainActiveUs);
  EXPECT_TRUE(matcher.queues().empty());
}

TEST(MatcherTest, QueuesDifferByNamespaceTypeAndDomain) {
  WorkerTable workers;
  Matcher matcher(workers);
  Queue* const first = &matcher.GetQueue("default", "a", "");
  EXPECT_EQ(&matcher.GetQueue("default", "a", ""), first);
  EXPECT_NE(&matcher.GetQueue("other", "a", ""), first);
  EXPECT_NE(&matcher.GetQueue("default", "b", ""), first);
  EXPECT_NE(&matcher.GetQueue("default", "a", "eu"), first);
}

TEST(InboxTest, LaneRefusesBeyondItsBound) {
  Inbox inbox(2);
  int done = 0;
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(inbox.ReserveClient());
    inbox.PostClient([&] { ++done; });
  }
  EXPECT_FALSE(inbox.ReserveClient());
  EXPECT_TRUE(inbox.ReserveWorker()) << "lanes are bounded apart";
  Inbox::Content content;
  inbox.TakeInto(content);
  EXPECT_FALSE(inbox.ReserveClient()) << "taken is not handled";
  for (Inbox::Work& work : content.clients) work();
  inbox.HandledClient();
  EXPECT_TRUE(inbox.ReserveClient());
  EXPECT_EQ(done, 2);
}

// A loop as EngineThread runs it: every turn runs what came in.
class InboxTurnTest : public ::testing::Test {
 protected:
  InboxTurnTest()
      : loop_([this] {
          while (TakeTurn()) inbox_.Wait(3600 * core::kSecondUs, [this] { return TakeTurn(); });
        }) {}
  ~InboxTurnTest() override {
    ended_ = true;
    inbox_.Wake();
    loop_.join();
  }

  bool TakeTurn() {
    EXPECT_FALSE(in_turn_.exchange(true)) << "one turn at a time";
    Inbox::Content content;
    inbox_.TakeInto(content);
    for (Inbox::Work& work : content.completions) work();
    in_turn_ = false;
    return !ended_;
  }

  Inbox inbox_{2};
  std::atomic<bool> ended_ = false;
  std::atomic<bool> in_turn_ = false;
  std::thread loop_;
};

TEST_F(InboxTurnTest, IsTakenByTheThreadThatBringsTheAnswerWhenTheLoopSleeps) {
  std::atomic<bool> taken_here = false;
  const std::thread::id here = std::this_thread::get_id();
  while (!taken_here) {  // until the loop was found asleep
    std::atomic<bool> done = false;
    inbox_.PostCompletionAndTakeTurn([&] {
      taken_here = std::this_thread::get_id() == here;
      done = true;
    });
    while (!done) std::this_thread::yield();
  }
}

TEST_F(InboxTurnTest, WhatComesInDuringATurnIsRunWithoutAnotherPost) {
  constexpr int kPosts = 1'000;
  constexpr int kThreads = 3;
  std::atomic<int> done = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < kPosts; ++n) {
        inbox_.PostCompletionAndTakeTurn([&] { inbox_.PostCompletion([&] { ++done; }); });
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  while (done < kThreads * kPosts) std::this_thread::yield();
  EXPECT_EQ(done, kThreads * kPosts);
}

TEST_F(InboxTurnTest, TurnThatEndsTheLoopWakesItsThread) {
  inbox_.PostCompletionAndTakeTurn([&] { ended_ = true; });
  loop_.join();  // hangs if it is not woken
  loop_ = std::thread([] {});
}

TEST(RefusalsTest, FloodOfRefusalsIsOneLineASecond) {
  ManualClock clock;
  NoMetrics metrics;
  Refusals refusals(metrics, clock);
  ::testing::internal::CaptureStderr();
  for (int i = 0; i < 1'000; ++i) {
    EXPECT_THAT(refusals.Refuse("inbox_max", "start a workflow"),
                ::skald::testing::StatusIs(absl::StatusCode::kResourceExhausted));
  }
  clock.Set(clock.Now() + kRefusalLineUs);
  refusals.Note("sessions_max", "open a worker stream");
  const std::string lines = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(metrics.refused.size(), 1'001u);
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 2) << lines;
  EXPECT_THAT(lines, ::testing::HasSubstr("WARN request.refused limit=inbox_max "
                                          "what=\"start a workflow\" refused=1\n"));
  EXPECT_THAT(lines, ::testing::HasSubstr("limit=sessions_max what=\"open a worker stream\" "
                                          "refused=1000\n"));
}

TEST(OverloadTest, RefusalCarriesItsDelay) {
  const absl::Status refused = OverloadError("inbox_max", "start a workflow");
  EXPECT_THAT(refused, ::skald::testing::StatusIs(absl::StatusCode::kResourceExhausted,
                                                  ::testing::HasSubstr("inbox_max")));
  EXPECT_GT(RetryDelayUs(refused).value_or(0), 0);
  EXPECT_FALSE(RetryDelayUs(absl::OkStatus()).has_value());
}

}  // namespace
}  // namespace skald::runtime
