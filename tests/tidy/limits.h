// Rules about bounds: each has one name, in the code, in what refusals say and in the list of them.
#pragma once

#include <vector>

#include "tests/tidy/source_file.h"

namespace skald::tidy {

// Every bound of a header engine/*/limits.h (its name ends in Max, Ceiling or Kept) has a row in
// engine/app/limits_table.cc, of which docs/limits.md is made.
Findings CheckLimitsTable(const std::vector<SourceFile>& tree);

// FixedBound("kName", …) names the constant that it is given.
Findings CheckBoundNames(const SourceFile& file);

}  // namespace skald::tidy
