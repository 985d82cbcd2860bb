// Payloads reach `-o json` with every digit that they came with.
#include "engine/app/client_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace skald::app {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(ClientJsonTest, PayloadsKeepTheirDigits) {
  v1::Workflow workflow;
  workflow.set_input("{\"big\": 12345678901234567890123,\n \"price\": 1.50}");
  workflow.set_output(R"({"text":"a \" b  \\","n":1e2})");
  v1::Task& task = *workflow.add_tasks();
  task.set_output(R"([0.10])");
  const std::string json = WorkflowJson(workflow);
  EXPECT_THAT(json, HasSubstr(R"("input":{"big":12345678901234567890123,"price":1.50},)"));
  EXPECT_THAT(json, HasSubstr(R"("output":{"text":"a \" b  \\","n":1e2},"variables":null)"));
  EXPECT_THAT(json, HasSubstr(R"("output":[0.10],)"));
  EXPECT_THAT(json, Not(HasSubstr("\n")));
}

TEST(ClientJsonTest, WhatIsNoJsonIsShownAsText) {
  v1::HistoryEvent event;
  event.set_body("{\"a\":");
  EXPECT_EQ(EventJson(event), R"("{\"a\":")");
  event.set_body("{ \"a\": [1, 2.0] }");
  EXPECT_EQ(EventJson(event), R"({"a":[1,2.0]})");
}

TEST(ClientJsonTest, AWorkflowHasItsOwnTrace) {
  v1::Workflow workflow;
  EXPECT_THAT(WorkflowJson(workflow), Not(HasSubstr("trace")));
  workflow.mutable_trace()->set_traceparent("00-1-2-01");
  workflow.mutable_trace()->set_tracestate("a=b");
  EXPECT_THAT(WorkflowJson(workflow), HasSubstr(R"("traceparent":"00-1-2-01","tracestate":"a=b")"));
}

}  // namespace
}  // namespace skald::app
