// SourceFile: one file of the tree as the rules see it; Finding: what a rule objects to.
//
// Values only; the rules are pure functions from a SourceFile to Findings.
#pragma once

#include <cstddef>
#include <filesystem>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace skald::tidy {

struct SourceFile {
  std::string path;  // from the root of the tree: "engine/core/event.h"
  std::string text;
  // As `text`, byte by byte, but comments and the insides of literals are blanks.
  std::string code;

  bool IsUnder(std::string_view folder) const { return path.starts_with(folder); }
  bool IsHeader() const { return path.ends_with(".h"); }
  bool IsCpp() const { return IsHeader() || path.ends_with(".cc"); }
  size_t LineOf(size_t offset) const;
};

struct Finding {
  std::string path;
  size_t line = 0;      // 0: the whole file
  std::string message;  // what is wrong and what to do instead

  friend bool operator==(const Finding&, const Finding&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Finding& finding);
};

using Findings = std::vector<Finding>;

SourceFile MakeSourceFile(std::string path, std::string text);

// Reads every .h, .cc, .proto and .sql file under engine/, workers/, tests/, proto/ and
// migrations/.
std::vector<SourceFile> ReadTree(const std::filesystem::path& root);

// Returns the lines of `text`, without their ends.
std::vector<std::string_view> Lines(std::string_view text);

bool IsIdentifierCharacter(char c);

// Returns the offsets at which `word` stands in `code` as whole words: "std::thread" is found in
// "::std::thread a" and "std::thread::id", not in "my_std::threads".
std::vector<size_t> FindWord(std::string_view code, std::string_view word);

// Without white space at its ends.
std::string_view Trim(std::string_view text);

}  // namespace skald::tidy
