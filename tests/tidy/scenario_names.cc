#include "tests/tidy/scenario_names.h"

#include <algorithm>
#include <cctype>
#include <map>

#include "fmt/format.h"

namespace skald::tidy {
namespace {

constexpr std::string_view kTableHead = "| section |";
constexpr std::string_view kNumber = "<n>";
constexpr std::string_view kSaga = "saga_";
constexpr int kStepTypeSections = 22;
constexpr int kExecutionSections = 20;

std::string Stripped(std::string_view text) {
  const size_t begin = text.find_first_not_of(' ');
  if (begin == std::string_view::npos) return "";
  return std::string(text.substr(begin, text.find_last_not_of(' ') - begin + 1));
}

// The cells between the bars of a row.
std::vector<std::string> CellsOf(std::string_view line) {
  std::vector<std::string> cells;
  size_t begin = 1;
  for (size_t bar = line.find('|', begin); bar != std::string_view::npos;
       bar = line.find('|', begin)) {
    cells.push_back(Stripped(line.substr(begin, bar - begin)));
    begin = bar + 1;
  }
  return cells;
}

// What stands between pairs of backticks.
std::vector<std::string> QuotedIn(std::string_view cell) {
  std::vector<std::string> quoted;
  for (size_t begin = cell.find('`'); begin != std::string_view::npos;
       begin = cell.find('`', begin)) {
    const size_t end = cell.find('`', begin + 1);
    if (end == std::string_view::npos) break;
    quoted.emplace_back(cell.substr(begin + 1, end - begin - 1));
    begin = end + 1;
  }
  return quoted;
}

// What stands before the rule: "2.18", "saga_2.3", "PAR8"; empty when the name has no such form.
std::string_view PrefixOf(std::string_view name) {
  const size_t from = name.starts_with(kSaga) ? kSaga.size() : 0;
  const size_t end = name.find('_', from);
  return end == std::string_view::npos || end + 1 == name.size() ? "" : name.substr(0, end);
}

bool Fits(std::string_view prefix, std::string_view pattern) {
  if (!pattern.ends_with(kNumber)) return prefix == pattern;
  const std::string_view fixed = pattern.substr(0, pattern.size() - kNumber.size());
  if (!prefix.starts_with(fixed) || prefix.size() == fixed.size()) return false;
  const std::string_view number = prefix.substr(fixed.size());
  return std::all_of(number.begin(), number.end(),
                     [](unsigned char c) { return std::isdigit(c) != 0; });
}

bool AnyFits(const std::vector<std::string>& names, std::string_view pattern) {
  return std::any_of(names.begin(), names.end(),
                     [pattern](const std::string& name) { return Fits(PrefixOf(name), pattern); });
}

}  // namespace

std::vector<ScenarioSection> ReadSections(std::string_view readme) {
  std::vector<ScenarioSection> sections;
  bool in_table = false;
  size_t number = 0;
  for (const std::string_view line : Lines(readme)) {
    ++number;
    const bool head = line.starts_with(kTableHead);
    in_table = head || (in_table && line.starts_with("|"));
    if (!in_table || head || line.starts_with("|--")) continue;
    const std::vector<std::string> cells = CellsOf(line);
    if (cells.size() < 3) continue;
    sections.push_back(
        {.title = cells[0], .prefixes = QuotedIn(cells[1]), .elsewhere = cells[2], .line = number});
  }
  return sections;
}

Findings CheckScenarioNames(const std::string& readme_path, std::string_view readme,
                            const std::vector<std::string>& names) {
  Findings findings;
  std::map<std::string, int> rows;
  std::vector<std::string> patterns;
  for (const ScenarioSection& section : ReadSections(readme)) {
    ++rows[section.title.substr(0, section.title.find(' '))];
    if (section.prefixes.empty() && section.elsewhere.empty()) {
      findings.push_back({readme_path, section.line,
                          fmt::format("{} has neither files nor a reason", section.title)});
    }
    for (const std::string& pattern : section.prefixes) {
      patterns.push_back(pattern);
      if (AnyFits(names, pattern)) continue;
      findings.push_back(
          {readme_path, section.line,
           fmt::format("no scenario is named {}_…: write one, or say why not", pattern)});
    }
  }
  for (const auto& [chapter, sections] :
       {std::pair(2, kStepTypeSections), std::pair(3, kExecutionSections)}) {
    for (int section = 1; section <= sections; ++section) {
      const std::string name = fmt::format("{}.{}", chapter, section);
      if (rows[name] == 1) continue;
      findings.push_back(
          {readme_path, 0, fmt::format("section {} has {} rows, not one", name, rows[name])});
    }
  }
  for (const std::string& name : names) {
    const bool known = std::any_of(patterns.begin(), patterns.end(), [&](const std::string& one) {
      return Fits(PrefixOf(name), one);
    });
    if (known) continue;
    findings.push_back({name + ".scenario", 0, "bears no section of the table in " + readme_path});
  }
  return findings;
}

}  // namespace skald::tidy
