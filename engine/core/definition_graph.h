// The part of the definition parser that links the steps and checks what holds between them:
// references, joins, what expressions may read. Internal to the definition parser.
#pragma once

#include <vector>

#include "engine/core/definition.h"
#include "engine/core/definition_steps.h"
#include "engine/core/mistake.h"

namespace skald::core {

// Positions in the tree of steps. All answers are about one pass through the definition.
class StepTree {
 public:
  // Both outlive the tree.
  StepTree(const Definition& definition, const std::vector<StepSource>& sources)
      : definition_(definition), sources_(sources) {}

  const Step& step(StepIndex index) const { return definition_.steps[index]; }
  bool SameList(StepIndex a, StepIndex b) const;
  std::size_t position(StepIndex index) const { return sources_[index].position; }

  // True when `a` stands, or is inside a step that stands, before `b` in a list that holds both.
  bool ComesBefore(StepIndex a, StepIndex b) const;
  // True when `a` is certain to have ended before `b` begins, or is `b` itself: then b's undo input
  // may read it.
  bool IsKnownAt(StepIndex a, StepIndex b) const;
  // The innermost SWITCH that holds `a` and not `b`; kNoStep when there is none.
  StepIndex SwitchBetween(StepIndex a, StepIndex b) const;
  // The same of a DO_WHILE.
  StepIndex LoopBetween(StepIndex a, StepIndex b) const;

 private:
  // The first JOIN after fork `fork` in its list that waits for `step` or a later step of its
  // branch; kNoStep when none does.
  StepIndex JoinOfBranch(StepIndex step, StepIndex fork) const;
  // `ends_it`: the end of `in_list` itself is asked about, which is later than what it holds.
  bool EndsBefore(StepIndex a, StepIndex in_list, bool ends_it) const;
  template <typename Wanted>
  StepIndex Between(StepIndex a, StepIndex b, Wanted wanted) const;

  const Definition& definition_;
  const std::vector<StepSource>& sources_;
};

// Sets by_reference, join_on, joined_by, reads and output_reads.
void LinkSteps(const std::vector<StepSource>& sources, Definition& definition);

// Adds what is wrong between steps. REQUIRES: LinkSteps.
void CheckGraph(const Definition& definition, const std::vector<StepSource>& sources,
                MistakeList& mistakes);

// As CheckGraph for steps made at run time, whose expressions may name steps of outside, and for
// definitions in place.
void CheckAddedGraph(const Definition& added, const std::vector<StepSource>& sources,
                     MistakeList& mistakes);

// saga.md V1-V3, V6, V11, V12 and the undeclared steps (definition_kinds.cc).
void CheckStepKinds(const Definition& definition, const std::vector<StepSource>& sources,
                    MistakeList& mistakes);

}  // namespace skald::core
