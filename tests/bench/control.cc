#include "tests/bench/control.h"

#include <iostream>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"

namespace skald::bench {

std::string FormatReport(const Report& report) {
  std::string line;
  for (const auto& [key, value] : report) {
    absl::StrAppendFormat(&line, "%s%s=%.12g", line.empty() ? "" : " ", key, value);
  }
  return line;
}

absl::StatusOr<Report> ParseReport(std::string_view line) {
  Report report;
  const absl::string_view text(line.data(), line.size());
  for (absl::string_view pair : absl::StrSplit(text, ' ', absl::SkipEmpty())) {
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(pair, absl::MaxSplits('=', 1));
    double value = 0;
    if (!absl::SimpleAtod(parts.second, &value)) {
      return absl::InvalidArgumentError(absl::StrCat("not a report line: '", text, "'"));
    }
    report[std::string(parts.first)] = value;
  }
  return report;
}

void ServeCommands(const Report& ready, const std::function<Report(std::string_view)>& answer) {
  std::cout << FormatReport(ready) << std::endl;
  std::string command;
  while (std::getline(std::cin, command)) {
    std::cout << FormatReport(answer(command)) << std::endl;
  }
}

}  // namespace skald::bench
