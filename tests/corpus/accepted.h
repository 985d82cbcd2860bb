// The differences from the reference that are agreed to: accepted_differences.json, a list with one
// entry per definition and difference.
//
//   [{"definition": "conductor/….json#", "part": "status", "theirs": "OPEN", "ours": "FAILED: …",
//     "reason": "why ours is right"}]
//
// Every text is compared as a whole: there are no patterns. docs/conductor-differences.md is made
// from the list. Values; thread-safe. Errors: INVALID_ARGUMENT for a list of another form.
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
};

absl::StatusOr<std::vector<AcceptedDifference>> ParseAccepted(std::string_view text);

// The page for people, as Markdown.
std::string DescribeAccepted(const std::vector<AcceptedDifference>& accepted);

}  // namespace skald::corpus
