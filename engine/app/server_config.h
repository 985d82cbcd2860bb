// ServerConfig: the settings of `skald server` and `skald dev`.
//
// Each has a default, may stand in a file (--config; config_file.h), in the environment (SKALD_…)
// and on the command line; the later of these wins.
#pragma once

#include <cstdint>
#include <string>

#include "engine/app/call_config.h"
#include "engine/app/script_config.h"
#include "engine/core/definition.h"
#include "engine/runtime/engine.h"
#include <CLI/CLI.hpp>

namespace skald::app {

struct ServerConfig {
  std::string config_file;  // read by ReadConfigFile after the parse; empty = none
  std::string grpc_address = "127.0.0.1:8090";
  std::string http_address = "127.0.0.1:8080";
  std::string database_url;               // `skald server` only
  std::uint32_t wait_for_database_s = 0;  // `skald server` only
  std::string data_dir = ".skald";        // `skald dev` only
  std::string node_name = "skald";
  std::string log_level = "info";
  std::string unknown_outcome = "BARRIER";
  std::uint32_t node_lease_ms = 10'000;
  std::uint32_t task_lease_ms = 30'000;
  std::uint32_t park_after_ms = 5'000;
  std::uint32_t ping_interval_ms = 2'000;
  std::uint32_t stop_grace_ms = 5'000;
  std::string retention = "0";  // "90d", "36h"; "0" = for ever
  std::uint64_t batch_workflows_max = 2'000;
  std::uint64_t batch_bytes_max = 4 << 20;
  std::uint64_t inbox_max = 100'000;
  std::uint64_t uncommitted_bytes_max = 64 << 20;
  std::uint64_t active_workflows_max = 1'000'000;
  std::uint64_t queued_tasks_max = 1'000'000;
  std::uint64_t sessions_max = 10'000;
  std::uint64_t watches_max = 10'000;
  std::uint64_t blocking_threads = 8;
  CallConfig calls;
  ScriptConfig scripts;
  bool print_config = false;

  runtime::EngineOptions ToEngineOptions() const;
  core::DurationUs RetentionUs() const;
  core::UnknownPolicy UnknownDefault() const;
};

// Adds the options to a subcommand. `config` outlives it.
void AddServerOptions(CLI::App& command, ServerConfig& config);

}  // namespace skald::app
