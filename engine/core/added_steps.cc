#include "engine/core/added_steps.h"

#include <algorithm>
#include <utility>

#include "engine/base/check.h"

namespace skald::core {

std::size_t AddedSteps::count() const {
  if (lists_.empty()) return 0;
  return lists_.back()->first + lists_.back()->steps.size() - lists_.front()->first;
}

void AddedSteps::Append(std::shared_ptr<const StepList> list) {
  CHECK(lists_.empty() || list->first == lists_.back()->first + lists_.back()->steps.size());
  for (const Step& step : list->steps) {
    if (step.instead_of == kNoStep) by_reference_.insert_or_assign(step.reference, step.index);
  }
  for (const auto& [name, definition] : list->task_definitions) {
    task_definitions_.insert_or_assign(name, &definition);
  }
  newest_.insert_or_assign(list->maker, list.get());
  any_saga_ = any_saga_ || list->any_saga;
  lists_.push_back(std::move(list));
}

const Step& AddedSteps::At(StepIndex step) const {
  const auto after =
      std::upper_bound(lists_.begin(), lists_.end(), step,
                       [](StepIndex wanted, const auto& list) { return wanted < list->first; });
  CHECK(after != lists_.begin());
  const StepList& list = **std::prev(after);
  CHECK(step - list.first < list.steps.size());
  return list.steps[step - list.first];
}

StepIndex AddedSteps::Find(std::string_view reference) const {
  const auto found = by_reference_.find(reference);
  return found == by_reference_.end() ? kNoStep : found->second;
}

const Payload* AddedSteps::TaskDefinition(const std::string& name) const {
  const auto found = task_definitions_.find(name);
  return found == task_definitions_.end() ? nullptr : found->second;
}

const StepList* AddedSteps::NewestOf(StepIndex maker) const {
  const auto found = newest_.find(maker);
  return found == newest_.end() ? nullptr : found->second;
}

bool operator==(const AddedSteps& a, const AddedSteps& b) {
  return std::equal(a.lists_.begin(), a.lists_.end(), b.lists_.begin(), b.lists_.end(),
                    [](const auto& one, const auto& other) {
                      return one->maker == other->maker && one->source == other->source;
                    });
}

StepIndex FindStep(const Definition& definition, const AddedSteps& added,
                   std::string_view reference) {
  const StepIndex step = definition.Find(reference);
  return step != kNoStep ? step : added.Find(reference);
}

}  // namespace skald::core
