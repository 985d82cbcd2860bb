#include "workers/sdk/wire.h"

#include "gtest/gtest.h"

namespace skald::sdk {
namespace {

TaskData TracedTask() {
  TaskData task;
  task.task_id = "t";
  task.traceparent = "00-1-2-01";
  task.tracestate = "vendor=x";
  return task;
}

TEST(WireTest, AResultBringsTheTasksTraceContextBack) {
  const v1::TaskResult message = ToProto(TracedTask(), Result::Completed());
  EXPECT_EQ(message.trace().traceparent(), "00-1-2-01");
  EXPECT_EQ(message.trace().tracestate(), "vendor=x");
}

TEST(WireTest, AResultBringsItsOwnTraceContextInstead) {
  const v1::TaskResult message = ToProto(TracedTask(), Result::Failed("no").WithTrace("00-1-3-01"));
  EXPECT_EQ(message.trace().traceparent(), "00-1-3-01");
  EXPECT_EQ(message.trace().tracestate(), "");
}

TEST(WireTest, WithoutATraceContextNoneIsSent) {
  EXPECT_FALSE(ToProto(TaskData(), Result::Completed()).has_trace());
}

}  // namespace
}  // namespace skald::sdk
