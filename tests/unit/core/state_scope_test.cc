#include "engine/core/state_scope.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "tests/unit/core/saga_world.h"

namespace skald::core {
namespace {

class StateScopeTest : public testing::Test {
 protected:
  StateScopeTest()
      : world_(MustParse(R"({"name": "flow", "version": 4, "variables": {"v": [1]}, "tasks": [
            {"name": "charge_card", "taskReferenceName": "charge"},
            {"name": "ship", "taskReferenceName": "ship"}]})")) {
    world_.Start(R"({"order": {"id": 7}})");
    world_.Succeed("charge");
  }

  // What the expression gives, "null" when there is no such value.
  std::string Value(const std::string& expression) const {
    const absl::StatusOr<Template> compiled =
        Template::Compile("\"${" + expression + "}\"", "test");
    if (!compiled.ok()) return compiled.status().ToString();
    return compiled->Evaluate(StateScope(world_.definition(), world_.state()));
  }

  SagaWorld world_;
};

TEST_F(StateScopeTest, FindsTheWorkflowsFields) {
  EXPECT_EQ(Value("workflow.input.order.id"), "7");
  EXPECT_EQ(Value("workflow.variables.v[0]"), "1");
  EXPECT_EQ(Value("workflow.status"), "\"RUNNING\"");
  EXPECT_EQ(Value("workflow.workflowType"), "\"flow\"");
  EXPECT_EQ(Value("workflow.version"), "4");
  EXPECT_EQ(Value("workflow.schemaVersion"), "2");
  EXPECT_EQ(Value("workflow.workflowId"), "\"" + world_.state().id.ToString() + "\"");
  EXPECT_EQ(Value("workflow.output"), "{}");
}

TEST_F(StateScopeTest, FindsTheFieldsOfTheNewestAttempt) {
  EXPECT_EQ(Value("charge.output.task"), "1");
  EXPECT_EQ(Value("charge.status"), "\"COMPLETED\"");
  EXPECT_EQ(Value("charge.taskDefName"), "\"charge_card\"");
  EXPECT_EQ(Value("charge.referenceTaskName"), "\"charge\"");
  EXPECT_EQ(Value("charge.pollCount"), "1");
  EXPECT_EQ(Value("charge.workerId"), "\"worker\"");
  EXPECT_EQ(Value("charge.taskId"), "\"" + world_.state().id.ToString() + ".1\"");
}

TEST_F(StateScopeTest, GivesWholeEntries) {
  const std::string workflow = Value("workflow");
  const std::string task = Value("charge");

  EXPECT_NE(workflow.find("\"variables\":{\"v\": [1]}"), std::string::npos) << workflow;
  EXPECT_NE(task.find("\"output\":{\"task\":1}"), std::string::npos) << task;
  EXPECT_EQ(Value("charge.output"), "{\"task\":1}");
}

// conductor.md 3.13: all the fields of a task's entry, and what a scan finds in them.
TEST_F(StateScopeTest, EntriesHaveEveryField) {
  for (const char* field :
       {"input", "output", "taskType", "status", "referenceTaskName", "retryCount", "pollCount",
        "taskDefName", "scheduledTime", "startTime", "endTime", "workflowInstanceId", "taskId",
        "callbackAfterSeconds", "workerId", "iteration"}) {
    EXPECT_NE(Value(std::string("charge.") + field), "null") << field;
    EXPECT_NE(Value("charge").find(std::string("\"") + field + "\":"), std::string::npos) << field;
  }
  EXPECT_EQ(Value("charge..task"), "[1]");
  EXPECT_EQ(Value("workflow..id"), "[7]");
  EXPECT_EQ(Value("workflow['version','status']"), R"({"version":4,"status":"RUNNING"})");
  EXPECT_EQ(Value("workflow.input.order[?(@ == $.charge.output.task)]"), "[]");
  EXPECT_EQ(Value("workflow.variables.v[?(@ == $.charge.output.task)]"), "[1]");
}

TEST_F(StateScopeTest, KnowsTheOwnTaskAndTheEnvironment) {
  auto environment = std::make_shared<Environment>();
  environment->values = {{"REGION", "eu \"1\""}, {"CONFIG", R"( {"hosts":["a","b"]} )"}};
  Definition definition = world_.definition();
  definition.environment = environment;
  StateScope scope(definition, world_.state());
  scope.set_own_task(3);
  const auto value = [&](const std::string& expression) {
    return Template::Compile("\"${" + expression + "}\"", "test")->Evaluate(scope);
  };

  EXPECT_EQ(value("CPEWF_TASK_ID"), "\"" + world_.state().id.ToString() + ".3\"");
  EXPECT_EQ(value("CPEWF_TASK_ID.x"), "null");
  EXPECT_EQ(value("workflow.env.REGION"), R"("eu \"1\"")");
  EXPECT_EQ(value("REGION"), R"("eu \"1\"")");
  EXPECT_EQ(value("workflow.env.CONFIG.hosts[1]"), R"("b")");
  EXPECT_EQ(value("workflow.env.CONFIG..hosts[*]"), R"(["a","b"])");
  EXPECT_EQ(value("workflow.env.REGION.x"), "null");
  EXPECT_EQ(value("workflow.env.ZONE"), "null");
  EXPECT_EQ(Value("workflow.env.REGION"), "null");
  EXPECT_EQ(Value("CPEWF_TASK_ID"), "null");
}

TEST_F(StateScopeTest, WhatIsNotThereIsNull) {
  EXPECT_EQ(Value("workflow.correlationId"), "null");
  EXPECT_EQ(Value("workflow.parentWorkflowId"), "null");
  EXPECT_EQ(Value("workflow.nothing"), "null");
  EXPECT_EQ(Value("refund.output.x"), "null");
  EXPECT_EQ(Value("charge.nothing"), "null");
  EXPECT_EQ(Value("ship.workerId"), "null");
}

}  // namespace
}  // namespace skald::core
