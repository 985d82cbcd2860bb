// The samples of workflows/ pass their own tests, workflows/tests/<definition>_<case>.json, and the
// example of docs/testing-workflows.md is true.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_join.h"
#include "engine/app/system_clock.h"
#include "engine/rehearsal/workflow_rehearser.h"
#include "tests/support/paths.h"
#include "tests/support/status_matchers.h"

namespace skald::rehearsal {
namespace {

namespace fs = std::filesystem;
using skald::testing::ReadFileOrDie;
using skald::testing::SourceDir;

std::vector<fs::path> JsonFiles(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

ports::RehearsalReport Rehearse(const ports::RehearsalRequest& request) {
  const app::DatabaseClock clock;
  WorkflowRehearser rehearser({.real_clock = clock});
  const auto report = rehearser.Rehearse(request);
  EXPECT_THAT(report, testing::IsOk());
  return report.ok() ? *report : ports::RehearsalReport();
}

TEST(SampleWorkflowsTest, EndAsTheirMocksSay) {
  const fs::path folder = SourceDir() / "workflows";
  std::vector<std::string> others;
  for (const fs::path& file : JsonFiles(folder / "task-definitions")) {
    others.push_back(ReadFileOrDie(file));
  }
  std::vector<std::string> tested;
  for (const fs::path& mocks : JsonFiles(folder / "tests")) {
    const std::string stem = mocks.stem().string();
    const std::string name = stem.substr(0, stem.find('_'));
    tested.push_back(name);
    const ports::RehearsalReport report =
        Rehearse({.definition = ReadFileOrDie(folder / (name + ".json")),
                  .mocks = ReadFileOrDie(mocks),
                  .definitions = others});
    EXPECT_TRUE(report.passed) << mocks << ": " << absl::StrJoin(report.differences, "; ");
    EXPECT_EQ(absl::StrJoin(report.warnings, "; "), "") << mocks;
  }
  for (const fs::path& definition : JsonFiles(folder)) {
    EXPECT_THAT(tested, ::testing::Contains(definition.stem().string()));
  }
}

// The text of the nth block of the page that begins with ```<kind>.
std::string Block(const std::string& page, const std::string& kind, int nth) {
  std::size_t at = 0;
  const std::string fence = "```" + kind + "\n";
  for (int i = 0; i <= nth; ++i) {
    at = page.find(fence, at);
    EXPECT_NE(at, std::string::npos) << kind << " " << i;
    at += fence.size();
  }
  return page.substr(at, page.find("```", at) - at);
}

TEST(SampleWorkflowsTest, TheExampleOfTheDocumentsIsTrue) {
  const std::string page = ReadFileOrDie(SourceDir() / "docs" / "testing-workflows.md");
  const ports::RehearsalReport report =
      Rehearse({.definition = Block(page, "json", 0), .mocks = Block(page, "json", 1)});
  EXPECT_TRUE(report.passed) << absl::StrJoin(report.differences, "; ");
  EXPECT_EQ(absl::StrJoin(report.warnings, "; "), "");
  // Every event that the page shows is in the timeline, in that order.
  const std::string shown = Block(page, "text", 0);
  std::size_t at = 0;
  for (const auto& entry : report.timeline) {
    at = shown.find(entry.event, at);
    ASSERT_NE(at, std::string::npos) << entry.event << " " << entry.reference;
    at += entry.event.size();
  }
}

}  // namespace
}  // namespace skald::rehearsal
