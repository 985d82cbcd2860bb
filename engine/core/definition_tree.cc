#include "engine/core/construct.h"
#include "engine/core/definition_graph.h"
#include "engine/core/json_scan.h"

namespace skald::core {

bool StepTree::SameList(StepIndex a, StepIndex b) const {
  return step(a).parent == step(b).parent && step(a).branch == step(b).branch;
}

bool StepTree::ComesBefore(StepIndex a, StepIndex b) const {
  for (StepIndex outer_b = b; outer_b != kNoStep; outer_b = step(outer_b).parent) {
    for (StepIndex outer_a = a; outer_a != kNoStep; outer_a = step(outer_a).parent) {
      if (SameList(outer_a, outer_b) && position(outer_a) < position(outer_b)) return true;
    }
  }
  return false;
}

bool StepTree::IsKnownAt(StepIndex a, StepIndex b) const {
  if (a == b) return true;
  for (StepIndex outer = b; outer != kNoStep; outer = step(outer).parent) {
    if (a == outer || EndsBefore(a, outer, outer == b)) return true;
  }
  return false;
}

// Climbs from `a` out of loops, whose body runs at least once unless they go through a list, and
// out of forks, from each branch to the JOIN that waits for it, until the list of `in_list` is
// reached.
bool StepTree::EndsBefore(StepIndex a, StepIndex in_list, bool ends_it) const {
  while (!SameList(a, in_list)) {
    const StepIndex parent = step(a).parent;
    if (parent == kNoStep) return false;
    const Step& around = step(parent);
    const bool listed =
        around.items.has_value() || FindMember(around.input.source(), "_items").has_value();
    if (around.type == StepType::kDoWhile && !listed) {
      a = parent;
      if (a == in_list) return ends_it;
      continue;
    }
    if (around.type != StepType::kForkJoin) return false;
    a = JoinOfBranch(a, parent);
    if (a == kNoStep) return false;
    if (a == in_list) return true;
  }
  return position(a) < position(in_list);
}

StepIndex StepTree::JoinOfBranch(StepIndex step_index, StepIndex fork) const {
  StepIndex found = kNoStep;
  for (StepIndex tail = step_index; tail != kNoStep; tail = step(tail).next) {
    for (const StepIndex join : step(tail).joined_by) {
      if (!SameList(join, fork) || position(join) < position(fork)) continue;
      if (found == kNoStep || position(join) < position(found)) found = join;
    }
  }
  return found;
}

template <typename Wanted>
StepIndex StepTree::Between(StepIndex a, StepIndex b, Wanted wanted) const {
  for (StepIndex outer = step(a).parent; outer != kNoStep; outer = step(outer).parent) {
    if (!wanted(step(outer).type)) continue;
    bool holds_b = false;
    for (StepIndex up = b; up != kNoStep; up = step(up).parent) {
      holds_b = holds_b || (up == outer);
    }
    if (!holds_b) return outer;
  }
  return kNoStep;
}

StepIndex StepTree::SwitchBetween(StepIndex a, StepIndex b) const {
  return Between(a, b, IsChoice);
}

StepIndex StepTree::LoopBetween(StepIndex a, StepIndex b) const {
  return Between(a, b, [](StepType type) { return type == StepType::kDoWhile; });
}

}  // namespace skald::core
