// Rules about size: files, functions, lines.
#pragma once

#include "tests/tidy/source_file.h"

namespace skald::tidy {

inline constexpr size_t kFileLinesMax = 600;
inline constexpr size_t kFunctionLinesMax = 70;
inline constexpr size_t kLineColumnsMax = 100;

// A function's text, from the first line of its signature to its closing brace.
struct FunctionSpan {
  std::string head;  // its signature on one line
  size_t first_line = 0;
  size_t last_line = 0;

  size_t Lines() const { return last_line - first_line + 1; }
};

// Finds the functions that stand in namespaces and classes. Lambdas and local classes are part of
// the function they stand in.
std::vector<FunctionSpan> FunctionsOf(const SourceFile& file);

Findings CheckFileLength(const SourceFile& file);
Findings CheckFunctionLength(const SourceFile& file);
Findings CheckLineLength(const SourceFile& file);

}  // namespace skald::tidy
