// EngineThread with real threads: several clients and workers at once. For the thread sanitizer
// too.
#include "engine/runtime/engine_thread.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "engine/app/system_clock.h"
#include "tests/unit/runtime/loop_fixture.h"

namespace skald::runtime {
namespace {

// Answers each task from the loop's thread, by posting.
class EchoSink final : public WorkerSink {
 public:
  explicit EchoSink(Engine& engine) : engine_(engine) {}
  void Assign(std::vector<Assignment> assignments) override {
    std::vector<Result> results;
    for (const Assignment& assignment : assignments) {
      results.push_back(
          {{assignment.workflow, assignment.task, assignment.fence},
           {.task = assignment.task, .fence = assignment.fence, .output = core::Payload("{}")}});
    }
    engine_.Report(session.load(), std::move(results));
  }
  void CancelTasks(std::vector<Cancel>) override {}
  void Answer(std::vector<Receipt>) override {}
  void Close(absl::Status) override { closed = true; }

  std::atomic<SessionId> session = 0;
  std::atomic<bool> closed = false;

 private:
  Engine& engine_;
};

// Tells when as many ends as wanted were heard of.
class EndsWatch final : public WatchSink {
 public:
  bool Tell(const std::vector<Notice>& notices) override {
    base::MutexLock lock(mutex_);
    count_ += notices.size();
    changed_.SignalAll();
    return true;
  }
  bool WaitFor(std::size_t wanted) {
    base::MutexLock lock(mutex_);
    for (int i = 0; i < 300 && count_ < wanted; ++i) {
      changed_.WaitFor(mutex_, std::chrono::milliseconds(100));
    }
    return count_ >= wanted;
  }

 private:
  base::Mutex mutex_;
  base::CondVar changed_;
  std::size_t count_ GUARDED_BY(mutex_) = 0;
};

std::shared_ptr<const core::Definition> TwoSteps() {
  core::Parsed<core::Definition> parsed = core::ParseDefinition(
      R"({"name":"two","version":1,"tasks":[
          {"name":"a","taskReferenceName":"a","type":"SIMPLE"},
          {"name":"b","taskReferenceName":"b","type":"SIMPLE"}]})",
      [](const std::string&) { return std::nullopt; }, {});
  CHECK(parsed.ok());
  auto definition = std::make_shared<core::Definition>(*std::move(parsed.value));
  definition->id = 1;
  return definition;
}

TEST(EngineThreadTest, ManyThreadsAtOnceLoseNothing) {
  constexpr std::size_t kThreads = 4;
  constexpr std::size_t kEach = 100;
  app::DatabaseClock clock;
  NoMetrics metrics;
  memory::MemoryStore store(clock, 2);
  memory::MemoryJournal journal(store);
  const auto definition = TwoSteps();
  EngineThread engine(
      {}, {journal, clock, metrics, [&](std::int64_t) { return definition; },
           [&](const std::string&, const std::string&, std::int32_t) { return definition; }});
  const auto ends = std::make_shared<EndsWatch>();
  ASSERT_TRUE(engine.Watch({.name_space = "default", .ends_only = true}, ends).ok());
  const auto sink = std::make_shared<EchoSink>(engine);
  WorkerHello hello{.name_space = "default", .worker_id = "w", .incarnation = "w", .credits = 50};
  hello.task_types = {{"a", "", true}, {"b", "", true}};
  sink->session = *engine.Attach(hello, sink);
  std::atomic<std::uint64_t> next_id = 1;
  std::vector<std::thread> clients;
  for (std::size_t thread = 0; thread < kThreads; ++thread) {
    clients.emplace_back([&] {
      for (std::size_t i = 0; i < kEach; ++i) {
        const std::uint64_t number = next_id.fetch_add(1);
        const core::WorkflowId id = base::UuidV7(1, number, number * 7'919);
        const auto request = [&] {
          return StartRequest{.name_space = "default",
                              .definition = definition,
                              .start = {.id = id},
                              .may_exist = true};
        };
        // Until the node serves, starts are refused with a delay.
        auto begun = std::make_shared<std::atomic<int>>(0);
        while (begun->load() != 2) {
          begun->store(1);
          engine.Start(request(), [begun](const absl::StatusOr<Started>& started) {
            begun->store(started.ok() ? 2 : 0);
            begun->notify_all();
          });
          begun->wait(1);
        }
        engine.Get(id, [](const auto&) {});
      }
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_TRUE(ends->WaitFor(kThreads * kEach));
  engine.Stop();
  EXPECT_TRUE(sink->closed);
  EXPECT_FALSE(engine.lost());
  EXPECT_EQ(store.WorkflowIds().size(), kThreads * kEach);
}

TEST(EngineThreadTest, WhatIsAskedAfterTheStopIsAnswered) {
  app::DatabaseClock clock;
  NoMetrics metrics;
  memory::MemoryStore store(clock, 1);
  memory::MemoryJournal journal(store);
  const auto definition = TwoSteps();
  int answered = 0;
  {
    EngineThread engine(
        {}, {journal, clock, metrics, [&](std::int64_t) { return definition; },
             [&](const std::string&, const std::string&, std::int32_t) { return definition; }});
    engine.Stop();
    engine.Start(
        {.name_space = "default", .definition = definition, .start = {.id = base::UuidV7(1, 1, 1)}},
        [&](const absl::StatusOr<Started>& started) {
          EXPECT_EQ(started.status().code(), absl::StatusCode::kUnavailable);
          ++answered;
        });
  }
  EXPECT_EQ(answered, 1);
}

}  // namespace
}  // namespace skald::runtime
