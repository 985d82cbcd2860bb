// Stored histories of workflows that scenarios run. Test code; single-threaded.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace skald::testing {

// Writes the workflows of the scenarios whose path contains one of `names` into `folder`, and as
// many more as it takes until every kind of event is in some stored history. Returns the exit code.
int WriteScenarios(const std::filesystem::path& folder, const std::vector<std::string>& names);

}  // namespace skald::testing
