#include "tests/tidy/words.h"

#include <algorithm>

#include "fmt/format.h"

namespace skald::tidy {
namespace {

bool Covers(const Allowance& allowance, const SourceFile& file) {
  return allowance.path.ends_with('/') ? file.IsUnder(allowance.path) : file.path == allowance.path;
}

// As CheckWords, but as if nothing were allowed.
Findings AllUses(const WordRule& rule, const SourceFile& file) {
  Findings findings;
  const bool holds = std::any_of(rule.folders.begin(), rule.folders.end(),
                                 [&file](std::string_view folder) { return file.IsUnder(folder); });
  if (!holds || !file.IsCpp()) return findings;
  for (const std::string_view word : rule.words) {
    for (const size_t at : FindWord(file.code, word)) {
      const bool is_scope = std::string_view(file.code).substr(at + word.size()).starts_with("::");
      if (is_scope && rule.scope_is_harmless) continue;
      findings.push_back({file.path, file.LineOf(at), fmt::format("{}: {}", word, rule.instead)});
    }
  }
  return findings;
}

}  // namespace

Findings CheckWords(const WordRule& rule, const SourceFile& file) {
  for (const Allowance& allowance : rule.allowances) {
    if (Covers(allowance, file)) return {};
  }
  return AllUses(rule, file);
}

Findings CheckAllowances(const WordRule& rule, const std::vector<SourceFile>& tree) {
  Findings findings;
  for (const Allowance& allowance : rule.allowances) {
    const bool needed =
        std::any_of(tree.begin(), tree.end(), [&rule, &allowance](const SourceFile& file) {
          return Covers(allowance, file) && !AllUses(rule, file).empty();
        });
    if (needed) continue;
    findings.push_back({std::string(allowance.path), 0,
                        fmt::format("needs no allowance for \"{}\": take it out of "
                                    "tests/tidy/word_rules.cc",
                                    rule.name)});
  }
  return findings;
}

}  // namespace skald::tidy
