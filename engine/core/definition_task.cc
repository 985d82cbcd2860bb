#include "engine/core/definition_task.h"

#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/core/limits.h"
#include "engine/core/schema_rules.h"
#include "engine/core/task_limits.h"

namespace skald::core {
namespace {

constexpr std::int64_t kIntMax = std::numeric_limits<std::int32_t>::max();

std::string MustBePositive(std::string_view field) {
  return absl::StrCat("TaskDef ", std::string(field), ": 0 must be >= 0");
}

// The reference checks how the bounds relate in registered definitions only, not in embedded ones.
void Relation(const Fields& fields, std::string_view key, DefinitionOrigin origin,
              std::string message) {
  if (origin == DefinitionOrigin::kRegistered) {
    fields.Add(key, std::move(message));
  } else {
    fields.Warn(key, std::move(message));
  }
}

void ReadTimeouts(const Fields& fields, DefinitionOrigin origin, TaskDefinition& task) {
  task.timeout_us = fields.Seconds("timeoutSeconds").value_or(0);
  task.poll_timeout_us =
      fields.Seconds("pollTimeoutSeconds", MustBePositive("pollTimeoutSeconds")).value_or(0);
  task.total_timeout_us =
      fields.Seconds("totalTimeoutSeconds", MustBePositive("totalTimeoutSeconds")).value_or(0);
  const auto response = fields.Integer("responseTimeoutSeconds");
  if (response.has_value() && (*response < 1 || *response > kDurationSecondsMax)) {
    fields.Add("responseTimeoutSeconds",
               absl::StrCat("TaskDef responseTimeoutSeconds: ", *response,
                            *response < 1 ? " should be minimum 1 second" : " is too long"));
    return;
  }
  if (response.has_value()) task.response_timeout_us = *response * kSecondUs;
  // The default of an hour does not stand in the way of a shorter timeoutSeconds.
  if (response.has_value() && task.timeout_us > 0 && task.response_timeout_us >= task.timeout_us) {
    Relation(fields, "responseTimeoutSeconds", origin,
             absl::StrCat("TaskDef: ", task.name, " responseTimeoutSeconds: ", *response,
                          " must be less than timeoutSeconds: ", task.timeout_us / kSecondUs));
  }
  if (task.total_timeout_us > 0 && task.timeout_us > task.total_timeout_us) {
    Relation(fields, "timeoutSeconds", origin,
             absl::StrCat("TaskDef: ", task.name, " timeoutSeconds: ", task.timeout_us / kSecondUs,
                          " must be less than or equal to totalTimeoutSeconds: ",
                          task.total_timeout_us / kSecondUs));
  }
}

std::int32_t ReadBound(const Fields& fields, std::string_view key, std::int64_t high) {
  return static_cast<std::int32_t>(fields.IntegerIn(key, 0, high).value_or(0));
}

// concurrencyKey and concurrentExecLimitPerKey are fields of Skald's own.
TaskLimits ReadLimits(const Fields& fields) {
  TaskLimits limits;
  limits.places = ReadBound(fields, "concurrentExecLimit", kLimitPlacesMax);
  limits.places_per_key = ReadBound(fields, "concurrentExecLimitPerKey", kLimitPlacesMax);
  limits.key = fields.Name("concurrencyKey");
  if (limits.places_per_key > 0 && limits.key.empty()) {
    fields.Add("concurrentExecLimitPerKey",
               "needs concurrencyKey: where in the task's input the key stands");
  }
  if (limits.places_per_key == 0 && !limits.key.empty()) {
    fields.Add("concurrencyKey", "needs concurrentExecLimitPerKey of at least 1");
  }
  if (!limits.key.empty() && !IsInputPath(limits.key)) {
    fields.Add("concurrencyKey",
               "must be names of input parameters joined by '.', such as customer.id");
  }
  limits.starts = ReadBound(fields, "rateLimitPerFrequency", kLimitStartsMax);
  const auto window = fields.Seconds("rateLimitFrequencyInSeconds");
  limits.window_us = window.value_or(kSecondUs);
  // As on the reference, a window of no length bounds nothing.
  if (limits.starts == 0 || limits.window_us == 0) limits.starts = limits.window_us = 0;
  return limits;
}

// Fields of Conductor that are kept and shown but do not act in this release.
void WarnOfIdleFields(const Fields& fields) {
  for (const std::string_view key : {"isolationGroupId", "executionNameSpace"}) {
    if (!fields.Text(key).empty()) fields.Warn(key, "is kept, but does not act in this release");
  }
}

}  // namespace

RetryPolicy DefaultUndoRetry() {
  return RetryPolicy{.retry_count = 24,  // after the first: 25 attempts
                     .logic = RetryLogic::kExponentialBackoff,
                     .delay_us = kSecondUs,
                     .delay_us_max = 300 * kSecondUs,
                     .jitter_us_max = 500 * kMillisecondUs};
}

TaskDefinition DefaultTaskDefinition(std::string name) {
  TaskDefinition task;
  task.name = std::move(name);
  return task;
}

RetryPolicy ReadRetry(const Fields& fields, RetryPolicy otherwise, std::int64_t retry_count_min) {
  RetryPolicy retry = otherwise;
  const auto count = fields.IntegerIn("retryCount", retry_count_min, kRetryCountMax,
                                      retry_count_min == 0 ? MustBePositive("retryCount") : "");
  if (count.has_value()) retry.retry_count = static_cast<std::int32_t>(*count);
  retry.logic = fields.Choice("retryLogic", retry.logic,
                              {{"FIXED", RetryLogic::kFixed},
                               {"EXPONENTIAL_BACKOFF", RetryLogic::kExponentialBackoff},
                               {"LINEAR_BACKOFF", RetryLogic::kLinearBackoff}});
  retry.delay_us = fields.Seconds("retryDelaySeconds").value_or(retry.delay_us);
  retry.delay_us_max =
      fields.Seconds("maxRetryDelaySeconds", MustBePositive("maxRetryDelaySeconds"))
          .value_or(retry.delay_us_max);
  const auto jitter_ms =
      fields.IntegerIn("backoffJitterMs", 0, kIntMax, MustBePositive("backoffJitterMs"));
  if (jitter_ms.has_value()) retry.jitter_us_max = *jitter_ms * kMillisecondUs;
  const auto scale = fields.IntegerIn("backoffScaleFactor", 1, kIntMax,
                                      "Backoff scale factor. Applicable for LINEAR_BACKOFF");
  if (scale.has_value()) retry.backoff_scale_factor = static_cast<std::int32_t>(*scale);
  return retry;
}

TaskDefinition ReadTaskDefinition(const Fields& fields, std::string_view source,
                                  const std::string& name_otherwise, DefinitionOrigin origin) {
  TaskDefinition task;
  task.name = fields.Name("name");
  if (task.name.empty()) task.name = name_otherwise;
  if (task.name.empty()) fields.Add("name", "TaskDef name cannot be null or empty");
  task.retry = ReadRetry(fields, task.retry, 0);
  task.timeout_policy = fields.Choice("timeoutPolicy", task.timeout_policy,
                                      {{"RETRY", TimeoutPolicy::kRetry},
                                       {"TIME_OUT_WF", TimeoutPolicy::kTimeOutWorkflow},
                                       {"ALERT_ONLY", TimeoutPolicy::kAlertOnly}});
  ReadTimeouts(fields, origin, task);
  if (const auto input = fields.Object("inputTemplate"); input.has_value()) {
    task.input_template = Payload(std::string(*input));
  }
  if (const std::string undo = fields.Name("compensateWith"); !undo.empty()) {
    task.compensate_with = Undo{.task_type = undo, .retry = DefaultUndoRetry()};
  }
  task.limits = ReadLimits(fields);
  WarnOfIdleFields(fields);
  task.schemas = ReadSchemas(fields, false, origin == DefinitionOrigin::kRegistered);
  task.source = Payload(std::string(source));
  return task;
}

}  // namespace skald::core
