// Well-formed sagas: COMPENSABLE | READ_ONLY … PIVOT? … RETRYABLE | READ_ONLY (saga.md 2.2).
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/core/construct.h"
#include "engine/core/definition_graph.h"
#include "engine/core/limits.h"

namespace skald::core {
namespace {

class KindChecker {
 public:
  KindChecker(const Definition& definition, const std::vector<StepSource>& sources,
              MistakeList& mistakes)
      : definition_(definition),
        sources_(sources),
        mistakes_(mistakes),
        tree_(definition, sources) {}

  void Run() {
    for (const Step& step : definition_.steps) {
      Undeclared(step);
      UndoOfKind(step);
      if (step.saga.unknown == UnknownPolicy::kProbe && !step.saga.probe.has_value()) {
        Add(step, "unknown: PROBE needs a probe");
      }
      if (step.saga.kind == StepKind::kPivot) Pivot(step);
    }
  }

 private:
  void Add(const Step& step, std::string message) {
    mistakes_.Add(JoinPath(sources_[step.index].path, "saga"), std::move(message));
  }

  void Undeclared(const Step& step) {
    const bool rejected =
        definition_.saga.declared && definition_.saga.undeclared == UndeclaredPolicy::kReject;
    if (!rejected || !MustDeclare(step.type)) return;
    if (step.saga.kind != StepKind::kUndeclared) return;
    Add(step, absl::StrCat("step '", step.reference,
                           "' declares neither an undo nor a kind; give it compensateWith or "
                           "saga.kind, or set the workflow's saga.undeclared"));
  }

  void UndoOfKind(const Step& step) {
    if (!step.saga.undo.has_value() || !HasEffects(step.type)) return;
    const char* kind = nullptr;
    if (step.saga.kind == StepKind::kPivot) kind = "PIVOT";
    if (step.saga.kind == StepKind::kRetryable) kind = "RETRYABLE";
    if (step.saga.kind == StepKind::kReadOnly) kind = "READ_ONLY";
    if (kind == nullptr) return;
    Add(step, absl::StrCat("a ", kind, " step has no undo (V6)",
                           step.task.compensate_with.has_value()
                               ? "; compensateWith: null switches off the inherited one"
                               : ""));
  }

  bool InLoop(const Step& step) const {
    for (StepIndex at = step.parent; at != kNoStep; at = tree_.step(at).parent) {
      if (tree_.step(at).type == StepType::kDoWhile) return true;
    }
    return false;
  }

  void Pivot(const Step& pivot) {
    if (InLoop(pivot)) Add(pivot, "a PIVOT inside a DO_WHILE would pass more than once (V4)");
    if (pivot.saga.unknown == UnknownPolicy::kCompensate) {
      Add(pivot, "a PIVOT cannot have unknown: COMPENSATE (V12); PROBE or PARK");
    }
    if (pivot.optional) {
      mistakes_.Warn(sources_[pivot.index].path, "an optional PIVOT may fail and be passed over");
    }
    if (definition_.timeout_ends_workflow && definition_.timeout_us > 0) {
      mistakes_.Warn("timeoutPolicy", absl::StrCat("TIME_OUT_WF after the pivot '", pivot.reference,
                                                   "' only alerts and parks (V11)"));
    }
    for (const Step& other : definition_.steps) {
      if (mistakes_.mistakes().size() >= kMistakesMax) return;
      if (other.index != pivot.index) Against(pivot, other);
    }
  }

  // `other` on a path with `pivot`: behind it, or in a sibling branch of a fork that holds it.
  void Against(const Step& pivot, const Step& other) {
    const bool behind = tree_.ComesBefore(pivot.index, other.index);
    const bool beside = !behind && InSiblingBranch(pivot.index, other.index);
    if (!behind && !beside) return;
    if (other.saga.kind == StepKind::kPivot) {
      // Of two pivots in sibling branches, the later one reports.
      if (behind || other.index > pivot.index) {
        Add(other, absl::StrCat("a second PIVOT on a path with '", pivot.reference, "' (V2)"));
      }
      return;
    }
    if (other.type == StepType::kTerminate) return Terminate(pivot, other);
    if (IsSafe(other)) return;
    Add(other,
        absl::StrCat("step '", other.reference, behind ? "' follows" : "' runs beside",
                     " the PIVOT '", pivot.reference, "', so it must be RETRYABLE or READ_ONLY (",
                     behind ? "V1" : "V3", ")"));
  }

  void Terminate(const Step& pivot, const Step& other) {
    if (other.termination_status == WorkflowStatus::kCompleted) return;
    mistakes_.Warn(sources_[other.index].path,
                   absl::StrCat("TERMINATE with ", std::string(Name(other.termination_status)),
                                " on a path with the PIVOT '", pivot.reference,
                                "' parks once the pivot has passed (V1)"));
  }

  bool IsSafe(const Step& step) const {
    if (step.saga.kind == StepKind::kRetryable || step.saga.kind == StepKind::kReadOnly)
      return true;
    return step.saga.kind == StepKind::kUndeclared &&
           definition_.saga.undeclared == UndeclaredPolicy::kReadOnly;
  }

  bool InSiblingBranch(StepIndex a, StepIndex b) const {
    for (StepIndex in_a = a; in_a != kNoStep; in_a = tree_.step(in_a).parent) {
      const Step& head_a = tree_.step(in_a);
      const bool in_fork =
          head_a.parent != kNoStep && tree_.step(head_a.parent).type == StepType::kForkJoin;
      if (!in_fork) continue;
      for (StepIndex in_b = b; in_b != kNoStep; in_b = tree_.step(in_b).parent) {
        const Step& head_b = tree_.step(in_b);
        if (head_b.parent == head_a.parent && head_b.branch != head_a.branch) return true;
      }
    }
    return false;
  }

  const Definition& definition_;
  const std::vector<StepSource>& sources_;
  MistakeList& mistakes_;
  const StepTree tree_;
};

}  // namespace

void CheckStepKinds(const Definition& definition, const std::vector<StepSource>& sources,
                    MistakeList& mistakes) {
  KindChecker(definition, sources, mistakes).Run();
}

}  // namespace skald::core
