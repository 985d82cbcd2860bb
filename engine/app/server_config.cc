#include "engine/app/server_config.h"

#include <optional>

#include "absl/strings/numbers.h"
#include "absl/strings/string_view.h"
#include "engine/app/setting.h"
#include "engine/core/definition_parser.h"
#include "engine/core/limits.h"

namespace skald::app {
namespace {

// "90d", "36h" or "0"; nullopt for anything else and beyond ten years.
std::optional<core::DurationUs> ParseRetention(absl::string_view text) {
  if (text == "0") return 0;
  if (text.empty()) return std::nullopt;
  const core::DurationUs unit_us = text.back() == 'd'   ? 86'400 * core::kSecondUs
                                   : text.back() == 'h' ? 3'600 * core::kSecondUs
                                                        : 0;
  text.remove_suffix(1);
  core::DurationUs count = 0;
  if (unit_us == 0 || !absl::SimpleAtoi(text, &count)) return std::nullopt;
  if (count < 1 || count > core::kDurationSecondsMax * core::kSecondUs / unit_us) {
    return std::nullopt;
  }
  return count * unit_us;
}

std::string CheckRetention(const std::string& text) {
  return ParseRetention(text).has_value()
             ? ""
             : "days or hours expected, as 90d or 36h, at most ten years; 0 for ever";
}

void AddBounds(CLI::App& command, ServerConfig& config) {
  AddSetting(command, "batch-workflows-max", config.batch_workflows_max,
             "Workflows written by one commit at most")
      ->check(CLI::Range(1, 100'000));
  AddSetting(command, "batch-bytes-max", config.batch_bytes_max,
             "Bytes written by one commit, about")
      ->check(CLI::Range(std::uint64_t{64} << 10, std::uint64_t{256} << 20));
  AddSetting(command, "inbox-max", config.inbox_max, "Requests waiting for a decision")
      ->check(CLI::Range(100, 10'000'000));
  AddSetting(command, "uncommitted-bytes-max", config.uncommitted_bytes_max,
             "Bytes decided and not yet durable")
      ->check(CLI::Range(std::uint64_t{1} << 20, std::uint64_t{4} << 30));
  AddSetting(command, "active-workflows-max", config.active_workflows_max, "Workflows in memory")
      ->check(CLI::Range(1, 100'000'000));
  AddSetting(command, "queued-tasks-max", config.queued_tasks_max,
             "Ready tasks waiting for workers")
      ->check(CLI::Range(1, 100'000'000));
  AddSetting(command, "sessions-max", config.sessions_max, "Worker streams")
      ->check(CLI::Range(1, 1'000'000));
  AddSetting(command, "watches-max", config.watches_max, "Streams of watchers")
      ->check(CLI::Range(1, 1'000'000));
  AddSetting(command, "blocking-threads", config.blocking_threads,
             "Threads for reads and registrations at the database")
      ->check(CLI::Range(1, 256));
}

}  // namespace

void AddServerOptions(CLI::App& command, ServerConfig& config) {
  command
      .add_option("--config", config.config_file,
                  "File with settings, one name=value a line; environment and flags go before it")
      ->envname("SKALD_CONFIG")
      ->configurable(false);
  AddSetting(command, "grpc-address", config.grpc_address, "host:port of the gRPC API");
  AddSetting(command, "http-address", config.http_address, "host:port of health and metrics");
  AddSetting(command, "node-name", config.node_name,
             "Name of this node; a process that starts under it takes over from an earlier one");
  AddSetting(command, "log-level", config.log_level, "debug, info, warn, error or off")
      ->check(CLI::IsMember({"debug", "info", "warn", "error", "off"}));
  AddSetting(command, "node-lease-ms", config.node_lease_ms,
             "How long a silent node keeps its shards")
      ->check(CLI::Range(1'000, 600'000));
  AddSetting(command, "task-lease-ms", config.task_lease_ms,
             "How long a worker keeps a task without a heartbeat, unless it says otherwise")
      ->check(CLI::Range(1'000, 3'600'000));
  AddSetting(command, "park-after-ms", config.park_after_ms,
             "A workflow that waits at least this long leaves memory")
      ->check(CLI::Range(0, 86'400'000));
  AddSetting(command, "ping-interval-ms", config.ping_interval_ms,
             "Pings on worker streams; three missed end a stream")
      ->check(CLI::Range(100, 60'000));
  AddSetting(command, "stop-grace-ms", config.stop_grace_ms,
             "How long a stopping server lets calls and workers finish")
      ->check(CLI::Range(0, 600'000));
  AddSetting(command, "retention", config.retention,
             "How long workflows are kept after their end: days or hours as 90d or 36h, 0 for ever")
      ->check(CheckRetention, "RETENTION");
  AddSetting(command, "unknown-outcome", config.unknown_outcome,
             "What becomes of a step of unknown outcome where neither it nor its workflow says so: "
             "COMPENSATE, PROBE (where it has a probe), PARK, or BARRIER: COMPENSATE if its worker "
             "has the barrier, else PARK. Holds for workflows that start from now on")
      ->check(CLI::IsMember({"BARRIER", "COMPENSATE", "PROBE", "PARK"}));
  AddBounds(command, config);
  AddCallOptions(command, config.calls);
  AddScriptOptions(command, config.scripts);
  command
      .add_flag("--print-config", config.print_config,
                "Print the settings in force, as a file for --config, and exit")
      ->configurable(false);
}

core::DurationUs ServerConfig::RetentionUs() const { return ParseRetention(retention).value_or(0); }

core::UnknownPolicy ServerConfig::UnknownDefault() const {
  return core::ParseUnknownPolicy(unknown_outcome).value_or(core::UnknownPolicy::kByBarrier);
}

runtime::EngineOptions ServerConfig::ToEngineOptions() const {
  runtime::EngineOptions options;
  options.node_id = node_name;
  options.node_lease_us = core::DurationUs{node_lease_ms} * core::kMillisecondUs;
  options.default_task_lease_us = core::DurationUs{task_lease_ms} * core::kMillisecondUs;
  options.park_after_us = core::DurationUs{park_after_ms} * core::kMillisecondUs;
  options.batch_workflows_max = batch_workflows_max;
  options.batch_bytes_max = batch_bytes_max;
  options.inbox_max = inbox_max;
  options.uncommitted_bytes_max = uncommitted_bytes_max;
  options.active_workflows_max = active_workflows_max;
  options.queued_tasks_max = queued_tasks_max;
  options.sessions_max = sessions_max;
  options.watches_max = watches_max;
  options.retention_us = RetentionUs();
  return options;
}

}  // namespace skald::app
