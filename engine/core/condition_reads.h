// What the condition of a DO_WHILE can see of its own loop's results, as far as its text shows.
//
// Pure functions.
#pragma once

#include <string_view>

namespace skald::core {

// False only when it is certain that the script reads nothing of `$.<reference>`, the loop's own
// output, but how far the loop is (`iteration`, `loopIndex`, `loopItem`). The results of all
// iterations are then left out of what it is handed: a loop would else cost more with each one.
bool ReadsOwnResults(std::string_view script, std::string_view reference);

}  // namespace skald::core
