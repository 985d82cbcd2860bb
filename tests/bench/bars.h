// The bars that the figures have to pass, and the table in which a person reads them.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "tests/bench/measurement.h"

namespace skald::bench {

// One bar: what was asked, what was measured.
struct Verdict {
  std::string bar;
  std::string measured;
  bool passed = false;
};

// The bars for which `measurements` holds the figures.
std::vector<Verdict> Judge(const std::vector<Measurement>& measurements);

bool AllPassed(const std::vector<Verdict>& verdicts);

void PrintTable(const std::vector<Measurement>& measurements, std::ostream& out);
void PrintVerdicts(const std::vector<Verdict>& verdicts, std::ostream& out);

// The output file's text: {"scenarios": [{"scenario": NAME, KEY: NUMBER, …}]}.
std::string ToJson(const std::vector<Measurement>& measurements);

}  // namespace skald::bench
