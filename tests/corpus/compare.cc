#include "tests/corpus/compare.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "tests/corpus/definition_text.h"
#include "tests/corpus/json_text.h"

namespace skald::corpus {
namespace {

constexpr std::size_t kShownMax = 6;  // lines of a longer difference are counted only

std::string Show(const TaskLine& task) {
  std::string text = fmt::format("{} {} {}", task.type, task.reference, task.status);
  if (task.retry_count != 0) text += fmt::format(" retry {}", task.retry_count);
  if (task.iteration != 0) text += fmt::format(" iteration {}", task.iteration);
  return text;
}

std::vector<std::string> ShowAll(const std::vector<TaskLine>& tasks) {
  std::vector<std::string> lines;
  lines.reserve(tasks.size());
  for (const TaskLine& task : tasks) lines.push_back(Show(task));
  return lines;
}

std::string Listed(std::vector<std::string> lines) {
  if (lines.empty()) return "-";
  const std::size_t left_out = lines.size() > kShownMax ? lines.size() - kShownMax : 0;
  lines.resize(lines.size() - left_out);
  std::string text = fmt::format("{}", fmt::join(lines, "; "));
  if (left_out != 0) text += fmt::format("; and {} more", left_out);
  return text;
}

// What is in `left` and not in `right`, counted, in the order of `left`.
std::vector<std::string> Missing(const std::vector<std::string>& left,
                                 const std::vector<std::string>& right) {
  std::multiset<std::string> rest(right.begin(), right.end());
  std::vector<std::string> missing;
  for (const std::string& line : left) {
    const auto found = rest.find(line);
    if (found == rest.end()) {
      missing.push_back(line);
    } else {
      rest.erase(found);
    }
  }
  return missing;
}

void CompareLines(const std::string& part, bool ordered, const std::vector<std::string>& theirs,
                  const std::vector<std::string>& ours, std::vector<Difference>& differences) {
  const std::vector<std::string> missing = Missing(theirs, ours);
  const std::vector<std::string> added = Missing(ours, theirs);
  if (!missing.empty() || !added.empty()) {
    differences.push_back({part, Listed(missing), Listed(added)});
    return;
  }
  if (!ordered || theirs == ours) return;
  const auto [left, right] = std::ranges::mismatch(theirs, ours);
  differences.push_back(
      {part + " (order)", Listed({left, theirs.end()}), Listed({right, ours.end()})});
}

std::vector<std::string> PlainReferences(const std::vector<TaskLine>& tasks) {
  std::set<std::string> references;
  for (const TaskLine& task : tasks) references.insert(PlainReference(task.reference));
  return {references.begin(), references.end()};
}

// The inputs of these are the server's own notes.
bool IsConstruct(const std::string& type) {
  static const std::set<std::string> types = {"FORK",     "JOIN",     "EXCLUSIVE_JOIN", "SWITCH",
                                              "DECISION", "DO_WHILE", "SUB_WORKFLOW"};
  return types.contains(type);
}

// `asyncComplete` is added to the input of HTTP and EVENT by the reference.
boost::json::value ComparableInput(const TaskLine& task) {
  if (!task.input.is_object()) return task.input;
  boost::json::object input = task.input.get_object();
  if (task.type == "HTTP" || task.type == "EVENT") input.erase("asyncComplete");
  if (task.type == "EVENT") input.erase("sink");
  return Shortened(WithoutChance(input));
}

void CompareInputs(const Case& theirs, const Outcome& ours, std::vector<Difference>& differences) {
  for (const TaskLine& expected : theirs.reference.tasks) {
    if (IsConstruct(expected.type)) continue;
    const auto actual = std::ranges::find_if(ours.tasks, [&](const TaskLine& task) {
      return task.reference == expected.reference && task.retry_count == expected.retry_count;
    });
    if (actual == ours.tasks.end()) continue;
    const boost::json::value left = ComparableInput(expected);
    const boost::json::value right = ComparableInput(*actual);
    if (IsSame(left, right)) continue;
    differences.push_back({"inputs", expected.reference + ": " + SortedText(left),
                           expected.reference + ": " + SortedText(right)});
  }
}

void CompareSub(const Case& theirs, const Outcome& ours, std::vector<Difference>& differences) {
  for (const auto& [reference, expected] : theirs.reference.sub) {
    const auto found = ours.sub.find(reference);
    if (found == ours.sub.end()) {
      differences.push_back({"sub", reference + ": " + expected.status, reference + ": none"});
      continue;
    }
    const SubWorkflow& actual = found->second;
    if (actual.status != expected.status) {
      differences.push_back({"sub", fmt::format("{}: {}", reference, expected.status),
                             fmt::format("{}: {}", reference, actual.status)});
    }
    const bool ordered = std::ranges::none_of(
        expected.tasks, [](const TaskLine& task) { return task.type == "FORK"; });
    CompareLines("sub " + reference, ordered, ShowAll(expected.tasks), ShowAll(actual.tasks),
                 differences);
  }
}

std::string Registration(const Outcome& outcome) {
  return outcome.registered ? "accepted" : "refused: " + outcome.register_error;
}

}  // namespace

std::vector<Difference> Compare(const Case& theirs, const Outcome& ours) {
  const Outcome& expected = theirs.reference;
  std::vector<Difference> differences;
  if (expected.registered != ours.registered) {
    return {{"register", Registration(expected), Registration(ours)}};
  }
  if (!expected.registered) return {};
  if (!theirs.IsUnstable("status") && expected.status != ours.status) {
    differences.push_back({"status", expected.status,
                           ours.reason.empty()
                               ? ours.status
                               : fmt::format("{}: {}", ours.status, WithoutChance(ours.reason))});
  }
  if (expected.status == "OPEN") {
    CompareLines("references", false, PlainReferences(expected.tasks), PlainReferences(ours.tasks),
                 differences);
    return differences;
  }
  if (!theirs.IsUnstable("tasks")) {
    CompareLines("tasks", HasDeterminedOrder(theirs.definition), ShowAll(expected.tasks),
                 ShowAll(ours.tasks), differences);
  }
  if (!theirs.IsUnstable("inputs")) CompareInputs(theirs, ours, differences);
  if (!theirs.IsUnstable("sub")) CompareSub(theirs, ours, differences);
  const boost::json::value output = Shortened(WithoutChance(ours.output));
  if (!theirs.IsUnstable("output") && !IsSame(expected.output, output)) {
    differences.push_back({"output", SortedText(expected.output), SortedText(output)});
  }
  return differences;
}

}  // namespace skald::corpus
