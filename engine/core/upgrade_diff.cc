#include "engine/core/upgrade_diff.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/core/construct.h"
#include "engine/core/json_scan.h"

namespace skald::core {
namespace {

using Members = std::map<std::string, std::string_view>;

Members MembersOf(std::string_view object) {
  Members members;
  for (JsonWalk walk(object); walk.Next();) members[walk.key()] = walk.value();
  return members;
}

bool SameJson(std::string_view a, std::string_view b);

bool SameLists(std::string_view a, std::string_view b) {
  JsonWalk left(a);
  JsonWalk right(b);
  while (true) {
    const bool more = left.Next();
    if (more != right.Next()) return false;
    if (!more) return true;
    if (!SameJson(left.value(), right.value())) return false;
  }
}

bool SameObjects(std::string_view a, std::string_view b) {
  const Members left = MembersOf(a);
  const Members right = MembersOf(b);
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](const auto& one, const auto& other) {
                      return one.first == other.first && SameJson(one.second, other.second);
                    });
}

// White space, the order of members and how strings are escaped make no difference.
bool SameJson(std::string_view a, std::string_view b) {
  if (a == b) return true;
  const JsonKind kind = KindOf(a);
  if (kind != KindOf(b)) return false;
  if (kind == JsonKind::kArray) return SameLists(a, b);
  if (kind == JsonKind::kObject) return SameObjects(a, b);
  return kind == JsonKind::kString && StringOf(a) == StringOf(b);
}

// Names of members that differ, without those in `passed_over`.
std::vector<std::string> DifferingMembers(std::string_view from, std::string_view to,
                                          const std::set<std::string>& passed_over) {
  const Members before = MembersOf(TrimJson(from));
  const Members after = MembersOf(TrimJson(to));
  std::set<std::string> differing;
  for (const auto& [name, value] : before) {
    const auto found = after.find(name);
    if (found == after.end() || !SameJson(value, found->second)) differing.insert(name);
  }
  for (const auto& [name, value] : after) {
    if (!before.contains(name)) differing.insert(name);
  }
  std::vector<std::string> names;
  std::set_difference(differing.begin(), differing.end(), passed_over.begin(), passed_over.end(),
                      std::back_inserter(names));
  return names;
}

const std::set<std::string>& RecordMembers() {
  static const std::set<std::string> kNames = {"createTime", "createdBy", "ownerApp",
                                               "updateTime", "updatedBy", "version"};
  return kNames;
}

// The JSON of each step, by its reference.
class StepTexts {
 public:
  explicit StepTexts(const Definition& definition) {
    const auto tasks = FindMember(TrimJson(definition.source.text()), "tasks");
    if (tasks.has_value()) ReadList(*tasks);
  }

  std::string_view Of(const std::string& reference) const {
    const auto found = texts_.find(reference);
    return found == texts_.end() ? std::string_view("{}") : found->second;
  }

 private:
  void ReadList(std::string_view list) {
    if (KindOf(list) != JsonKind::kArray) return;
    for (JsonWalk walk(list); walk.Next();) {
      const JsonKind kind = KindOf(walk.value());
      if (kind == JsonKind::kArray) ReadList(walk.value());  // a branch of forkTasks
      if (kind == JsonKind::kObject) ReadStep(walk.value());
    }
  }

  void ReadStep(std::string_view step) {
    const auto reference = FindMember(step, "taskReferenceName");
    if (!reference.has_value() || KindOf(*reference) != JsonKind::kString) return;
    texts_[StringOf(*reference)] = step;
    for (const char* name : {"forkTasks", "defaultCase", "loopOver"}) {
      if (const auto list = FindMember(step, name); list.has_value()) ReadList(*list);
    }
    const auto cases = FindMember(step, "decisionCases");
    if (!cases.has_value() || KindOf(*cases) != JsonKind::kObject) return;
    for (JsonWalk walk(*cases); walk.Next();) ReadList(walk.value());
  }

  std::map<std::string, std::string_view> texts_;  // of the definition's source
};

// Where each step stands: below which one, in which branch, behind which step of both definitions.
class Positions {
 public:
  Positions(const Definition& definition, const Definition& other)
      : definition_(definition), other_(other) {
    ReadList("", definition.roots);
    for (const Step& step : definition.steps) {
      for (std::size_t i = 0; i < step.branches.size(); ++i) {
        const Branch& branch = step.branches[i];
        const bool choice = IsChoice(step.type);
        ReadList(
            absl::StrCat(step.reference, choice ? "=" : "/", choice ? branch.key : absl::StrCat(i)),
            branch.steps);
      }
      if (step.otherwise.has_value()) ReadList(step.reference + "-", step.otherwise->steps);
    }
  }

  const std::string& Of(StepIndex step) const { return of_.at(step); }

 private:
  void ReadList(const std::string& place, const std::vector<StepIndex>& list) {
    std::string before;
    for (const StepIndex index : list) {
      const std::string& reference = definition_.steps[index].reference;
      of_[index] = absl::StrCat(place, " ", before);
      if (other_.Find(reference) != kNoStep) before = reference;
    }
  }

  const Definition& definition_;
  const Definition& other_;
  std::map<StepIndex, std::string> of_;
};

class Comparison {
 public:
  Comparison(const Definition& from, const Definition& to)
      : from_(from),
        to_(to),
        texts_before_(from),
        texts_after_(to),
        before_(from, to),
        after_(to, from) {}

  DefinitionDifferences Run() const {
    std::set<std::string> passed_over = RecordMembers();
    passed_over.insert("tasks");
    DefinitionDifferences result;
    result.fields = DifferingMembers(from_.source.text(), to_.source.text(), passed_over);
    for (const Step& step : from_.steps) {
      if (to_.Find(step.reference) != kNoStep) continue;
      result.steps.push_back({StepChange::kRemoved, step.reference, step.type, {}});
    }
    for (const Step& step : to_.steps) {
      const StepIndex old = from_.Find(step.reference);
      if (old == kNoStep) {
        result.steps.push_back({StepChange::kAdded, step.reference, step.type, {}});
        continue;
      }
      std::vector<std::string> fields = FieldsOf(from_.steps[old], step);
      if (fields.empty()) continue;
      result.steps.push_back({StepChange::kChanged, step.reference, step.type, std::move(fields)});
    }
    return result;
  }

 private:
  // The steps inside of a step are compared one by one.
  std::vector<std::string> FieldsOf(const Step& old, const Step& now) const {
    static const std::set<std::string> kNested = {"decisionCases", "defaultCase", "forkTasks",
                                                  "loopOver"};
    std::vector<std::string> fields =
        DifferingMembers(texts_before_.Of(old.reference), texts_after_.Of(now.reference), kNested);
    std::set<std::string> names(fields.begin(), fields.end());
    if (!SameTaskDefinition(old.task.source, now.task.source)) names.insert("taskDefinition");
    if (before_.Of(old.index) != after_.Of(now.index)) names.insert("position");
    return {names.begin(), names.end()};
  }

  static bool SameTaskDefinition(const Payload& from, const Payload& to) {
    if (from.empty() || to.empty()) return from.empty() == to.empty();
    return DifferingMembers(from.text(), to.text(), RecordMembers()).empty();
  }

  const Definition& from_;
  const Definition& to_;
  const StepTexts texts_before_;
  const StepTexts texts_after_;
  const Positions before_;
  const Positions after_;
};

}  // namespace

DefinitionDifferences DifferencesOf(const Definition& from, const Definition& to) {
  return Comparison(from, to).Run();
}

}  // namespace skald::core
