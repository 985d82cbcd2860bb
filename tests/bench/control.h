// The conversation between the bench and the processes it starts: lines over the child's standard
// input and output. The child says one line when it is ready; from then on each line in is one
// command and is answered by one line out. The end of standard input asks the child to leave.
//
// A report line is `key=value` pairs separated by spaces. Functions here are for the child's main
// thread.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace skald::bench {

using Report = std::map<std::string, double>;

std::string FormatReport(const Report& report);

// INVALID_ARGUMENT on anything but `key=number` pairs.
absl::StatusOr<Report> ParseReport(std::string_view line);

// Prints `ready` as a report and answers each command line with answer(command) until the end of
// standard input.
void ServeCommands(const Report& ready, const std::function<Report(std::string_view)>& answer);

}  // namespace skald::bench
