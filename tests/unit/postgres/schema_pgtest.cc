// migrations/schema.txt: the schema that all migrations together give, for readers; and a change
// that nobody meant shows there. SKALD_REWRITE=1 writes it.
#include <cstdlib>
#include <sstream>

#include "engine/app/child_process.h"
#include "engine/app/postgres_installation.h"
#include "engine/postgres/migrate.h"
#include "gmock/gmock.h"
#include "tests/support/paths.h"
#include "tests/support/private_postgres.h"
#include "tests/support/status_matchers.h"

namespace skald::postgres {
namespace {

using testing::IsOk;

constexpr std::chrono::milliseconds kDumpTimeout{60'000};
// Each major version writes dumps in its own way.
constexpr int kDumpMajor = 15;
constexpr char kHead[] =
    "-- The schema after all migrations, as pg_dump shows it; without the partitions, which depend "
    "on "
    "the day.\n"
    "-- For reading only. Rewritten by SKALD_REWRITE=1 unit_postgres_test "
    "--gtest_filter='SchemaTest.*'\n\n";

// Without comments, settings, psql's own commands and doubled empty lines.
std::string Normalised(const std::string& dump) {
  std::istringstream lines(dump);
  std::string result;
  bool empty = true;
  for (std::string line; std::getline(lines, line);) {
    const bool noise = line.starts_with("--") || line.starts_with("SET ") ||
                       line.starts_with("SELECT pg_catalog.set_config") || line.starts_with("\\");
    if (noise || (line.empty() && empty)) continue;
    empty = line.empty();
    result += line + "\n";
  }
  while (result.ends_with("\n\n")) result.pop_back();
  return result;
}

std::string Dump(const std::string& url, const std::filesystem::path& bin_dir) {
  const testing::TempDir folder;
  const std::string file = (folder.path() / "schema.sql").string();
  const auto result = app::RunCommand(
      {.command = {(bin_dir / "pg_dump").string(), "--schema-only", "--no-owner", "--schema=skald",
                   "--exclude-table=skald.workflow_p*", "--exclude-table=skald.history_row_p*",
                   "--exclude-table=skald.payload_p*", "--file=" + file, "--dbname=" + url}},
      kDumpTimeout);
  EXPECT_THAT(result, IsOk());
  EXPECT_TRUE(result.ok() && result->exit_code == 0) << (result.ok() ? result->output : "");
  return kHead + Normalised(testing::ReadFileOrDie(file));
}

TEST(SchemaTest, IsWhatTheSnapshotShows) {
  const auto installation = app::FindPostgres({.major = kDumpMajor});
  if (!installation.ok()) GTEST_SKIP() << installation.status();
  const std::string url = testing::PrivatePostgres::NewDatabase();
  ASSERT_THAT(Migrate(url), IsOk());

  const std::string schema = Dump(url, installation->bin_dir);

  const std::filesystem::path snapshot = testing::SourceDir() / "migrations" / "schema.txt";
  if (std::getenv("SKALD_REWRITE") != nullptr) return testing::WriteFileOrDie(snapshot, schema);
  EXPECT_EQ(testing::ReadFileOrDie(snapshot), schema)
      << "if the change is meant: SKALD_REWRITE=1 writes it";
}

}  // namespace
}  // namespace skald::postgres
