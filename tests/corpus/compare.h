// Holds what we did with a definition against what the reference did with it.
//
// Pure functions, thread-safe.
//
// Compared, each as a part of its own: `register`, `status`, `tasks` (type, reference, status,
// retryCount, iteration; in order where no fork leaves it open), `inputs`, `sub`, `output`. Where
// the reference had not ended after 20 s only the set of references counts, without the number of
// the iteration. Not compared: the texts of reasons, parts in which the reference was not the same
// twice, and what a server notes in the inputs of its own constructs (joinOn, case, hasChildren,
// forkedTasks, subWorkflowName …), which is form.
#pragma once

#include <string>
#include <vector>

#include "tests/corpus/corpus.h"

namespace skald::corpus {

struct Difference {
  std::string part;    // "tasks"
  std::string theirs;  // one line each
  std::string ours;

  bool operator==(const Difference&) const = default;
};

// Empty: as on the reference. `ours` may hold what differs from run to run; it is replaced here.
std::vector<Difference> Compare(const Case& theirs, const Outcome& ours);

}  // namespace skald::corpus
