// Runs every *.scenario file below tests/scenarios and compares the answers with those in the file.
//
//   scenario_test [--rewrite] [NAME…]     only files whose path contains a NAME
//
// --rewrite, or SKALD_REWRITE=1: writes the answers into the files instead; read the diff.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "tests/scenarios/scenario_file.h"

namespace {

using skald::scenarios::RunScenario;
using skald::scenarios::ScenarioResult;

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<std::string> LinesOf(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// From the first line that differs, a few lines of either.
void ShowDifference(const std::string& expected, const std::string& actual) {
  constexpr std::size_t kLinesShown = 12;
  const std::vector<std::string> old_lines = LinesOf(expected);
  const std::vector<std::string> new_lines = LinesOf(actual);
  std::size_t first = 0;
  while (first < old_lines.size() && first < new_lines.size() &&
         old_lines[first] == new_lines[first]) {
    ++first;
  }
  std::cout << "  first difference in line " << first + 1 << "\n";
  for (std::size_t i = first; i < std::min(first + kLinesShown, old_lines.size()); ++i) {
    std::cout << "  - " << old_lines[i] << "\n";
  }
  for (std::size_t i = first; i < std::min(first + kLinesShown, new_lines.size()); ++i) {
    std::cout << "  + " << new_lines[i] << "\n";
  }
}

bool Check(const std::filesystem::path& path, const std::string& folder, bool rewrite) {
  const std::string expected = ReadFile(path);
  const absl::StatusOr<ScenarioResult> result = RunScenario(expected, folder);
  if (!result.ok()) {
    std::cout << "FAILED " << path.string() << "\n  " << result.status() << "\n";
    return false;
  }
  if (rewrite && result->text != expected) std::ofstream(path) << result->text;
  const bool same = rewrite || result->text == expected;
  if (same && result->complaint.empty()) return true;
  std::cout << "FAILED " << path.string() << "\n";
  if (!same) ShowDifference(expected, result->text);
  std::cout << result->complaint;
  return false;
}

bool IsChosen(const std::string& path, const std::vector<std::string>& names) {
  return names.empty() || std::any_of(names.begin(), names.end(), [&](const std::string& name) {
           return path.find(name) != std::string::npos;
         });
}

}  // namespace

int main(int argc, char** argv) {
  const char* source = std::getenv("SKALD_SOURCE_DIR");
  const std::string folder = source == nullptr ? "." : source;
  const char* wish = std::getenv("SKALD_REWRITE");
  bool rewrite = wish != nullptr && std::string(wish) == "1";
  std::vector<std::string> names;
  for (int i = 1; i < argc; ++i) {
    if (std::string(argv[i]) == "--rewrite") {
      rewrite = true;
    } else {
      names.emplace_back(argv[i]);
    }
  }
  std::vector<std::filesystem::path> paths;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(folder + "/tests/scenarios")) {
    const bool chosen = IsChosen(entry.path().string(), names);
    if (entry.path().extension() == ".scenario" && chosen) paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  std::size_t failed = 0;
  for (const auto& path : paths) failed += Check(path, folder, rewrite) ? 0 : 1;
  std::cout << paths.size() - failed << " of " << paths.size() << " scenarios passed\n";
  // None at all means that they were not found.
  return failed == 0 && !paths.empty() ? 0 : 1;
}
