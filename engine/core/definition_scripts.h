// The scripts in a definition's text, for whoever can tell whether they parse: the core cannot.
//
// Pure; thread-safe. Of SWITCH, DECISION, DO_WHILE, INLINE and LAMBDA, where they are written out:
// what an expression (${…}) puts together is known when the step runs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace skald::core {

struct StepScript {
  std::string path;    // "tasks[2].defaultCase[0].expression"
  std::string source;  // as it is evaluated
};

// In document order, at most kStepsMax. Whatever else is wrong with the definition is passed over:
// the parser tells it.
std::vector<StepScript> ScriptsIn(std::string_view definition);

}  // namespace skald::core
