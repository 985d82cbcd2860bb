#include <future>
#include <vector>

#include "engine/postgres/embedded_migrations.h"
#include "engine/postgres/migrate.h"
#include "gmock/gmock.h"
#include "tests/support/private_postgres.h"
#include "tests/support/status_matchers.h"

namespace skald::postgres {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using testing::PrivatePostgres;
using testing::QueryOrDie;
using testing::StatusIs;

TEST(EmbeddedMigrationsTest, AreNumberedFromOneWithoutGaps) {
  int version = 0;
  for (const Migration& migration : EmbeddedMigrations()) EXPECT_EQ(migration.version, ++version);
  EXPECT_GE(version, 7);
}

TEST(EmbeddedMigrationsTest, SayTheirLockImpactAtTheirHead) {
  for (const Migration& migration : EmbeddedMigrations()) {
    const std::string head(migration.sql.substr(0, migration.sql.find("\n\n")));
    EXPECT_THAT(head, HasSubstr("-- Lock impact: ")) << migration.name;
  }
}

TEST(MigrateTest, BringsAnEmptyDatabaseToTheNewestVersion) {
  const std::string url = PrivatePostgres::NewDatabase();
  EXPECT_THAT(CheckSchema(url),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("run skald migrate")));

  const auto result = Migrate(url);

  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(result->version_before, 0);
  EXPECT_EQ(result->version, EmbeddedMigrations().back().version);
  EXPECT_THAT(CheckSchema(url), IsOk());
  EXPECT_EQ(QueryOrDie(url, "SELECT count(*) FROM skald.shard"), "16");
}

TEST(MigrateTest, ASecondRunChangesNothing) {
  const std::string url = PrivatePostgres::NewDatabase();
  ASSERT_THAT(Migrate(url), IsOk());
  const std::string before = QueryOrDie(url, "SELECT max(applied_at) FROM skald.schema_version");

  const auto again = Migrate(url);

  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->version_before, again->version);
  EXPECT_EQ(QueryOrDie(url, "SELECT max(applied_at) FROM skald.schema_version"), before);
}

TEST(MigrateTest, SeveralAtOnceApplyEachMigrationOnce) {
  const std::string url = PrivatePostgres::NewDatabase();
  std::vector<std::future<absl::Status>> runs;
  for (int i = 0; i < 4; ++i) {
    runs.push_back(std::async(std::launch::async, [&] { return Migrate(url).status(); }));
  }
  for (std::future<absl::Status>& run : runs) EXPECT_THAT(run.get(), IsOk());
  EXPECT_EQ(QueryOrDie(url, "SELECT count(*) FROM skald.schema_version"),
            std::to_string(EmbeddedMigrations().size()));
}

TEST(MigrateTest, ANewerSchemaIsRefusedAndLeftAlone) {
  const std::string url = PrivatePostgres::NewDatabase();
  ASSERT_THAT(Migrate(url), IsOk());
  QueryOrDie(url, "INSERT INTO skald.schema_version VALUES (999, 'from the future')");

  EXPECT_THAT(Migrate(url),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("version 999")));
  EXPECT_THAT(CheckSchema(url),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("start a newer skald")));
}

TEST(MigrateTest, ADatabaseInAnotherEncodingIsRefused) {
  const std::string url = PrivatePostgres::NewDatabase();
  QueryOrDie(url, "DROP DATABASE IF EXISTS latin");
  QueryOrDie(url, "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
  EXPECT_THAT(Migrate(url + " dbname=latin"),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("LATIN1")));
}

TEST(MigrateTest, NoServerIsUnavailable) {
  EXPECT_THAT(Migrate("host=/nonexistent dbname=x"), StatusIs(absl::StatusCode::kUnavailable));
}

TEST(MigrateTest, AMalformedUrlIsRefusedWithoutRepeatingIt) {
  const auto result = Migrate("postgresql://user:secret@host/db?nonsense=1");
  EXPECT_THAT(result, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(std::string(result.status().message()), ::testing::Not(HasSubstr("secret")));
}

// ---- partitions ----

TEST(PartitionTest, CoverTheWeeksToComeAndAreMadeOnce) {
  const std::string url = PrivatePostgres::NewDatabase();
  ASSERT_THAT(Migrate(url), IsOk());
  EXPECT_EQ(QueryOrDie(url,
                       "SELECT min(first_at) < now() AND max(end_at) > now() + '4 weeks' "
                       "FROM skald.partition"),
            "t");
  const std::string before = QueryOrDie(url, "SELECT count(*) FROM skald.partition");
  EXPECT_THAT(MaintainPartitions(url), IsOk());
  EXPECT_EQ(QueryOrDie(url, "SELECT count(*) FROM skald.partition"), before);
  EXPECT_EQ(QueryOrDie(url,
                       "SELECT skald.ensure_partitions(max(end_at) + '1 second', '1 day') "
                       "FROM skald.partition"),
            "1");
}

class RetentionTest : public ::testing::Test {
 protected:
  RetentionTest() : url_(PrivatePostgres::NewDatabase()) { EXPECT_THAT(Migrate(url_), IsOk()); }

  // A workflow whose id lies in the oldest partition.
  void AddOldWorkflow(const std::string& status) {
    Query("INSERT INTO skald.workflow SELECT " + OldId() +
          ", 1, 0, now(), now(), NULL, NULL, 1, "
          "0, false, 'default', 'order', '" +
          status + "', 'NONE', '', '', '', NULL");
    Query("INSERT INTO skald.history_row SELECT " + OldId() + ", 1, 1, now(), '[]'");
  }
  static std::string OldId() {
    return "(SELECT skald.id_floor(first_at) FROM skald.partition ORDER BY first_at LIMIT 1)";
  }
  // Only the first partition is over by now.
  std::string Drop() {
    return Query(
        "SELECT string_agg(dropped || ':' || reason, ',') FROM "
        "skald.drop_partitions(now())");
  }
  std::string Query(const std::string& sql) { return QueryOrDie(url_, sql); }

  const std::string url_;
};

TEST_F(RetentionTest, KeepsAPartitionWithAnUnfinishedWorkflow) {
  AddOldWorkflow("PAUSED");
  EXPECT_EQ(Drop(), "false:1 unfinished workflows");
  EXPECT_EQ(Query("SELECT count(*) FROM skald.workflow"), "1");
}

TEST_F(RetentionTest, AStartRequestKeepsItsPartitionUntilItIsRefused) {
  Query(
      "INSERT INTO skald.start_request (id, namespace, name, version, input, correlation_id, "
      "idempotency_key, priority, traceparent) SELECT " +
      OldId() + ", 'default', 'order', 1, '{}', '', '', 0, ''");
  EXPECT_EQ(Drop(), "false:1 unfinished workflows");
  Query("SELECT skald.refuse_start(id, 'no such definition') FROM skald.start_request");
  EXPECT_EQ(Drop(), "true:");
  EXPECT_EQ(Query("SELECT count(*) FROM skald.start_request"), "0");
}

TEST_F(RetentionTest, DropsWhatHasEndedWithItsKeysAndKeepsWhatIsYounger) {
  AddOldWorkflow("COMPLETED");
  Query("INSERT INTO skald.idempotency_key VALUES ('default', 'old', " + OldId() + ", '')");
  Query("INSERT INTO skald.idempotency_key VALUES ('default', 'new', skald.uuid_v7(), '')");
  Query("INSERT INTO skald.task_log (workflow_id, task, at, message) SELECT " + OldId() +
        ", 1, now(), 'x'");
  const std::string before = Query("SELECT count(*) FROM skald.partition");

  EXPECT_EQ(Drop(), "true:");

  EXPECT_EQ(Query("SELECT count(*) FROM skald.workflow"), "0");
  EXPECT_EQ(Query("SELECT count(*) FROM skald.history_row"), "0");
  EXPECT_EQ(Query("SELECT count(*) FROM skald.task_log"), "0");
  EXPECT_EQ(Query("SELECT string_agg(key, ',') FROM skald.idempotency_key"), "new");
  EXPECT_EQ(Query("SELECT count(*) + 1 FROM skald.partition"), before);
}

}  // namespace
}  // namespace skald::postgres
