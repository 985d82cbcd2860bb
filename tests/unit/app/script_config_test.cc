#include "engine/app/script_config.h"

#include <sstream>
#include <string>

#include "gtest/gtest.h"
#include <CLI/CLI.hpp>

namespace skald::app {
namespace {

ScriptConfig ParseScript(const std::string& line) {
  CLI::App app;
  ScriptConfig config;
  AddScriptOptions(app, config);
  app.parse(line);
  return config;
}

TEST(ScriptConfigTest, SettingsReachTheRunner) {
  const script::ScriptRunnerOptions options =
      ParseScript("--script-hosts 3 --script-time-limit-ms 250 --script-memory-mib 32").ToOptions();
  EXPECT_EQ(options.hosts, 3U);
  EXPECT_EQ(options.hosts_max, 7U);
  EXPECT_EQ(options.bounds.time_ms, 250U);
  EXPECT_EQ(options.bounds.memory_bytes, std::size_t{32} << 20);
  const script::ScriptRunnerOptions defaults = ParseScript("").ToOptions();
  EXPECT_EQ(defaults.hosts, script::kHosts);
  EXPECT_EQ(defaults.hosts_max, script::kHostsMax);
  EXPECT_EQ(defaults.bounds.time_ms, script::kEvaluationMsMax);
  EXPECT_EQ(defaults.bounds.memory_bytes, script::kMemoryBytesMax);
}

TEST(ScriptConfigTest, WhatIsOutOfBoundsIsRefused) {
  for (const char* line : {"--script-hosts 0", "--script-hosts 65", "--script-time-limit-ms 9",
                           "--script-time-limit-ms 60001", "--script-memory-mib 15"}) {
    EXPECT_THROW(ParseScript(line), CLI::ValidationError) << line;
  }
}

TEST(ScriptConfigTest, SettingsFileIsRead) {
  CLI::App app;
  ScriptConfig config;
  AddScriptOptions(app, config);
  std::istringstream text("script-hosts=5\nscript-memory-mib=128\n");
  app.parse_from_stream(text);
  EXPECT_EQ(config.hosts, 5U);
  EXPECT_EQ(config.memory_mib, 128U);
}

}  // namespace
}  // namespace skald::app
