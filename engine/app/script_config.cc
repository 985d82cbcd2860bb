#include "engine/app/script_config.h"

#include "engine/app/setting.h"

namespace skald::app {

script::ScriptRunnerOptions ScriptConfig::ToOptions() const {
  script::ScriptRunnerOptions options;
  options.hosts = hosts;
  options.hosts_max = HostsMax();
  options.bounds.time_ms = static_cast<std::uint32_t>(time_limit_ms);
  options.bounds.memory_bytes = memory_mib << 20;
  return options;
}

void AddScriptOptions(CLI::App& command, ScriptConfig& config) {
  AddSetting(command, "script-hosts", config.hosts,
             "Processes that evaluate scripts and jq programs; a few more while slow ones hold "
             "others up")
      ->check(CLI::Range(1, 64));
  AddSetting(command, "script-time-limit-ms", config.time_limit_ms,
             "How long one script or jq program may take")
      ->check(CLI::Range(10, 60'000));
  AddSetting(command, "script-memory-mib", config.memory_mib,
             "Memory of one script or jq program, in MiB")
      ->check(CLI::Range(16, 4'096));
}

}  // namespace skald::app
