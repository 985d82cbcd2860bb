// skald_bench_driver: the client of the engine's measurements; skald_bench starts it.
//
//   skald_bench_driver ADDRESS SCENARIO   keeps workflows of a scenario running
//   skald_bench_driver ADDRESS parked     on command fills the engine with sleeping workflows:
//                                         `ready`, `start N` and `parked N` answer when it is so
//   skald_bench_driver ADDRESS timers     on command has it wait: `burst KIND N`, `single KIND N`
#include <iostream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "engine/base/status.h"
#include "tests/bench/control.h"
#include "tests/bench/engine_client.h"
#include "tests/bench/engine_driver.h"
#include "tests/bench/parked_client.h"
#include "tests/bench/scenario.h"
#include "tests/bench/timers_client.h"

namespace skald::bench {
namespace {

absl::Status Drive(const std::string& address, const std::string& scenario_name) {
  ASSIGN_OR_RETURN(const Scenario scenario, FindScenario(scenario_name));
  ASSIGN_OR_RETURN(const auto driver, EngineDriver::Begin(address, scenario));
  ServeCommands({{"ready", 1}}, [&](std::string_view) { return driver->TakeReport(); });
  return absl::OkStatus();
}

absl::Status RunParkedCommand(ParkedClient& client, std::string_view command) {
  const std::string text(command);
  uint32_t count = 0;
  if (text == "ready") {
    return client.AwaitReady();
  }
  if (absl::SimpleAtoi(absl::StripPrefix(text, "start "), &count)) {
    return client.Start(count);
  }
  if (absl::SimpleAtoi(absl::StripPrefix(text, "parked "), &count)) {
    return client.AwaitParked(count).status();
  }
  return absl::InvalidArgumentError("no command '" + text + "'");
}

absl::Status DriveParked(const std::string& address) {
  ParkedClient client(address);
  ServeCommands({{"ready", 1}}, [&](std::string_view command) {
    const absl::Status status = RunParkedCommand(client, command);
    if (!status.ok()) {
      std::cerr << "skald_bench_driver: " << command << ": " << status << std::endl;
    }
    return Report{{"ok", status.ok() ? 1.0 : 0.0}};
  });
  return absl::OkStatus();
}

absl::StatusOr<Report> RunTimersCommand(TimersClient& client, std::string_view command) {
  static const std::map<std::string, TimerKind> kKinds = {
      {"wait", TimerKind::kWait},
      {"poll_timeout", TimerKind::kPollTimeout},
      {"workflow_timeout", TimerKind::kWorkflowTimeout}};
  const std::vector<std::string> words = absl::StrSplit(std::string(command), ' ');
  std::uint32_t count = 0;
  if (words.size() != 3 || !kKinds.contains(words[1]) || !absl::SimpleAtoi(words[2], &count)) {
    return absl::InvalidArgumentError("no command '" + std::string(command) + "'");
  }
  const TimerKind kind = kKinds.at(words[1]);
  return words[0] == "single" ? client.Singles(kind, count) : client.Burst(kind, count);
}

absl::Status DriveTimers(const std::string& address) {
  RETURN_IF_ERROR(AwaitServing(address));
  TimersClient client(address);
  ServeCommands({{"ready", 1}}, [&](std::string_view command) {
    absl::StatusOr<Report> report = RunTimersCommand(client, command);
    if (!report.ok()) {
      std::cerr << "skald_bench_driver: " << command << ": " << report.status() << std::endl;
      return Report{{"ok", 0.0}};
    }
    (*report)["ok"] = 1;
    return *std::move(report);
  });
  return absl::OkStatus();
}

}  // namespace
}  // namespace skald::bench

int main(int argc, char** argv) {
  constexpr int kArguments = 3;
  if (argc != kArguments) {
    std::cerr << "usage: skald_bench_driver ADDRESS SCENARIO" << std::endl;
    return 2;
  }
  const std::string scenario = argv[2];
  const absl::Status status = scenario == "parked"   ? skald::bench::DriveParked(argv[1])
                              : scenario == "timers" ? skald::bench::DriveTimers(argv[1])
                                                     : skald::bench::Drive(argv[1], scenario);
  if (!status.ok()) {
    std::cerr << "skald_bench_driver: " << status << std::endl;
    return 1;
  }
  return 0;
}
