#include "engine/app/postgres_installation.h"

#include <filesystem>
#include <string>

#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/paths.h"
#include "tests/support/status_matchers.h"

namespace skald::app {
namespace {

namespace fs = std::filesystem;
using ::skald::testing::IsOk;
using ::skald::testing::StatusIs;
using ::testing::HasSubstr;

class PostgresInstallationTest : public ::testing::Test {
 protected:
  // A folder with programs that only know their version.
  fs::path Install(const fs::path& folder, const std::string& version) {
    const fs::path bin_dir = folder_.path() / folder;
    fs::create_directories(bin_dir);
    for (const char* name : {"postgres", "initdb"}) {
      testing::WriteFileOrDie(bin_dir / name,
                              fmt::format("#!/bin/sh\necho 'postgres (PostgreSQL) {}'\n", version));
      fs::permissions(bin_dir / name, fs::perms::owner_all);
    }
    return bin_dir;
  }

  PostgresSearch Search() const {
    return {.debian_root = folder_.path() / "debian", .path = folder_.path() / "path"};
  }

 private:
  testing::TempDir folder_;
};

TEST_F(PostgresInstallationTest, NewestIsTaken) {
  Install("debian/9/bin", "9.6");
  const fs::path newest = Install("debian/17/bin", "17.1");
  Install("debian/15/bin", "15.20");
  const auto found = FindPostgres(Search());
  ASSERT_THAT(found, IsOk());
  EXPECT_EQ(found->major, 17);
  EXPECT_EQ(found->bin_dir, newest);
}

TEST_F(PostgresInstallationTest, ClustersVersionIsTakenWhereNamed) {
  Install("debian/17/bin", "17.1");
  const fs::path wanted = Install("debian/15/bin", "15.20");
  PostgresSearch search = Search();
  search.major = 15;
  const auto found = FindPostgres(search);
  ASSERT_THAT(found, IsOk());
  EXPECT_EQ(found->bin_dir, wanted);
}

TEST_F(PostgresInstallationTest, PathIsTheSecondPlace) {
  const fs::path in_path = Install("path", "16.3 (Ubuntu 16.3-1)");
  const auto found = FindPostgres(Search());
  ASSERT_THAT(found, IsOk());
  EXPECT_EQ(found->major, 16);
  EXPECT_EQ(found->bin_dir, in_path);
}

TEST_F(PostgresInstallationTest, OldVersionsAreNotTaken) {
  Install("debian/14/bin", "14.9");
  Install("path", "14.9");
  EXPECT_THAT(FindPostgres(Search()),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("PostgreSQL 15 or later")));
}

TEST_F(PostgresInstallationTest, ClientWithoutServerIsNotTaken) {
  fs::remove(Install("debian/15/bin", "15.20") / "initdb");
  EXPECT_THAT(FindPostgres(Search()), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(PostgresInstallationTest, ProgramThatSaysNothingUsefulIsNotTaken) {
  const fs::path bin_dir = Install("path", "");
  testing::WriteFileOrDie(bin_dir / "postgres", "#!/bin/sh\nexit 1\n");
  EXPECT_THAT(FindPostgres(Search()), StatusIs(absl::StatusCode::kUnavailable));
}

}  // namespace
}  // namespace skald::app
