// A script that loops, eats memory or ends its host costs that one task and nothing else.

#include <signal.h>

#include <algorithm>
#include <string>

#include "engine/base/log.h"
#include "engine/script/sandbox.h"
#include "fmt/format.h"
#include "gmock/gmock.h"
#include "tests/unit/script/runner_fixture.h"

namespace skald::script {
namespace {

using core::TaskStatus;
using ::testing::AnyOf;
using ::testing::HasSubstr;

constexpr std::string_view kEndless = "while (true) {}";

class LimitsTest : public RunnerTest {
 protected:
  // One host, so that what befalls it is seen by the next task; little time, so that none is lost.
  void StartOne(std::uint32_t time_ms = 300) {
    ScriptRunnerOptions options = Options();
    options.hosts = options.hosts_max = 1;
    options.bounds.time_ms = time_ms;
    Start(options);
  }

  // The runner is as good as before.
  void ExpectServing() { EXPECT_EQ(ValueOf("6 * 7"), R"({"result":42})"); }

  void ExpectFault(std::string_view script, const std::string& reason) {
    const auto result = Run(InlineTask(script));
    EXPECT_EQ(result.status, TaskStatus::kFailedWithTerminalError) << script;
    EXPECT_THAT(result.reason, HasSubstr(reason)) << script;
    EXPECT_EQ(result.effect, core::Effect::kNone);
    ExpectServing();
  }
};

TEST_F(LimitsTest, LoopsEnd) {
  StartOne();
  ExpectFault(kEndless, "the script took longer than 300 ms: script_time_limit_ms (300; raised by");
  ExpectFault("const f = () => Promise.resolve().then(f); f()", "took longer than 300 ms");
  ExpectFault("for (;;) { try { while (true) {} } catch (e) {} finally { while (true) {} } }",
              "took longer than 300 ms");
  ExpectFault("({toJSON() { for (;;) {} }})", "took longer than 300 ms");
}

TEST_F(LimitsTest, AttemptsOwnTimeIsKept) {
  StartOne(kEvaluationMsMax);
  auto task = InlineTask(kEndless);
  task.timeout_us = 100 * core::kMillisecondUs;
  EXPECT_EQ(Run(std::move(task)).reason,
            "the script took longer than 100 ms, its responseTimeoutSeconds or timeoutSeconds");
}

TEST_F(LimitsTest, RegularExpressionsThatBacktrackEnd) {
  StartOne();
  ExpectFault("/^(a+)+$/.test('a'.repeat(40) + 'b')", "took longer than 300 ms");
  ExpectFault("new RegExp('('.repeat(100000) + ')'.repeat(100000)).test('')", "");
}

TEST_F(LimitsTest, LibraryCallsThatDoNotLookAtTheClockAreKilled) {
  StartOne();
  ExpectFault("let s = 'ab'.repeat(1 << 24); let n = 0; for (;;) n += s.lastIndexOf('ba!' + n)",
              "took longer than 300 ms");
}

TEST_F(LimitsTest, RecursionEnds) {
  StartOne();
  ExpectFault("const f = () => f() + 1; f()", "too much recursion");
  ExpectFault("let a = []; for (let i = 0; i < 1e5; i++) a = [a]; a", "");
  ExpectFault("'['.repeat(1e5) + eval('['.repeat(1e5))", "too much recursion");
}

// Which limit is met first is the allocator's affair: the heap's, the process's, or that of one
// string or array.
void ExpectOutOfMemory(const ports::RunnerResult& result) {
  EXPECT_NE(result.status, TaskStatus::kCompleted);
  EXPECT_THAT(result.reason, AnyOf(HasSubstr("MiB of memory"), HasSubstr("ended the process"),
                                   HasSubstr("too large"), HasSubstr("allocation size overflow"),
                                   HasSubstr("invalid array length"), HasSubstr("longer than")));
}

TEST_F(LimitsTest, MemoryBombsEnd) {
  if (!SandboxLimitsMemory()) GTEST_SKIP() << "not under AddressSanitizer";
  StartOne(kEvaluationMsMax);
  for (const char* script :
       {"const a = []; for (;;) a.push({x: a.length})",
        "let s = 'x'; for (;;) { s += s; s.charCodeAt(s.length - 1); globalThis['k' + s.length] = "
        "s + 1 }",
        "const a = []; for (;;) a.push(new Uint8Array(1 << 20).fill(1))", "new Array(1e9).fill(1)",
        "const a = []; for (;;) a.push('x'.repeat(1 << 20) + a.length + '')",
        "const m = new Map(); for (let i = 0;; i++) m.set('key' + i, i)"}) {
    SCOPED_TRACE(script);
    ExpectOutOfMemory(Run(InlineTask(script)));
    ExpectServing();
  }
}

TEST_F(LimitsTest, JqLoopsEnd) {
  StartOne();
  for (const char* program : {"def f: f; f", "last(range(1e12))", "[limit(3; repeat(empty))]"}) {
    const auto result = Run(JqTask(program));
    EXPECT_EQ(result.status, TaskStatus::kFailed) << program;
    EXPECT_EQ(result.reason,
              "the jq program took longer than 300 ms: script_time_limit_ms (300; raised by "
              "--script-time-limit-ms)")
        << program;
    ExpectServing();
  }
}

TEST_F(LimitsTest, JqMemoryBombsEnd) {
  if (!SandboxLimitsMemory()) GTEST_SKIP() << "not under AddressSanitizer";
  StartOne(kEvaluationMsMax);
  for (const char* program : {"def f: 1 + f; f", "\"x\" * 2000000000 | length", "[range(1e10)]",
                              "reduce range(1e9) as $i (\"x\"; . + .)"}) {
    SCOPED_TRACE(program);
    ExpectOutOfMemory(Run(JqTask(program)));
    ExpectServing();
  }
}

TEST_F(LimitsTest, OutputsOfManyMebibytesAreGiven) {
  StartOne(kEvaluationMsMax);
  EXPECT_EQ(Run(InlineTask("'x'.repeat(4 << 20)")).output.size(), (4U << 20) + 13);
}

TEST_F(LimitsTest, OutputIsBounded) {
  ScriptRunnerOptions options = Options();
  options.hosts = options.hosts_max = 1;
  options.bounds.output_bytes = 1 << 20;
  Start(options);
  ExpectFault("'x'.repeat(2 << 20)",
              "the result has more bytes than kStepOutputBytesMax (1048576; fixed in");
  ExpectFault("'\\u20ac'.repeat(400000)",
              "the output has 1200013 bytes; at most kStepOutputBytesMax (1048576; fixed in");
  ExpectFault("let a = 1; for (let i = 0; i < 200; i++) a = [a]; a", "too deep");
}

TEST_F(LimitsTest, LimitCostsOnlyTheTaskThatMetIt) {
  StartOne();
  runner_->Run(InlineTask(kEndless), answers_.emplace_back().Take());
  for (int i = 0; i < 100; ++i) {
    runner_->Run(InlineTask(fmt::format("{} + 1", i)), answers_.emplace_back().Take());
  }
  EXPECT_EQ(answers_[0].Wait().status, TaskStatus::kFailedWithTerminalError);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(answers_[static_cast<std::size_t>(i) + 1].Wait().output.text(),
              fmt::format(R"({{"result":{}}})", i + 1));
  }
}

TEST_F(LimitsTest, OthersGoPastScriptsThatLoop) {
  Start();  // two hosts, and others past them
  for (int i = 0; i < 4; ++i) {
    runner_->Run(InlineTask(kEndless), answers_.emplace_back().Take());
  }
  for (int i = 0; i < 50; ++i) ExpectServing();
  // All of the loops are still at it: four hosts hold them, and a fifth answered.
  for (Answer& answer : answers_) EXPECT_EQ(answer.count(), 0);
  EXPECT_GE(runner_->HostPids().size(), 5U);
}

TEST_F(LimitsTest, TaskOfAHostKilledFromOutsideBeginsAgain) {
  StartOne(kEvaluationMsMax);
  ExpectServing();
  const std::vector<int> before = runner_->HostPids();
  ASSERT_EQ(before.size(), 1U);
  // Long enough to be struck, and at its end well before the bound.
  runner_->Run(InlineTask("for (const t = Date.now(); Date.now() < t + 300;) {} 7"),
               answers_.emplace_back().Take());
  runner_->Run(InlineTask("1"), answers_.emplace_back().Take());
  ASSERT_EQ(kill(before[0], SIGKILL), 0);
  EXPECT_EQ(answers_[0].Wait().output.text(), R"({"result":7})") << answers_[0].Wait().reason;
  EXPECT_EQ(answers_[1].Wait().output.text(), R"({"result":1})");
  EXPECT_NE(runner_->HostPids(), before);
}

// Whoever kills every host gets the task in the end, and no more than that.
TEST_F(LimitsTest, TaskWhoseHostsAreKilledAgainAndAgainFails) {
  StartOne(kEvaluationMsMax);
  ExpectServing();
  runner_->Run(InlineTask(kEndless), answers_.emplace_back().Take());
  std::vector<int> killed;
  ASSERT_TRUE(testing::Eventually([&] {
    for (const int pid : runner_->HostPids()) {
      const bool again = std::find(killed.begin(), killed.end(), pid) != killed.end();
      if (!again && kill(pid, SIGTERM) == 0) killed.push_back(pid);
    }
    return answers_[0].count() > 0;
  }));
  const ports::RunnerResult result = answers_[0].Wait();
  EXPECT_EQ(result.status, TaskStatus::kFailed);
  EXPECT_THAT(result.reason, HasSubstr("could not be run: signal 15"));
  EXPECT_GT(killed.size(), kHostLossesMax);
  ExpectServing();
}

TEST_F(LimitsTest, IdleHostThatDiesIsReplaced) {
  StartOne();
  ExpectServing();
  const int before = runner_->HostPids().at(0);
  ASSERT_EQ(kill(before, SIGKILL), 0);
  ASSERT_TRUE(testing::Eventually([&] {
    const auto pids = runner_->HostPids();
    return pids.size() == 1 && pids[0] != before;
  }));
  ExpectServing();
}

TEST_F(LimitsTest, ThousandTasksAtOnce) {
  Start();
  for (int i = 0; i < 1'000; ++i) {
    runner_->Run(i % 10 == 0 ? JqTask(".n * 2", fmt::format(",\"n\":{}", i))
                             : InlineTask("$.n * 2", fmt::format(",\"n\":{}", i)),
                 answers_.emplace_back().Take());
  }
  for (int i = 0; i < 1'000; ++i) {
    const auto& result = answers_[static_cast<std::size_t>(i)].Wait();
    EXPECT_EQ(result.status, TaskStatus::kCompleted) << result.reason;
    EXPECT_THAT(std::string(result.output.text()), HasSubstr(fmt::format(R"("result":{})", 2 * i)));
  }
}

TEST_F(LimitsTest, TasksBeyondTheCapacityAreRefused) {
  ScriptRunnerOptions options = Options();
  options.tasks_max = 2;
  Start(options);
  EXPECT_EQ(runner_->Capacity(), 2U);
  for (int i = 0; i < 3; ++i) {
    runner_->Run(InlineTask(kEndless), answers_.emplace_back().Take());
  }
  EXPECT_EQ(answers_[2].Wait().status, TaskStatus::kFailed);
  EXPECT_EQ(answers_[2].Wait().reason,
            "more script tasks at once than kTasksMax (2; fixed in engine/script/limits.h)");
  EXPECT_EQ(answers_[0].count(), 0);
}

TEST_F(LimitsTest, CanceledTasksEndSoon) {
  StartOne(kEvaluationMsMax);
  auto running = InlineTask(kEndless);
  running.task_id = "w.1";
  auto waiting = InlineTask("1");
  waiting.task_id = "w.2";
  runner_->Run(std::move(running), answers_.emplace_back().Take());
  runner_->Run(std::move(waiting), answers_.emplace_back().Take());
  runner_->Cancel("w.2");
  EXPECT_EQ(answers_[1].Wait().reason, "canceled");
  runner_->Cancel("w.1");
  runner_->Cancel("unknown");
  EXPECT_EQ(answers_[0].Wait().status, TaskStatus::kFailed);
  EXPECT_EQ(answers_[0].Wait().reason, "canceled");
  ExpectServing();
  for (Answer& answer : answers_) EXPECT_EQ(answer.count(), 1);
}

TEST_F(LimitsTest, EveryTaskIsAnsweredWhenTheRunnerEnds) {
  Start();
  for (int i = 0; i < 20; ++i) {
    runner_->Run(InlineTask(kEndless), answers_.emplace_back().Take());
  }
  runner_.reset();
  for (Answer& answer : answers_) {
    EXPECT_EQ(answer.count(), 1);
    EXPECT_EQ(answer.Wait().status, TaskStatus::kFailed);
    EXPECT_EQ(answer.Wait().reason, "canceled");
  }
}

TEST_F(LimitsTest, HostsThatDoNotStartFailTheTasks) {
  base::SetLogLevel(base::LogLevel::kOff);
  for (const char* program : {"/nowhere/skald", "/bin/false"}) {
    ScriptRunnerOptions options = Options();
    options.host_command = {program};
    Start(options);
    const auto result = Run(InlineTask("1"));
    EXPECT_EQ(result.status, TaskStatus::kFailed);
    EXPECT_THAT(result.reason, HasSubstr("no script host could be started"));
  }
  base::SetLogLevel(base::LogLevel::kInfo);
}

TEST_F(LimitsTest, HostThatSpeaksAnotherLanguageIsNotBelieved) {
  base::SetLogLevel(base::LogLevel::kOff);
  ScriptRunnerOptions options = Options();
  options.host_command = {"/bin/sh", "-c", "printf 'hello, engine' >&3; read x <&3"};
  Start(options);
  const auto result = Run(InlineTask("1"));
  EXPECT_EQ(result.status, TaskStatus::kFailed);
  EXPECT_THAT(result.reason, HasSubstr("frame of"));
  base::SetLogLevel(base::LogLevel::kInfo);
}

}  // namespace
}  // namespace skald::script
