// ScriptConfig: the settings of scripts and jq programs, and of the processes that run them.
#pragma once

#include <cstdint>

#include "engine/script/script_runner.h"
#include <CLI/CLI.hpp>

namespace skald::app {

struct ScriptConfig {
  std::uint64_t hosts = script::kHosts;
  std::uint64_t time_limit_ms = script::kEvaluationMsMax;
  std::uint64_t memory_mib = script::kMemoryBytesMax >> 20;

  // Processes with those that are started past slow scripts.
  std::uint64_t HostsMax() const { return hosts + script::kHostsMax - script::kHosts; }
  script::ScriptRunnerOptions ToOptions() const;
};

// Adds the options to a subcommand. `config` outlives it.
void AddScriptOptions(CLI::App& command, ScriptConfig& config);

}  // namespace skald::app
