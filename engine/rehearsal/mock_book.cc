#include "engine/rehearsal/mock_book.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace skald::rehearsal {
namespace {

const char* PrefixOf(core::Operation operation) {
  switch (operation) {
    case core::Operation::kAction:
      return "";
    case core::Operation::kCompensate:
      return "undo ";
    case core::Operation::kProbe:
      return "probe ";
    case core::Operation::kEvaluate:
      return "condition ";
  }
  return "";
}

// "__2__1" for the first iteration of a loop in the second of another; the step key ends with
// "/2.1/<generation>" then (core::StepKey).
std::string IterationSuffix(const runtime::Assignment& task) {
  if (task.iteration == 0) return "";
  const std::size_t end = task.step_key.rfind('/');
  const std::size_t begin = task.step_key.rfind('/', end - 1) + 1;
  return absl::StrCat("__",
                      absl::StrReplaceAll(task.step_key.substr(begin, end - begin), {{".", "__"}}));
}

}  // namespace

std::string MockBook::NameOf(const runtime::Assignment& task) {
  return absl::StrCat(PrefixOf(task.operation), task.reference, IterationSuffix(task));
}

const MockResult* MockBook::Next(const runtime::Assignment& task) {
  const std::string prefix = PrefixOf(task.operation);
  const std::string iteration = IterationSuffix(task);
  const std::string within = absl::StrCat(prefix, task.workflow_name, "/", task.reference);
  const std::string alone = prefix + task.reference;
  for (const std::string& key :
       {within + iteration, within, alone + iteration, alone, task.task_type}) {
    const auto found = results_.find(key);
    if (found == results_.end()) continue;
    const std::size_t at = used_[key]++;
    return &found->second[std::min(at, found->second.size() - 1)];
  }
  return nullptr;
}

std::vector<std::string> MockBook::unused() const {
  std::vector<std::string> keys;
  for (const auto& [key, results] : results_) {
    if (!used_.contains(key)) keys.push_back(key);
  }
  return keys;
}

}  // namespace skald::rehearsal
