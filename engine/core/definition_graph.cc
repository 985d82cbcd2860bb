#include "engine/core/definition_graph.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <numeric>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/core/construct.h"
#include "engine/core/limits.h"

namespace skald::core {
namespace {

// What an expression may name beside steps.
struct Allowed {
  bool saga = false;
  StepIndex known_at = kNoStep;  // undo input: only steps known when this one has ended
  bool own_task = false;         // ${CPEWF_TASK_ID}
  // Steps that may be made at run time: as on the reference, which looks at top-level steps only.
  bool steps_to_come = false;
};

// Known on every reference server; null where the deployment does not set them.
constexpr std::array<std::string_view, 2> kEnvironment = {"NETFLIX_ENV", "NETFLIX_STACK"};
constexpr std::string_view kOwnTaskId = "CPEWF_TASK_ID";

std::vector<StepIndex> StepsRead(const Definition& definition, const Template& input) {
  std::vector<StepIndex> steps;
  if (input.reads_anything()) {
    steps.resize(definition.steps.size());
    std::iota(steps.begin(), steps.end(), StepIndex{0});
    return steps;
  }
  for (const std::string& root : input.roots()) {
    const StepIndex step = definition.Find(root);
    if (step != kNoStep) steps.push_back(step);
  }
  std::sort(steps.begin(), steps.end());
  return steps;
}

class GraphChecker {
 public:
  GraphChecker(const Definition& definition, const std::vector<StepSource>& sources,
               MistakeList& mistakes, bool added)
      : definition_(definition),
        sources_(sources),
        mistakes_(mistakes),
        added_(added),
        tree_(definition, sources) {}

  void Run() {
    References();
    for (const Step& step : definition_.steps) {
      const std::string& path = sources_[step.index].path;
      if (step.type == StepType::kForkJoin) {
        Fork(step, path,
             "Fork task definition is not followed by a join task.  Check the blueprint");
      }
      if (step.type == StepType::kForkJoinDynamic) {
        Fork(step, path,
             "Dynamic join definition is not followed by a join task.  Check the workflow "
             "definition.");
      }
      if (IsJoin(step.type)) Join(step, path);
      Expressions(step, path);
    }
    if (definition_.output.has_value()) {
      Expressions(*definition_.output, "outputParameters", "the workflow's output",
                  Allowed{.steps_to_come = true});
    }
  }

 private:
  void References() {
    std::set<std::string_view> seen;
    for (const Step& step : definition_.steps) {
      const std::string path = JoinPath(sources_[step.index].path, "taskReferenceName");
      if (step.reference == "workflow" || step.reference == "saga") {
        mistakes_.Add(path, absl::StrCat("taskReferenceName: ", step.reference, " is reserved"));
      }
      if (step.reference.empty() || seen.insert(step.reference).second) continue;
      mistakes_.Add(path, absl::StrCat("taskReferenceName: ", step.reference,
                                       " should be unique across tasks for a given "
                                       "workflowDefinition: ",
                                       definition_.name));
    }
  }

  void Fork(const Step& step, const std::string& path, const char* otherwise) {
    if (step.next != kNoStep && tree_.step(step.next).type == StepType::kJoin) return;
    mistakes_.Add(path, otherwise);
  }

  void Join(const Step& step, const std::string& path) {
    // What it waits for is known at run time only.
    if (step.joins_fork != kNoStep) return;
    const std::vector<std::string>& names = sources_[step.index].join_on;
    for (std::size_t i = 0; i < names.size(); ++i) {
      JoinOn(step, definition_.Find(names[i]), names[i], JoinPath(JoinPath(path, "joinOn"), i));
    }
    for (const std::string& name : sources_[step.index].join_default) {
      if (definition_.Find(name) != kNoStep) continue;
      mistakes_.Warn(
          JoinPath(path, "defaultExclusiveJoinTask"),
          absl::StrCat("no step has the reference '", name.substr(0, kNameBytesMax), "'"));
    }
  }

  void JoinOn(const Step& join, StepIndex target, const std::string& name,
              const std::string& path) {
    if (target == kNoStep) {
      mistakes_.Add(path, absl::StrCat("joinOn: no step has the reference '",
                                       name.substr(0, kNameBytesMax), "'"));
      return;
    }
    if (!tree_.ComesBefore(target, join.index)) {
      mistakes_.Add(path, absl::StrCat("joinOn: step '", name,
                                       "' does not come before this JOIN, "
                                       "which would wait for ever"));
      return;
    }
    if (tree_.LoopBetween(target, join.index) != kNoStep) {
      mistakes_.Warn(
          path,
          absl::StrCat("step '", name, "' runs once per iteration; name the DO_WHILE '",
                       tree_.step(tree_.LoopBetween(target, join.index)).reference, "' instead"));
    }
    const StepIndex chooser = tree_.SwitchBetween(target, join.index);
    if (chooser == kNoStep) return;
    mistakes_.Warn(path, absl::StrCat("step '", name,
                                      "' runs only when its case is chosen; name "
                                      "the SWITCH '",
                                      tree_.step(chooser).reference, "' instead"));
  }

  void Expressions(const Step& step, const std::string& path) {
    Expressions(step.input, JoinPath(path, "inputParameters"), step.name,
                Allowed{.own_task = true, .steps_to_come = step.parent != kNoStep});
    Expressions(step.sink, JoinPath(path, "sink"), step.name, Allowed{});
    if (step.items.has_value()) {
      Expressions(*step.items, JoinPath(path, "items"), step.name, Allowed{});
    }
    if (step.type == StepType::kSubWorkflow) {
      Expressions(step.child.values, JoinPath(path, "subWorkflowParam"), step.name, Allowed{});
    }
    const Allowed in_undo{.saga = true, .known_at = step.index};
    const std::string saga = JoinPath(path, "saga");
    if (step.saga.undo.has_value() && step.saga.undo->input.has_value()) {
      Expressions(*step.saga.undo->input,
                  JoinPath(sources_[step.index].undo_path, "inputParameters"),
                  step.saga.undo->task_type, in_undo);
    }
    if (step.saga.probe.has_value() && step.saga.probe->input.has_value()) {
      Expressions(*step.saga.probe->input, JoinPath(JoinPath(saga, "probe"), "inputParameters"),
                  step.saga.probe->task_type, Allowed{.known_at = step.index});
    }
  }

  void Expressions(const Template& input, const std::string& path, const std::string& task,
                   const Allowed& allowed) {
    for (const Template::Use& use : input.uses()) {
      const bool bracket = !use.place.empty() && use.place.front() == '[';
      const std::string place =
          use.place.empty() ? path : absl::StrCat(path, bracket ? "" : ".", use.place);
      const std::string problem = Problem(use, place, task, allowed);
      if (!problem.empty()) mistakes_.Add(place, problem);
    }
  }

  // "" when the expression is fine.
  std::string Problem(const Template::Use& use, const std::string& path, const std::string& task,
                      const Allowed& allowed) {
    if (use.path.empty()) return allowed.known_at == kNoStep ? "" : ComputedRoot(use);
    const std::string& root = use.path.front();
    if (root == "workflow") return WorkflowProblem(use, path);
    if (root == "saga") return allowed.saga ? SagaProblem(use) : OnlyInUndo(use);
    if (root == kOwnTaskId) return allowed.own_task ? "" : NoOwnTask(use);
    const StepIndex step = definition_.Find(root);
    if (step == kNoStep && added_) return "";
    if (step == kNoStep) {
      if (IsEnvironment(root)) return "";
      std::string problem = absl::StrCat("taskReferenceName: ", root, " for given task: ", task,
                                         " input value: ", use.place, " of input parameter: ${",
                                         use.text, "} is not defined in workflow definition.");
      if (!allowed.steps_to_come) return problem;
      mistakes_.Warn(path, std::move(problem));
      return "";
    }
    if (allowed.known_at == kNoStep || tree_.IsKnownAt(step, allowed.known_at)) return "";
    return absl::StrCat("${", use.text, "}: step '", root, "' need not have ended when '",
                        tree_.step(allowed.known_at).reference, "' is undone (V8)");
  }

  static std::string OnlyInUndo(const Template::Use& use) {
    return absl::StrCat("${", use.text, "}: 'saga' can only be read in the input of an undo");
  }

  static std::string NoOwnTask(const Template::Use& use) {
    return absl::StrCat("${", use.text, "}: only the input of a task has a task of its own");
  }

  static std::string ComputedRoot(const Template::Use& use) {
    return absl::StrCat("${", use.text,
                        "}: what an undo reads begins with a name that is written out");
  }

  bool IsEnvironment(std::string_view name) const {
    return std::find(kEnvironment.begin(), kEnvironment.end(), name) != kEnvironment.end() ||
           (definition_.environment != nullptr && definition_.environment->Find(name) != nullptr);
  }

  // `place`: where the expression stands, for a warning.
  std::string WorkflowProblem(const Template::Use& use, const std::string& place) {
    if (use.path.size() < 2 || use.path[1] != "env") return "";
    if (use.path.size() == 2) {
      return use.plain ? absl::StrCat("${", use.text, "}: workflow.env.NAME expected") : "";
    }
    if (!IsEnvironment(use.path[2])) {
      mistakes_.Warn(place, absl::StrCat("${", use.text, "}: the environment has no ", use.path[2],
                                         ", so the value is null"));
    }
    return "";
  }

  static std::string SagaProblem(const Template::Use& use) {
    constexpr std::array<std::string_view, 4> kNames = {"reason", "trigger", "failedTask",
                                                        "generation"};
    if (use.path.size() == 2 && use.plain && !use.inner &&
        std::find(kNames.begin(), kNames.end(), use.path[1]) != kNames.end()) {
      return "";
    }
    return absl::StrCat("${", use.text,
                        "}: one of saga.reason, saga.trigger, saga.failedTask, saga.generation, "
                        "by itself");
  }

  const Definition& definition_;
  const std::vector<StepSource>& sources_;
  MistakeList& mistakes_;
  const bool added_;  // made at run time: there are steps outside
  const StepTree tree_;
};

}  // namespace

namespace {

// The steps of these names, each once, which then know the join that waits for
// them.
std::vector<StepIndex> LinkNames(const std::vector<std::string>& names, StepIndex join,
                                 Definition& definition) {
  std::vector<StepIndex> steps;
  for (const std::string& name : names) {
    const StepIndex target = definition.Find(name);
    if (target == kNoStep || std::find(steps.begin(), steps.end(), target) != steps.end()) continue;
    steps.push_back(target);
    std::vector<StepIndex>& joined_by = definition.steps[target].joined_by;
    if (joined_by.empty() || joined_by.back() != join) joined_by.push_back(join);
  }
  return steps;
}

}  // namespace

void LinkSteps(const std::vector<StepSource>& sources, Definition& definition) {
  definition.by_reference.resize(definition.steps.size());
  std::iota(definition.by_reference.begin(), definition.by_reference.end(), StepIndex{0});
  std::stable_sort(definition.by_reference.begin(), definition.by_reference.end(),
                   [&](StepIndex a, StepIndex b) {
                     return definition.steps[a].reference < definition.steps[b].reference;
                   });
  for (Step& step : definition.steps) {
    const StepSource& source = sources[step.index];
    step.reads = StepsRead(definition, step.input);
    if (step.type == StepType::kSubWorkflow) {
      std::vector<StepIndex> child = StepsRead(definition, step.child.values);
      std::vector<StepIndex> both;
      std::set_union(step.reads.begin(), step.reads.end(), child.begin(), child.end(),
                     std::back_inserter(both));
      step.reads = std::move(both);
    }
    step.join_on = LinkNames(source.join_on, step.index, definition);
    step.join_default = LinkNames(source.join_default, step.index, definition);
    if (step.type != StepType::kForkJoinDynamic || step.next == kNoStep) continue;
    Step& next = definition.steps[step.next];
    if (next.type == StepType::kJoin) next.joins_fork = step.index;
  }
  if (definition.output.has_value()) {
    definition.output_reads = StepsRead(definition, *definition.output);
  }
}

void CheckGraph(const Definition& definition, const std::vector<StepSource>& sources,
                MistakeList& mistakes) {
  GraphChecker(definition, sources, mistakes, false).Run();
}

void CheckAddedGraph(const Definition& added, const std::vector<StepSource>& sources,
                     MistakeList& mistakes) {
  GraphChecker(added, sources, mistakes, true).Run();
}

}  // namespace skald::core
