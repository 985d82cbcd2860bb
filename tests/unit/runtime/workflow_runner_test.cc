// GET_WORKFLOW and UPDATE_TASK steps, carried out on the loop that runs them.
#include "engine/runtime/workflow_runner.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "engine/core/json_scan.h"
#include "tests/unit/runtime/loop_fixture.h"

namespace skald::runtime {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class WorkflowRunnerTest : public LoopFixture {
 protected:
  static constexpr char kHuman[] = R"({"name":"h","taskReferenceName":"h","type":"HUMAN"})";

  void BootWithRunner() {
    Boot();
    runner_ = std::make_unique<WorkflowRunner>(*loop_, *journal_,
                                               [this](std::int64_t id) { return ById(id); });
  }
  ports::RunnerResult Run(const std::string& type, const std::string& input,
                          const std::string& name_space = "default") {
    auto result = std::make_shared<std::optional<ports::RunnerResult>>();
    runner_->Run({.name_space = name_space,
                  .task_id = "w.1",
                  .task_type = type,
                  .input = core::Payload(input)},
                 [result](ports::RunnerResult told) { *result = std::move(told); });
    Settle();
    EXPECT_TRUE(result->has_value());
    return result->value_or(ports::RunnerResult{});
  }

  std::unique_ptr<WorkflowRunner> runner_;
};

TEST_F(WorkflowRunnerTest, UpdateEndsATaskOfAnotherWorkflowOnce) {
  const auto definition = Define(kHuman);
  BootWithRunner();
  const std::string id = Start(definition)->id.ToString();
  Settle();
  const std::string input =
      absl::StrCat(R"({"workflowId":")", id,
                   R"(","taskRefName":"h","taskStatus":"COMPLETED","taskOutput":{"ok":true}})");
  EXPECT_EQ(Run("UPDATE_TASK", input).output.text(),
            absl::StrCat(R"({"workflowId":")", id, R"(","changed":true})"));
  const ports::RunnerResult shown = Run("GET_WORKFLOW", absl::StrCat(R"({"id":")", id, R"("})"));
  EXPECT_EQ(shown.status, core::TaskStatus::kCompleted);
  EXPECT_EQ(*core::FindMember(shown.output.text(), "status"), R"("COMPLETED")");
  EXPECT_EQ(*core::FindMember(shown.output.text(), "output"), R"({"ok":true})");
  EXPECT_FALSE(core::FindMember(shown.output.text(), "tasks").has_value());
}

TEST_F(WorkflowRunnerTest, UpdateTakesATaskByItsId) {
  const auto definition = Define(kHuman);
  BootWithRunner();
  const std::string id = Start(definition)->id.ToString();
  Settle();
  const std::string input =
      absl::StrCat(R"({"taskId":")", id, R"(.1","taskStatus":"FAILED_WITH_TERMINAL_ERROR",)",
                   R"("reasonForIncompletion":"refused"})");
  EXPECT_EQ(Run("UPDATE_TASK", input).status, core::TaskStatus::kCompleted);
  const auto result =
      Run("GET_WORKFLOW", absl::StrCat(R"({"id":")", id, R"(","includeTasks":true})"));
  EXPECT_EQ(*core::FindMember(result.output.text(), "status"), R"("FAILED")");
  EXPECT_THAT(std::string(*core::FindMember(result.output.text(), "tasks")), HasSubstr("refused"));
}

TEST_F(WorkflowRunnerTest, UpdateSaysHowFarATaskIsOrThatItIsNotToBeDone) {
  const auto definition = Define(kHuman);
  BootWithRunner();
  const std::string id = Start(definition)->id.ToString();
  Settle();
  const std::string of = absl::StrCat(R"({"workflowId":")", id, R"(","taskRefName":"h",)");
  const auto update = [&](const std::string& rest) { return Run("UPDATE_TASK", of + rest); };
  const auto shown = [&] {
    const auto told =
        Run("GET_WORKFLOW", absl::StrCat(R"({"id":")", id, R"(","includeTasks":true})"));
    return std::string(told.output.text());
  };
  const std::string far = R"("taskStatus":"IN_PROGRESS","taskOutput":{"half":1},)";
  EXPECT_EQ(update(far + R"("callbackAfterSeconds":30})").status, core::TaskStatus::kCompleted);
  EXPECT_THAT(shown(), AllOf(HasSubstr("RUNNING"), HasSubstr(R"({"half":1})")));
  EXPECT_THAT(update(far + R"("callbackAfterSeconds":-1})").reason,
              HasSubstr("callbackAfterSeconds"));
  EXPECT_EQ(update(R"("taskStatus":"CANCELED"})").status, core::TaskStatus::kCompleted);
  EXPECT_THAT(shown(), HasSubstr("TERMINATED"));
}

TEST_F(WorkflowRunnerTest, WhatCannotBeDoneFailsTheTask) {
  const auto definition = Define(kHuman);
  BootWithRunner();
  const std::string id = Start(definition)->id.ToString();
  Settle();
  const auto refused = [&](const std::string& type, const std::string& input,
                           const std::string& name_space = "default") {
    const ports::RunnerResult result = Run(type, input, name_space);
    EXPECT_NE(result.status, core::TaskStatus::kCompleted) << input;
    EXPECT_EQ(result.effect, core::Effect::kNone);
    return result.reason;
  };
  const std::string get = absl::StrCat(R"({"id":")", id, R"("})");
  EXPECT_THAT(refused("GET_WORKFLOW", "{}"), HasSubstr("id:"));
  EXPECT_THAT(refused("GET_WORKFLOW", get, "other"), HasSubstr("no such workflow"));
  EXPECT_THAT(refused("GET_WORKFLOW", R"({"id":"0192f3a0-7c1e-7000-8000-0123456789ab"})"),
              HasSubstr("no such workflow"));
  const std::string of = absl::StrCat(R"({"workflowId":")", id, R"(",)");
  EXPECT_THAT(refused("UPDATE_TASK", of + R"("taskStatus":"COMPLETED"})"), HasSubstr("taskId"));
  EXPECT_THAT(refused("UPDATE_TASK", of + R"("taskRefName":"h","taskStatus":"DONE"})"),
              HasSubstr("taskStatus"));
  EXPECT_THAT(refused("UPDATE_TASK", of + R"("taskRefName":"x","taskStatus":"COMPLETED"})"),
              HasSubstr("no step x"));
  EXPECT_THAT(refused("UPDATE_TASK", R"({"taskId":"7","taskStatus":"COMPLETED"})"),
              HasSubstr("taskId"));
  EXPECT_THAT(
      refused("UPDATE_TASK", of + R"("taskRefName":"h","taskStatus":"COMPLETED"})", "other"),
      HasSubstr("no such workflow"));
}

TEST_F(WorkflowRunnerTest, WhatIsUnderWayIsAnsweredAtTheEnd) {
  const auto definition = Define(kHuman);
  BootWithRunner();
  const std::string id = Start(definition)->id.ToString();
  Settle();
  auto result = std::make_shared<std::optional<ports::RunnerResult>>();
  runner_->Run({.name_space = "default",
                .task_type = "GET_WORKFLOW",
                .input = core::Payload(absl::StrCat(R"({"id":")", id, R"("})"))},
               [result](ports::RunnerResult told) { *result = std::move(told); });
  runner_ = nullptr;
  ASSERT_TRUE(result->has_value());
  EXPECT_THAT((*result)->reason, HasSubstr("stopping"));
  Settle();
}

}  // namespace
}  // namespace skald::runtime
