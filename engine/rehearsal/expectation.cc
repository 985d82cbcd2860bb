#include "engine/rehearsal/expectation.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/core/json_scan.h"

namespace skald::rehearsal {
namespace {

constexpr int kComparedDepthMax = 200;  // more than a payload may have

std::string Different(const std::string& path, std::string_view expected, std::string_view found) {
  return absl::StrCat(path, ": expected ", std::string(expected), ", found ", std::string(found));
}

bool IsNumber(std::string_view value) { return core::KindOf(value) == core::JsonKind::kNumber; }

bool SameScalar(std::string_view expected, std::string_view found) {
  if (expected == found) return true;
  if (core::KindOf(expected) != core::KindOf(found)) return false;
  if (core::KindOf(expected) == core::JsonKind::kString) {
    return core::StringOf(expected) == core::StringOf(found);
  }
  if (!IsNumber(expected)) return true;  // null, true, false
  return std::stod(std::string(expected)) == std::stod(std::string(found));
}

std::string Find(const std::string& path, std::string_view expected, std::string_view found,
                 bool exact, int depth);

std::string FindInObject(const std::string& path, std::string_view expected, std::string_view found,
                         bool exact, int depth) {
  for (core::JsonWalk walk(expected); walk.Next();) {
    const std::string below = absl::StrCat(path, ".", walk.key());
    const std::optional<std::string_view> value = core::FindMember(found, walk.key());
    const std::string_view wanted = core::TrimJson(walk.value());
    if (!value.has_value()) return Different(below, wanted, "nothing");
    std::string difference = Find(below, wanted, core::TrimJson(*value), exact, depth + 1);
    if (!difference.empty()) return difference;
  }
  if (!exact) return "";
  for (core::JsonWalk walk(found); walk.Next();) {
    if (core::FindMember(expected, walk.key()).has_value()) continue;
    return Different(absl::StrCat(path, ".", walk.key()), "nothing", core::TrimJson(walk.value()));
  }
  return "";
}

std::string FindInList(const std::string& path, std::string_view expected, std::string_view found,
                       bool exact, int depth) {
  core::JsonWalk ours(found);
  std::size_t index = 0;
  for (core::JsonWalk walk(expected); walk.Next(); ++index) {
    const std::string below = absl::StrCat(path, "[", index, "]");
    const std::string_view wanted = core::TrimJson(walk.value());
    if (!ours.Next()) return Different(below, wanted, "nothing");
    std::string difference = Find(below, wanted, core::TrimJson(ours.value()), exact, depth + 1);
    if (!difference.empty()) return difference;
  }
  if (!ours.Next()) return "";
  return Different(absl::StrCat(path, "[", index, "]"), "nothing", core::TrimJson(ours.value()));
}

std::string Find(const std::string& path, std::string_view expected, std::string_view found,
                 bool exact, int depth) {
  const core::JsonKind kind = core::KindOf(expected);
  if (kind != core::KindOf(found) || depth > kComparedDepthMax) {
    return Different(path, expected, found);
  }
  if (kind == core::JsonKind::kObject) return FindInObject(path, expected, found, exact, depth);
  if (kind == core::JsonKind::kArray) return FindInList(path, expected, found, exact, depth);
  return SameScalar(expected, found) ? "" : Different(path, expected, found);
}

void CompareList(const char* what, const std::optional<std::vector<std::string>>& expected,
                 const std::vector<std::string>& found, std::vector<std::string>& differences) {
  if (!expected.has_value() || *expected == found) return;
  differences.push_back(Different(what, absl::StrCat("[", absl::StrJoin(*expected, ", "), "]"),
                                  absl::StrCat("[", absl::StrJoin(found, ", "), "]")));
}

void CompareSteps(const ExpectedEnd& expected, const core::State& end, const Course& course,
                  std::vector<std::string>& differences) {
  for (const auto& [reference, status] : expected.steps) {
    const auto newest = course.newest.find(reference);
    std::string_view found = "no such step";
    if (newest != course.newest.end()) {
      // Of an iteration that its loop keeps no longer, nothing is known.
      found = end.has_task(newest->second) ? core::Name(end.task(newest->second).status)
                                           : "kept no longer";
    }
    if (found == core::Name(status)) continue;
    differences.push_back(Different("steps." + reference, core::Name(status), found));
  }
}

}  // namespace

std::string FindDifference(const std::string& path, std::string_view expected,
                           std::string_view found, bool exact) {
  return Find(path, core::TrimJson(expected), core::TrimJson(found), exact, 0);
}

std::vector<std::string> Compare(const ExpectedEnd& expected, const core::State& end,
                                 const Course& course) {
  std::vector<std::string> differences;
  const core::WorkflowStatus status = expected.status.value_or(core::WorkflowStatus::kCompleted);
  if (status != end.status) {
    std::string found(core::Name(end.status));
    if (!end.reason.empty()) absl::StrAppend(&found, " (", end.reason, ")");
    differences.push_back(Different("status", core::Name(status), found));
  }
  if (expected.saga_status.has_value() && *expected.saga_status != end.saga_status) {
    differences.push_back(
        Different("sagaStatus", core::Name(*expected.saga_status), core::Name(end.saga_status)));
  }
  if (expected.reason.has_value() && *expected.reason != end.reason) {
    differences.push_back(Different("reason", *expected.reason, end.reason));
  }
  if (!expected.output.empty()) {
    std::string difference = FindDifference("output", expected.output.text(),
                                            end.output.text_or_null(), expected.output_exact);
    if (!difference.empty()) differences.push_back(std::move(difference));
  }
  CompareList("executed", expected.executed, course.executed, differences);
  CompareList("undone", expected.undone, course.undone, differences);
  CompareSteps(expected, end, course, differences);
  return differences;
}

}  // namespace skald::rehearsal
