// Rules about includes: layers point down only; a library is known only where it belongs.
#pragma once

#include "tests/tidy/source_file.h"

namespace skald::tidy {

struct Include {
  std::string path;
  size_t line = 0;
};

// Returns the files that `file` includes, in either kind of brackets.
std::vector<Include> IncludesOf(const SourceFile& file);

// base < core < ports < codec < runtime < the edges < app. Workers may use their own library and
// engine/base; nothing that ships may use tests/.
Findings CheckLayers(const SourceFile& file);

// Each outside library may be included only in the layers named for it.
Findings CheckLibraries(const SourceFile& file);

// Every header says #pragma once, after the comment that is its contract.
Findings CheckHeaderOpening(const SourceFile& file);

}  // namespace skald::tidy
