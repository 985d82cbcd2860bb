#include "engine/telemetry/prometheus_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

namespace skald::telemetry {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr core::DurationUs kSecondUs = core::kSecondUs;

TEST(PrometheusMetricsTest, OpenWorkflowsAreShownByStatus) {
  PrometheusMetrics metrics;
  metrics.Open({.running = 7, .paused = 3, .sagas_parked = 2});
  EXPECT_THAT(metrics.Text(), AllOf(HasSubstr("skald_workflows{status=\"RUNNING\"} 7\n"),
                                    HasSubstr("skald_workflows{status=\"PAUSED\"} 3\n"),
                                    HasSubstr("skald_sagas_parked 2\n")));
  metrics.Open({});
  EXPECT_THAT(metrics.Text(), HasSubstr("skald_sagas_parked 0\n"));
}

TEST(PrometheusMetricsTest, QueueThatIsGoneIsEmpty) {
  PrometheusMetrics metrics;
  metrics.Queues({{"charge", {.depth = 5, .oldest_us = 3 * kSecondUs}}});
  EXPECT_THAT(metrics.Text(),
              AllOf(HasSubstr("skald_queue_depth{task_type=\"charge\"} 5\n"),
                    HasSubstr("skald_queue_age_seconds{task_type=\"charge\"} 3\n")));
  metrics.Queues({});
  EXPECT_THAT(metrics.Text(),
              AllOf(HasSubstr("skald_queue_depth{task_type=\"charge\"} 0\n"),
                    HasSubstr("skald_queue_age_seconds{task_type=\"charge\"} 0\n")));
}

// Types beyond the bound share one label: their tasks are added up there.
TEST(PrometheusMetricsTest, TypesBeyondTheBoundAreSummedUp) {
  PrometheusMetrics metrics;
  std::map<std::string, ports::QueueLoad> loads;
  for (int i = 1'000; i < 2'003; ++i) {
    loads["t" + std::to_string(i)] = {.depth = 2, .oldest_us = (i - 1'000) * kSecondUs};
  }
  metrics.Queues({loads.begin(), loads.end()});
  EXPECT_THAT(metrics.Text(),
              AllOf(HasSubstr("skald_queue_depth{task_type=\"other\"} 6\n"),
                    HasSubstr("skald_queue_age_seconds{task_type=\"other\"} 1002\n"),
                    Not(HasSubstr("t2000"))));
}

TEST(PrometheusMetricsTest, TaskThatWasNeverStartedTookNoTime) {
  PrometheusMetrics metrics;
  metrics.TaskEnded("charge", core::TaskStatus::kCanceled, std::nullopt);
  EXPECT_THAT(metrics.Text(), AllOf(HasSubstr("skald_tasks_ended_total{status=\"CANCELED\"} 1\n"),
                                    Not(HasSubstr("skald_step_seconds_count"))));
  metrics.TaskEnded("charge", core::TaskStatus::kCompleted, 2 * kSecondUs);
  EXPECT_THAT(metrics.Text(), AllOf(HasSubstr("skald_step_seconds_count{task_type=\"charge\"} 1\n"),
                                    HasSubstr("skald_step_seconds_sum{task_type=\"charge\"} 2\n")));
}

}  // namespace
}  // namespace skald::telemetry
