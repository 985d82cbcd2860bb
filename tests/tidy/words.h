// Rules about words: what may be written only in files named for it, each with its reason.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "tests/tidy/source_file.h"

namespace skald::tidy {

// A place where a rule does not hold.
struct Allowance {
  std::string_view path;  // a file, or a folder where it ends in '/'
  std::string_view reason;
};

struct WordRule {
  std::string_view name;
  std::vector<std::string_view> folders;  // where the rule holds
  std::vector<std::string_view> words;
  std::string_view instead;
  std::vector<Allowance> allowances;
  // The word followed by "::" names something else: "std::thread::id" starts no thread.
  bool scope_is_harmless = false;
};

// All rules of this kind: the table that a person reads and changes.
std::span<const WordRule> WordRules();

Findings CheckWords(const WordRule& rule, const SourceFile& file);

// Finds allowances that no file needs any more.
Findings CheckAllowances(const WordRule& rule, const std::vector<SourceFile>& tree);

}  // namespace skald::tidy
