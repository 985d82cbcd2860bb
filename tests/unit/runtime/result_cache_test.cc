// Results that are used again: the cache itself, and tasks that need no worker for it.
#include "engine/runtime/result_cache.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/unit/runtime/loop_fixture.h"

namespace skald::runtime {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

TEST(ResultCacheTest, KeepsUntilTheTimeIsOver) {
  ResultCache cache(10, 1'000);
  cache.Put("k", core::Payload("{\"a\":1}"), 100);
  ASSERT_NE(cache.Find("k", 99), nullptr);
  EXPECT_EQ(cache.Find("k", 99)->text(), "{\"a\":1}");
  EXPECT_EQ(cache.Find("other", 0), nullptr);
  EXPECT_EQ(cache.Find("k", 100), nullptr);
  EXPECT_EQ(cache.size(), 0u);
}

TEST(ResultCacheTest, ALaterResultReplacesAnEarlier) {
  ResultCache cache(10, 1'000);
  cache.Put("k", core::Payload("1"), 100);
  cache.Put("k", core::Payload("2"), 200);
  EXPECT_EQ(cache.Find("k", 150)->text(), "2");
  EXPECT_EQ(cache.size(), 1u);
}

TEST(ResultCacheTest, WhatWasUsedLeastRecentlyGoesFirst) {
  ResultCache cache(2, 1'000);
  cache.Put("a", core::Payload("1"), 100);
  cache.Put("b", core::Payload("2"), 100);
  cache.Find("a", 0);
  cache.Put("c", core::Payload("3"), 100);
  EXPECT_NE(cache.Find("a", 0), nullptr);
  EXPECT_EQ(cache.Find("b", 0), nullptr);
  ResultCache small(100, 10);
  small.Put("k", core::Payload("123456"), 100);
  small.Put("l", core::Payload("123456"), 100);
  EXPECT_EQ(small.size(), 1u) << "bytes are bounded too";
  small.Put("m", core::Payload("1234567890"), 100);
  EXPECT_EQ(small.Find("m", 0), nullptr) << "larger than all of it";
}

class ReuseTest : public LoopFixture {
 protected:
  std::shared_ptr<const core::Definition> DefineCached(const std::string& more = "") {
    return Define(Simple("a", R"(,"inputParameters":{"k":7},)"
                              R"("cacheConfig":{"key":"${k}","ttlInSecond":10})") +
                      more,
                  R"(,"outputParameters":{"got":"${r_a.output}"})");
  }
};

TEST_F(ReuseTest, ATaskWithTheSameKeyHasTheResultWithoutAWorker) {
  const auto definition = DefineCached();
  Boot();
  const TestWorker worker = Connect({"a"}, 10);
  Start(definition);
  Settle();
  ASSERT_THAT(worker.sink->assignments, SizeIs(1));
  Answer(worker, worker.sink->assignments[0], core::TaskStatus::kCompleted, R"({"x":1})");
  Settle();
  const auto second = Start(definition);
  Settle();
  EXPECT_THAT(worker.sink->assignments, SizeIs(1));
  const auto rows = store_.ReadHistory(second->id, 0, 100);
  EXPECT_THAT(rows->front().events, HasSubstr(R"("cached":true)"));
  EXPECT_THAT(HistoryNames(second->id).back(), HasSubstr("WorkflowEnded"));
  RunFor(10 * core::kSecondUs);
  Start(definition);
  Settle();
  EXPECT_THAT(worker.sink->assignments, SizeIs(2)) << "its time is over";
}

TEST_F(ReuseTest, AFailureIsNotKept) {
  const auto definition = DefineCached();
  Boot();
  const TestWorker worker = Connect({"a"}, 10);
  Start(definition);
  Settle();
  Answer(worker, worker.sink->assignments[0], core::TaskStatus::kFailedWithTerminalError);
  Settle();
  Start(definition);
  Settle();
  EXPECT_THAT(worker.sink->assignments, SizeIs(2));
}

TEST_F(ReuseTest, LosingTheMemoryLosesTheResultsToo) {
  const auto definition = DefineCached();
  Boot();
  const TestWorker worker = Connect({"a"}, 10);
  const auto first = Start(definition);
  Settle();
  commit_fates_.push_back({.kind = memory::Fate::Kind::kUnknownLost, .answered_after_us = 1'000});
  Answer(worker, worker.sink->assignments[0], core::TaskStatus::kCompleted, R"({"x":1})");
  RunFor(2 * core::kSecondUs);
  Start(definition);
  RunFor(2 * core::kSecondUs);
  EXPECT_EQ(loop_->state().results.size(), 0u);
}

}  // namespace
}  // namespace skald::runtime
