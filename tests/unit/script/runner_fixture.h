// A ScriptRunner on the real binary's hosts, and ways to ask it and wait for answers.
//
// Single-threaded, but for what the runner calls back.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "engine/base/mutex.h"
#include "engine/core/json_write.h"
#include "engine/script/script_runner.h"
#include "gtest/gtest.h"
#include "tests/support/eventually.h"
#include "tests/support/paths.h"

namespace skald::script {

// A result on its way; outlives the runner.
class Answer {
 public:
  ports::TaskRunner::Done Take() {
    return [this](ports::RunnerResult result) {
      base::MutexLock lock(mutex_);
      result_ = std::move(result);
      ++count_;
      arrived_.SignalAll();
    };
  }

  ports::RunnerResult Wait() {
    base::MutexLock lock(mutex_);
    while (count_ == 0) arrived_.Wait(mutex_);
    return result_;
  }

  int count() {
    base::MutexLock lock(mutex_);
    return count_;
  }

 private:
  base::Mutex mutex_;
  base::CondVar arrived_;
  ports::RunnerResult result_ GUARDED_BY(mutex_);
  int count_ GUARDED_BY(mutex_) = 0;
};

inline std::string Quoted(std::string_view text) {
  std::string json;
  core::AppendJsonString(json, text);
  return json;
}

inline ports::RunnerTask InlineTask(std::string_view script, std::string_view more = "") {
  return {.task_id = "w.1",
          .task_type = "INLINE",
          .input = core::Payload(R"({"expression":)" + Quoted(script) + std::string(more) + "}")};
}

inline ports::RunnerTask JqTask(std::string_view program, std::string_view more = "") {
  return {
      .task_id = "w.1",
      .task_type = "JSON_JQ_TRANSFORM",
      .input = core::Payload(R"({"queryExpression":)" + Quoted(program) + std::string(more) + "}")};
}

class RunnerTest : public ::testing::Test {
 protected:
  static ScriptRunnerOptions Options() {
    ScriptRunnerOptions options;
    options.host_command = {skald::testing::BinaryDir() / "skald", "script-host"};
    return options;
  }

  void Start(ScriptRunnerOptions options = Options()) {
    runner_ = std::make_unique<ScriptRunner>(std::move(options));
  }

  ports::RunnerResult Run(ports::RunnerTask task) {
    if (runner_ == nullptr) Start();
    Answer answer;
    runner_->Run(std::move(task), answer.Take());
    return answer.Wait();
  }

  // The output of a script that completes.
  std::string ValueOf(std::string_view script, std::string_view more = "") {
    return Expect(Run(InlineTask(script, more)));
  }
  std::string JqValueOf(std::string_view program, std::string_view more = "") {
    return Expect(Run(JqTask(program, more)));
  }

  std::deque<Answer> answers_;  // outlive the runner
  std::unique_ptr<ScriptRunner> runner_;

 private:
  static std::string Expect(const ports::RunnerResult& result) {
    EXPECT_EQ(result.status, core::TaskStatus::kCompleted) << result.reason;
    return std::string(result.output.text());
  }
};

}  // namespace skald::script
