#include "tests/bench/tool_scenario.h"

#include <utility>

#include "engine/base/status.h"
#include "tests/bench/child_process.h"

namespace skald::bench {

absl::StatusOr<Measurement> MeasureTool(const std::string& scenario,
                                        std::vector<std::string> command) {
  command.emplace_back("--report");
  ASSIGN_OR_RETURN(const auto tool, ChildProcess::Start({.command = std::move(command)}));
  ASSIGN_OR_RETURN(Report figures, tool->ReadReport());
  RETURN_IF_ERROR(tool->Wait());
  return Measurement{.scenario = scenario, .figures = std::move(figures)};
}

}  // namespace skald::bench
