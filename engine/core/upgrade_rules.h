// UpgradeRules: whether a workflow can go on with another definition of its name, as it stands now.
//
// It can where everything that it has come to (runs, steps being made) has its place there: the
// same step under the same reference, in the same branch of the same construct and in the same
// order; where the undo of what was done is the one that was promised; and where nothing would have
// had to begin already that has not. Whatever is still to come may differ in any way. In doubt it
// is refused, with what stands against it. Pure; thread-safe.
#pragma once

#include <string>
#include <vector>

#include "engine/core/definition.h"
#include "engine/core/state.h"

namespace skald::core {

struct UpgradeRefusal {
  std::string reference;  // of the step; "" = of the workflow itself
  std::string what;       // "removed", "type", "position", "saga", "joinOn", …
  std::string why;        // for people
  friend bool operator==(const UpgradeRefusal&, const UpgradeRefusal&) = default;
};

// Empty: it can. At most kUpgradeRefusalsMax. REQUIRES: the state is of `from`, and has been
// started.
std::vector<UpgradeRefusal> UpgradeRefusals(const Definition& from, const Definition& to,
                                            const State& state);

inline constexpr std::size_t kUpgradeRefusalsMax = 100;

// "charge: removed: it has run; …", for an error's message; at most so many of them.
std::string FormatRefusals(const std::vector<UpgradeRefusal>& refusals, std::size_t shown_max);

}  // namespace skald::core
