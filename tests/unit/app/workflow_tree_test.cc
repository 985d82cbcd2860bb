// What the text form of a workflow says beside its steps.
#include "engine/app/workflow_tree.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace skald::app {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(WorkflowTreeTest, TheOutputIsOneLine) {
  v1::Workflow workflow;
  workflow.set_output("{\"a\": 1,\n\"b\": 1.50}");
  EXPECT_THAT(WorkflowTree(workflow, {}), HasSubstr("output: {\"a\":1,\"b\":1.50}\n"));
  workflow.set_output("{}");
  EXPECT_THAT(WorkflowTree(workflow, {}), Not(HasSubstr("output")));
}

TEST(WorkflowTreeTest, ALongOutputIsCutBetweenCharacters) {
  v1::Workflow workflow;
  const std::string start = "{\"a\":\"";
  const std::string letters(kOutputShownBytesMax - start.size() - 1, 'x');
  workflow.set_output(start + letters + "ü\"}");  // the bound falls into the ü
  EXPECT_THAT(WorkflowTree(workflow, {}), HasSubstr("output: " + start + letters + "…\n"));
}

TEST(WorkflowTreeTest, WhatIsLeftStandingIsToldAtTheEndOnly) {
  v1::Workflow workflow;
  workflow.add_unresolved("charge");
  for (const auto status : {v1::WORKFLOW_STATUS_RUNNING, v1::WORKFLOW_STATUS_PAUSED}) {
    workflow.set_status(status);
    EXPECT_THAT(WorkflowTree(workflow, {}), Not(HasSubstr("left standing")));
  }
  for (const auto status : {v1::WORKFLOW_STATUS_FAILED, v1::WORKFLOW_STATUS_TERMINATED,
                            v1::WORKFLOW_STATUS_TIMED_OUT, v1::WORKFLOW_STATUS_COMPLETED}) {
    workflow.set_status(status);
    EXPECT_THAT(WorkflowTree(workflow, {}), HasSubstr("left standing: charge\n"));
  }
}

}  // namespace
}  // namespace skald::app
