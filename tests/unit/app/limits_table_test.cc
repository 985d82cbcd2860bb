// What `skald admin limits` prints and what docs/limits.md lists are one. SKALD_REWRITE=1 writes
// the list anew. (tidy_test holds that every bound of the limits headers is in the table.)
#include "engine/app/limits_table.h"

#include <cstdlib>
#include <filesystem>
#include <set>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/paths.h"

namespace skald::app {
namespace {

constexpr char kHeading[] = "## All bounds\n";

std::string Grouped(std::uint64_t value) {
  std::string digits = std::to_string(value);
  for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, " ");
  return digits;
}

std::string ListOf(const std::vector<grpc_edge::NamedLimit>& table) {
  std::string text = "\n| bound | value | what it bounds |\n|---|---|---|\n";
  for (const grpc_edge::NamedLimit& limit : table) {
    text += "| `" + limit.name + "` | " + Grouped(limit.value) +
            (limit.unit.empty() ? "" : " " + limit.unit) + " | " + limit.meaning + " |\n";
  }
  return text;
}

TEST(LimitsTableTest, TheDocumentationListsEveryRow) {
  const std::filesystem::path path = testing::SourceDir() / "docs/limits.md";
  const std::string text = testing::ReadFileOrDie(path);
  const std::size_t heading = text.find(kHeading);
  ASSERT_NE(heading, std::string::npos);
  const std::size_t begin = heading + std::string(kHeading).size();
  const std::string wanted = ListOf(LimitsTable({}));
  if (std::getenv("SKALD_REWRITE") != nullptr) {
    testing::WriteFileOrDie(path, text.substr(0, begin) + wanted);
    return;
  }
  EXPECT_EQ(text.substr(begin), wanted) << "docs/limits.md: SKALD_REWRITE=1 writes the list anew";
}

TEST(LimitsTableTest, EveryRowSaysWhatRaisesItAndStandsOnce) {
  std::set<std::pair<std::string, std::string>> names;
  for (const grpc_edge::NamedLimit& limit : LimitsTable({})) {
    SCOPED_TRACE(limit.name);
    EXPECT_THAT(limit.meaning, ::testing::AnyOf(::testing::HasSubstr("(--"),
                                                ::testing::HasSubstr("(fixed in engine/")));
    EXPECT_GT(limit.value, 0U);
    // Edges may use one name each: the header tells them apart.
    EXPECT_TRUE(names.emplace(limit.name, limit.meaning).second);
  }
}

TEST(LimitsTableTest, SettingsAreShownAsTheyAre) {
  ServerConfig config;
  config.calls.http_response_bytes_max = 8 << 20;
  bool found = false;
  for (const grpc_edge::NamedLimit& limit : LimitsTable(config)) {
    if (limit.name != "http_response_bytes_max") continue;
    found = true;
    EXPECT_EQ(limit.value, 8U << 20);
    EXPECT_THAT(limit.meaning, ::testing::HasSubstr("(--http-response-bytes-max)"));
  }
  EXPECT_TRUE(found);
}

}  // namespace
}  // namespace skald::app
