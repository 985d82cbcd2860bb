// The bounds of what is told to a watcher that does not read.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "engine/core/event.h"
#include "engine/grpc/watch_stream.h"

namespace skald::grpc_edge {
namespace {

// Never bound to a call: what it is told to write stays in flight.
class StillReactor final : public WatchQueue::Reactor {
 public:
  void OnDone() override {}
};

runtime::Notice NoticeOf(std::size_t payload_bytes) {
  core::TaskCompleted completed;
  completed.task = 1;
  completed.output = core::Payload("\"" + std::string(payload_bytes, 'x') + "\"");
  return {.id = base::UuidV7(1, 1, 1),
          .definition = std::make_shared<core::Definition>(),
          .events = {{.seq = 1, .at = 1, .body = completed}}};
}

TEST(WatchQueueTest, WatcherThatDoesNotReadIsDroppedAtItsBytes) {
  for (const bool begun : {true, false}) {
    StillReactor reactor;
    WatchQueue queue(&reactor, {});
    if (begun) queue.Begin();
    const runtime::Notice megabyte = NoticeOf(1 << 20);
    std::size_t told = 0;
    while (told < 1'000 && queue.Tell({megabyte})) ++told;
    EXPECT_LE(told, kWatchBytesMax >> 20);
    EXPECT_GE(told, (kWatchBytesMax >> 20) - 1);
    EXPECT_FALSE(queue.Tell({NoticeOf(1)})) << "it has ended";
    queue.Detach();
  }
}

TEST(WatchQueueTest, WatcherThatDoesNotReadIsDroppedAtItsNotices) {
  StillReactor reactor;
  WatchQueue queue(&reactor, {});
  queue.Begin();
  const std::vector<runtime::Notice> thousand(1'000, NoticeOf(1));
  std::size_t told = 0;
  while (told < 2 * kWatchNoticesMax && queue.Tell(thousand)) told += thousand.size();
  EXPECT_EQ(told, kWatchNoticesMax);
  queue.Detach();
}

TEST(WatchQueueTest, WhatIsWrittenMakesRoom) {
  StillReactor reactor;
  WatchQueue queue(&reactor, {});
  queue.Begin();
  const runtime::Notice megabyte = NoticeOf(1 << 20);
  for (std::size_t i = 0; i < 4 * (kWatchBytesMax >> 20); ++i) {
    ASSERT_TRUE(queue.Tell({megabyte}));
    queue.OnWriteDone(true);
  }
  queue.Detach();
}

}  // namespace
}  // namespace skald::grpc_edge
