// The rules of STYLE.md over the whole tree. rules_test.cc shows that each of them can fail.

#include <cstdlib>
#include <filesystem>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/paths.h"
#include "tests/tidy/comments.h"
#include "tests/tidy/includes.h"
#include "tests/tidy/limits.h"
#include "tests/tidy/proto_comments.h"
#include "tests/tidy/proto_rules.h"
#include "tests/tidy/scenario_names.h"
#include "tests/tidy/shape.h"
#include "tests/tidy/source_file.h"
#include "tests/tidy/words.h"

namespace skald::tidy {
namespace {

namespace fs = std::filesystem;

const std::vector<SourceFile>& Tree() {
  static const std::vector<SourceFile> tree = ReadTree(testing::SourceDir());
  return tree;
}

std::vector<SourceFile> OurProtos() {
  std::vector<SourceFile> protos;
  for (const SourceFile& file : Tree()) {
    if (file.IsUnder("proto/skald/") && file.path.ends_with(".proto")) protos.push_back(file);
  }
  return protos;
}

std::string Report(const Findings& findings) {
  std::ostringstream out;
  for (const Finding& finding : findings) out << "\n  " << finding;
  return std::move(out).str();
}

template <typename Rule>
Findings OverTree(Rule rule) {
  Findings all;
  for (const SourceFile& file : Tree()) {
    const Findings findings = rule(file);
    all.insert(all.end(), findings.begin(), findings.end());
  }
  return all;
}

template <typename Rule>
void ExpectHolds(Rule rule) {
  const Findings findings = OverTree(rule);
  EXPECT_TRUE(findings.empty()) << Report(findings);
}

// A tree that was not found would keep every rule.
TEST(TreeTest, FilesAreFound) {
  EXPECT_GT(Tree().size(), 50u);
  EXPECT_FALSE(OurProtos().empty());
}

TEST(TreeTest, IncludesPointDownOnly) { ExpectHolds(CheckLayers); }
TEST(TreeTest, LibrariesStayWhereTheyBelong) { ExpectHolds(CheckLibraries); }
TEST(TreeTest, HeadersOpenWithTheirContract) { ExpectHolds(CheckHeaderOpening); }
TEST(TreeTest, FilesAreShort) { ExpectHolds(CheckFileLength); }
TEST(TreeTest, FunctionsAreShort) { ExpectHolds(CheckFunctionLength); }
TEST(TreeTest, LinesAreShort) { ExpectHolds(CheckLineLength); }
TEST(TreeTest, NothingIsLeftToDoWithoutAnIssue) { ExpectHolds(CheckLeftovers); }
TEST(TreeTest, NoCodeIsCommentedOut) { ExpectHolds(CheckCommentedOutCode); }
TEST(TreeTest, ProtosSayWhatTheyMean) { ExpectHolds(CheckProtoComments); }
TEST(TreeTest, RefusalsNameTheirBound) { ExpectHolds(CheckBoundNames); }
TEST(TreeTest, CoreTimeIsWhole) { ExpectHolds(CheckCoreTimeIsWhole); }

TEST(TreeTest, EveryBoundIsInTheTable) {
  const Findings findings = CheckLimitsTable(Tree());
  EXPECT_TRUE(findings.empty()) << Report(findings);
}

TEST(TreeTest, WordsStandOnlyWhereTheyMay) {
  for (const WordRule& rule : WordRules()) {
    SCOPED_TRACE(rule.name);
    ExpectHolds([&rule](const SourceFile& file) { return CheckWords(rule, file); });
  }
}

TEST(TreeTest, EveryAllowanceIsNeeded) {
  for (const WordRule& rule : WordRules()) {
    const Findings findings = CheckAllowances(rule, Tree());
    EXPECT_TRUE(findings.empty()) << Report(findings);
  }
}

TEST(TreeTest, EnumsBeginUnspecified) {
  const Findings findings = Describe(OurProtos()).mistakes;
  EXPECT_TRUE(findings.empty()) << Report(findings);
}

TEST(TreeTest, ScenariosBearTheirSections) {
  const std::string readme = "tests/scenarios/README.md";
  std::vector<std::string> names;
  for (const auto& entry :
       fs::recursive_directory_iterator(testing::SourceDir() / "tests/scenarios")) {
    if (entry.path().extension() == ".scenario") names.push_back(entry.path().stem().string());
  }
  const Findings findings =
      CheckScenarioNames(readme, testing::ReadFileOrDie(testing::SourceDir() / readme), names);
  EXPECT_TRUE(findings.empty()) << Report(findings);
}

// With SKALD_REWRITE=1 new entries are added to the list; it refuses to forget or change any.
TEST(TreeTest, ProtoFieldsAreNeverRenumbered) {
  const fs::path list = testing::SourceDir() / "tests/tidy/proto_fields.txt";
  const auto kept = fs::exists(list) ? ReadList(testing::ReadFileOrDie(list))
                                     : std::map<std::string, ProtoEntry>();
  const ProtoDescription now = Describe(OurProtos());
  if (std::getenv("SKALD_REWRITE") != nullptr) {
    const RewrittenList rewritten = RewriteList(kept, now);
    ASSERT_TRUE(rewritten.refusals.empty()) << Report(rewritten.refusals);
    testing::WriteFileOrDie(list, rewritten.text);
    return;
  }
  const Findings findings = CheckProtoFields(kept, now);
  EXPECT_TRUE(findings.empty()) << Report(findings);
}

}  // namespace
}  // namespace skald::tidy
