// The differences from the reference that are agreed to: accepted_differences.json, a list with one
// entry per definition and difference.
//
//   [{"definition": "conductor/….json#", "part": "status", "theirs": "OPEN", "ours": "FAILED: …",
//     "reason": "why ours is right"}]
//
// Every text is compared as a whole: there are no patterns. `"sometimes": true` is for what hangs
// on the pace of two things beside each other, on the reference too: it need not occur. The last
// part of docs/conductor-differences.md is made from the list. Values; thread-safe. Errors:
// INVALID_ARGUMENT for a list of another form.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/corpus/compare.h"

namespace skald::corpus {

struct AcceptedDifference {
  std::string definition;  // Case::id
  Difference difference;
  std::string reason;
  bool sometimes = false;
};

absl::StatusOr<std::vector<AcceptedDifference>> ParseAccepted(std::string_view text);

// The page's part for people, as Markdown, from its headline on.
std::string DescribeAccepted(const std::vector<AcceptedDifference>& accepted);

// The page with that part in place of the one that it has; what stands before it stays.
std::string WithAccepted(std::string_view page, const std::vector<AcceptedDifference>& accepted);

}  // namespace skald::corpus
