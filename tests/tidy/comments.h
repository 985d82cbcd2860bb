// Rules about comments and about the core's numbers.
#pragma once

#include "tests/tidy/source_file.h"

namespace skald::tidy {

// What is left to do is an issue, and the comment names it; there are no other words for it.
Findings CheckLeftovers(const SourceFile& file);

// A comment that is a statement is code that somebody did not delete.
Findings CheckCommentedOutCode(const SourceFile& file);

// In the core, time is a whole number: sums of floats differ by machine.
Findings CheckCoreTimeIsWhole(const SourceFile& file);

}  // namespace skald::tidy
