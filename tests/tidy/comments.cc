#include "tests/tidy/comments.h"

#include <array>
#include <cctype>
#include <string_view>

#include "fmt/format.h"

namespace skald::tidy {
namespace {

// Written in two parts, for this file is checked too.
constexpr std::string_view kFix =
    "FIX"
    "ME";
constexpr std::string_view kToDo =
    "TO"
    "DO";

bool NamesAnIssue(std::string_view after) {
  if (!after.starts_with("(#")) return false;
  size_t at = 2;
  while (at < after.size() && std::isdigit(static_cast<unsigned char>(after[at])) != 0) ++at;
  return at > 2 && at < after.size() && after[at] == ')';
}

// "name::other(…);" or "a->b.c(…);" with nothing before the parenthesis that prose would have.
bool IsCall(std::string_view text) {
  if (!text.ends_with(");")) return false;
  const size_t open = text.find('(');
  for (const char c : text.substr(0, open)) {
    if (!IsIdentifierCharacter(c) && c != ':' && c != '.' && c != '-' && c != '>') return false;
  }
  return open > 0;
}

bool IsStatement(std::string_view text) {
  if (text.starts_with("#include ")) return true;
  if (text.starts_with("return ") && text.ends_with(';')) return true;
  return IsCall(text);
}

bool EndsInTimeUnit(std::string_view name) {
  constexpr std::array<std::string_view, 7> kUnits = {"_ms", "_us",   "_ns",     "_s",
                                                      "_at", "_time", "_seconds"};
  for (const std::string_view unit : kUnits) {
    if (name.ends_with(unit) || name.ends_with(fmt::format("{}_", unit))) return true;
  }
  return false;
}

std::string_view IdentifierAt(std::string_view code) {
  size_t from = 0;
  while (from < code.size() && code[from] == ' ') ++from;
  size_t end = from;
  while (end < code.size() && IsIdentifierCharacter(code[end])) ++end;
  return code.substr(from, end - from);
}

}  // namespace

Findings CheckLeftovers(const SourceFile& file) {
  Findings findings;
  for (const size_t at : FindWord(file.text, kFix)) {
    findings.push_back({file.path, file.LineOf(at),
                        fmt::format("{}: mend it now, or write {}(#issue)", kFix, kToDo)});
  }
  for (const size_t at : FindWord(file.text, kToDo)) {
    if (NamesAnIssue(std::string_view(file.text).substr(at + kToDo.size()))) continue;
    findings.push_back({file.path, file.LineOf(at),
                        fmt::format("{} without an issue: do it, or open an issue and write "
                                    "{}(#issue)",
                                    kToDo, kToDo)});
  }
  return findings;
}

Findings CheckCommentedOutCode(const SourceFile& file) {
  Findings findings;
  if (!file.IsCpp()) return findings;
  size_t number = 0;
  for (std::string_view line : Lines(file.text)) {
    ++number;
    const size_t start = line.find_first_not_of(' ');
    // Examples in contracts are indented further.
    if (start == std::string_view::npos || !line.substr(start).starts_with("//")) continue;
    line.remove_prefix(start + 2);
    if (line.starts_with(' ')) line.remove_prefix(1);
    if (!IsStatement(line)) continue;
    findings.push_back({file.path, number,
                        "commented-out code: delete it, the history has it; indent an example by "
                        "two more spaces"});
  }
  return findings;
}

Findings CheckCoreTimeIsWhole(const SourceFile& file) {
  Findings findings;
  if (!file.IsUnder("engine/core/")) return findings;
  for (const std::string_view word : {"double", "float"}) {
    for (const size_t at : FindWord(file.code, word)) {
      const std::string_view name =
          IdentifierAt(std::string_view(file.code).substr(at + word.size()));
      if (!EndsInTimeUnit(name)) continue;
      findings.push_back(
          {file.path, file.LineOf(at),
           fmt::format("{} {}: time is int64 microseconds in the core", word, name)});
    }
  }
  return findings;
}

}  // namespace skald::tidy
