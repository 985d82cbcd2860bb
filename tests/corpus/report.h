// The verdict over the whole corpus, and how it is told.
//
// The rule: every definition registers or is refused as on the reference; at least 99 of 100 are as
// on the reference in every compared part; each difference of the others is in the list of accepted
// ones; and each accepted one still occurs. Pure but for Print, which writes to the stream.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "tests/corpus/accepted.h"
#include "tests/corpus/compare.h"
#include "tests/corpus/corpus.h"

namespace skald::corpus {

struct Verdict {
  const Case* theirs = nullptr;
  std::vector<Difference> open;       // that nobody has agreed to
  std::vector<Difference> explained;  // that are in the list

  bool IsSame() const { return open.empty() && explained.empty(); }
  bool IsRefused() const;  // by us, and not by the reference
};

struct Judgement {
  std::vector<Verdict> verdicts;
  std::vector<AcceptedDifference> stale;  // accepted, and not seen; only of definitions that ran

  bool Holds() const;
};

// REQUIRES: `ours` has one outcome per case. `cases` outlives the judgement.
Judgement Judge(const std::vector<Case>& cases, const std::vector<Outcome>& ours,
                const std::vector<AcceptedDifference>& accepted);

// The mistakes that a refusal names, without the names of the definition: alike mistakes have the
// same text. The refusal itself when it names no place.
std::vector<std::string> CausesOf(const std::string& error);

// A line per definition that differs, then the tables by step type and by cause of refusal, then
// the counts.
void Print(const Judgement& judgement, std::ostream& out);

}  // namespace skald::corpus
