#include <string>

#include "gtest/gtest.h"
#include "tests/support/private_postgres.h"

namespace skald::testing {
namespace {

TEST(PrivatePostgresTest, EachDatabaseIsEmptyAndApart) {
  const std::string first = PrivatePostgres::NewDatabase();
  const std::string second = PrivatePostgres::NewDatabase();
  QueryOrDie(first, "CREATE TABLE things AS SELECT 1 AS value");
  EXPECT_EQ(QueryOrDie(first, "SELECT count(*) FROM things"), "1");
  EXPECT_EQ(QueryOrDie(second, "SELECT to_regclass('things') IS NULL"), "t");
}

TEST(PrivatePostgresTest, CrashKeepsWhatWasCommitted) {
  const std::string database = PrivatePostgres::NewDatabase();
  QueryOrDie(database, "CREATE TABLE things AS SELECT 7 AS value");
  const pid_t before = PrivatePostgres::ServerPid();
  PrivatePostgres::CrashAndRestart();
  EXPECT_NE(PrivatePostgres::ServerPid(), before);
  EXPECT_EQ(QueryOrDie(database, "SELECT value FROM things"), "7");
}

}  // namespace
}  // namespace skald::testing
