// Rules about the names of scenario files: tests/scenarios/README.md ends in a table that says
// which section's rules stand in which files.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/tidy/source_file.h"

namespace skald::tidy {

// A row of the table.
struct ScenarioSection {
  std::string title;  // "2.18 JSON_JQ_TRANSFORM"
  std::vector<std::string>
      prefixes;           // of its files' names: "2.18", "PAR<n>"; none: it has no files
  std::string elsewhere;  // where else its rules are tested, and why there
  size_t line = 0;
};

// The rows of the table whose head begins with "| section |".
std::vector<ScenarioSection> ReadSections(std::string_view readme);

// `names`: of the scenario files, without folder and ending. Every name is `PREFIX_words` with a
// prefix of the table, every prefix has a file, what has no files says why, and sections 2.1
// to 2.22 and 3.1 to 3.20 of the reference have one row each.
Findings CheckScenarioNames(const std::string& readme_path, std::string_view readme,
                            const std::vector<std::string>& names);

}  // namespace skald::tidy
