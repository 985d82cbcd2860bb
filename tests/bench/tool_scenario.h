// The tool scenarios: programs of the bench that measure one part by itself, without a server.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/bench/measurement.h"

namespace skald::bench {

// Runs `command` with --report and takes the one line it prints as the figures of `scenario`; what
// it says to people goes on to standard error. UNAVAILABLE when it ends without that line.
absl::StatusOr<Measurement> MeasureTool(const std::string& scenario,
                                        std::vector<std::string> command);

}  // namespace skald::bench
