#include "engine/postgres/commit_parameters.h"
#include "tests/support/eventually.h"
#include "tests/unit/postgres/store_fixture.h"

namespace skald::postgres {
namespace {

using ::testing::ElementsAre;
using testing::Eventually;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::PrivatePostgres;
using testing::StatusIs;

class CommitTest : public StoreFixture {};

TEST_F(CommitTest, StoresHistoryAndRow) {
  const ports::NodeLease lease = Acquire();
  EXPECT_THAT(Commit(lease, {Start(Id(1))}), IsOk());

  const auto stored = Load(Id(1));
  ASSERT_TRUE(stored.has_value());
  EXPECT_EQ(stored->id, Id(1));
  EXPECT_EQ(stored->definition_id, 11);
  EXPECT_FALSE(stored->parked);
  EXPECT_EQ(stored->snapshot, "");
  ASSERT_EQ(stored->rows.size(), 1U);
  EXPECT_EQ(stored->rows[0].first_seq, 1U);
  EXPECT_EQ(stored->rows[0].last_seq, 2U);
  EXPECT_EQ(stored->rows[0].at, kNowUs + 1);
  EXPECT_EQ(stored->rows[0].events, R"([{"type":"WorkflowStarted"}])");
}

TEST_F(CommitTest, AnEmptyBatchChecksTheFenceOnly) {
  const ports::NodeLease lease = Acquire();
  EXPECT_THAT(Commit(lease, {}), IsOk());
  EXPECT_THAT(Commit({.node_id = "node-1", .epoch = lease.epoch + 1}, {}),
              StatusIs(absl::StatusCode::kAborted));
}

TEST_F(CommitTest, KeepsEventBytesWhateverTheyAre) {
  const ports::NodeLease lease = Acquire();
  const std::string bytes("[\"\xff\x00\\u0000'\\\\\"]", 15);
  EXPECT_THAT(Commit(lease, {Events(Id(1), 1, 1, bytes), Start(Id(2))}), IsOk());
  EXPECT_EQ(Load(Id(2))->rows.size(), 1U);
  EXPECT_EQ(Query("SELECT events = '\\x"
                  "5b22ff005c7530303030275c5c225d"
                  "' FROM "
                  "skald.history_row WHERE workflow_id = '" +
                  Id(1).ToString() + "'"),
            "t");
}

TEST_F(CommitTest, ATextTheDatabaseCannotHoldIsMadeHarmless) {
  const ports::NodeLease lease = Acquire();
  ports::WorkflowWrite write = Start(Id(1));
  write.row->reason = std::string("a\0b\xff", 4);
  EXPECT_THAT(Commit(lease, {write}), IsOk());
  EXPECT_EQ(Query("SELECT reason FROM skald.workflow"),
            "a\xEF\xBF\xBD"
            "b\xEF\xBF\xBD");
}

TEST_F(CommitTest, RowsOfOneWorkflowInOneBatchAreFolded) {
  const ports::NodeLease lease = Acquire();
  ports::WorkflowWrite snapshot = Events(Id(1), 3, 3);
  snapshot.row = Row(false);
  snapshot.row->snapshot = "state";
  snapshot.row->snapshot_seq = 3;
  ports::WorkflowWrite end = Events(Id(1), 4, 4);
  end.row = Row(false);
  end.row->status = core::WorkflowStatus::kCompleted;
  end.row->ended_at = kNowUs + 9;

  EXPECT_THAT(Commit(lease, {Start(Id(1)), snapshot, end}), IsOk());

  EXPECT_EQ(Query("SELECT concat_ws(' ', status, snapshot_seq, skald.microseconds(ended_at)) "
                  "FROM skald.workflow"),
            "COMPLETED 3 " + std::to_string(kNowUs + 9));
  const auto stored = Load(Id(1));
  EXPECT_EQ(stored->snapshot, "state");
  ASSERT_EQ(stored->rows.size(), 1U);
  EXPECT_EQ(stored->rows[0].first_seq, 4U);
}

TEST_F(CommitTest, AnUpdateWithoutSnapshotKeepsTheOldOne) {
  const ports::NodeLease lease = Acquire();
  ports::WorkflowWrite start = Start(Id(1));
  start.row->snapshot = std::string(100'000, 'x');
  start.row->snapshot_seq = 2;
  ASSERT_THAT(Commit(lease, {start}), IsOk());
  ports::WorkflowWrite pause = Events(Id(1), 3, 3);
  pause.row = Row(false);
  pause.row->status = core::WorkflowStatus::kPaused;
  pause.row->parked = true;
  pause.row->wake_at = kNowUs + 5;
  ASSERT_THAT(Commit(lease, {pause}), IsOk());

  const auto stored = Load(Id(1));
  EXPECT_EQ(stored->snapshot.size(), 100'000U);
  EXPECT_EQ(stored->snapshot_seq, 2U);
  EXPECT_TRUE(stored->parked);
  EXPECT_EQ(stored->wake_at, kNowUs + 5);
}

TEST_F(CommitTest, AHistoryRowThatExistsAbortsAllOfTheBatch) {
  const ports::NodeLease lease = Acquire();
  ASSERT_THAT(Commit(lease, {Start(Id(1))}), IsOk());

  EXPECT_THAT(Commit(lease, {Start(Id(2)), Events(Id(1), 1, 1)}),
              StatusIs(absl::StatusCode::kAborted));

  EXPECT_EQ(Load(Id(2)), std::nullopt);
  EXPECT_THAT(Commit(lease, {Start(Id(2))}), IsOk()) << "the connection goes on";
}

TEST_F(CommitTest, AWorkflowThatExistsAborts) {
  const ports::NodeLease lease = Acquire();
  ASSERT_THAT(Commit(lease, {Start(Id(1))}), IsOk());
  ports::WorkflowWrite again = Events(Id(1), 3, 3);
  again.row = Row(true);
  EXPECT_THAT(Commit(lease, {again}), StatusIs(absl::StatusCode::kAborted));
}

TEST_F(CommitTest, ABatchBeyondItsBoundIsRefused) {
  const ports::NodeLease lease = Acquire();
  std::vector<ports::WorkflowWrite> writes(kBatchWritesMax + 1);
  EXPECT_THAT(Commit(lease, std::move(writes)),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("batch_writes")));
}

TEST_F(CommitTest, AnUnfitRowIsInternalAndWritesNothing) {
  const ports::NodeLease lease = Acquire();
  Query("ALTER TABLE skald.workflow ADD CHECK (priority < 50)");
  ports::WorkflowWrite write = Start(Id(1));
  write.row->priority = 70;
  EXPECT_THAT(Commit(lease, {write}), StatusIs(absl::StatusCode::kInternal));
  EXPECT_EQ(Query("SELECT count(*) FROM skald.history_row"), "0");
}

TEST_F(CommitTest, RemovesTheStartRequestItConsumes) {
  const ports::NodeLease lease = Acquire();
  Query("INSERT INTO skald.start_request VALUES ('" + Id(1).ToString() +
        "', 'default', 'order', 0, '{}', '', '', 0, '')");
  ports::WorkflowWrite write = Start(Id(1));
  write.consumes_start_request = true;
  EXPECT_THAT(Commit(lease, {write}), IsOk());
  EXPECT_EQ(Query("SELECT count(*) FROM skald.start_request"), "0");
}

// ---- losses ----

// Holds the node's fence row, so that a commit stays under way until it is let go.
class HeldFence {
 public:
  explicit HeldFence(const std::string& url) : connection_(url), work_(connection_) {
    work_.exec("SELECT 1 FROM skald.node FOR UPDATE");
  }
  void LetGo() { work_.abort(); }

 private:
  pqxx::connection connection_;
  pqxx::work work_;
};

// The backend that waits for the fence, once there is one.
std::string AwaitWaitingBackend(const std::string& url) {
  std::string pid;
  EXPECT_TRUE(Eventually([&] {
    pid = testing::QueryOrDie(
        url,
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND "
        "wait_event_type = 'Lock' AND query LIKE '%check_fence%' LIMIT 1");
    return !pid.empty();
  }));
  return pid.empty() ? "0" : pid;
}

TEST_F(CommitTest, ABackendKilledMidCommitIsUnknownAndTheNextCommitConnectsAgain) {
  const ports::NodeLease lease = Acquire();
  ASSERT_THAT(Commit(lease, {Start(Id(1))}), IsOk());
  HeldFence fence(url_);
  std::future<absl::Status> commit = BeginCommit(lease, {Start(Id(2))});

  Query("SELECT pg_terminate_backend(" + AwaitWaitingBackend(url_) + ")");

  EXPECT_THAT(Settle(std::move(commit)), StatusIs(absl::StatusCode::kUnknown));
  fence.LetGo();
  EXPECT_THAT(Commit(lease, {Start(Id(3))}), IsOk());
  EXPECT_EQ(Load(Id(2)), std::nullopt);
}

TEST_F(CommitTest, AStatementToldToCancelIsUnavailable) {
  const ports::NodeLease lease = Acquire();
  HeldFence fence(url_);
  std::future<absl::Status> commit = BeginCommit(lease, {Start(Id(1))});
  Query("SELECT pg_cancel_backend(" + AwaitWaitingBackend(url_) + ")");
  EXPECT_THAT(Settle(std::move(commit)), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(CommitTest, AConnectionLostWhileIdleIsMadeAgainUnnoticed) {
  const ports::NodeLease lease = Acquire();
  ASSERT_THAT(Commit(lease, {Start(Id(1))}), IsOk());
  const std::string ended = Query(
      "SELECT string_agg(pid::text, ',') FROM (SELECT pid, pg_terminate_backend(pid) "
      "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
      "OFFSET 0) AS backend");
  // They have said good-bye when their entries are gone.
  ASSERT_TRUE(Eventually([&] {
    return Query("SELECT count(*) FROM pg_stat_activity WHERE pid IN (" + ended + ")") == "0";
  }));
  EXPECT_THAT(Commit(lease, {Start(Id(2))}), IsOk());
  EXPECT_TRUE(Load(Id(1)).has_value());
}

TEST_F(CommitTest, AfterACrashOfTheServerEverythingCommittedIsThereAndWorkGoesOn) {
  const ports::NodeLease lease = Acquire();
  ASSERT_THAT(Commit(lease, {Start(Id(1))}), IsOk());

  PrivatePostgres::CrashAndRestart();

  absl::Status status;
  EXPECT_TRUE(Eventually([&] {
    status = Commit(lease, {Start(Id(2))});
    EXPECT_FALSE(absl::IsAborted(status) || absl::IsInternal(status)) << status;
    return !absl::IsUnavailable(status);
  }));
  EXPECT_THAT(status, IsOk());
  EXPECT_TRUE(Load(Id(1)).has_value());
  EXPECT_TRUE(Load(Id(2)).has_value());
}

TEST_F(CommitTest, WithoutAServerEveryCallIsUnavailable) {
  auto away = PgJournal::Open("host=/nonexistent dbname=x");
  ASSERT_THAT(away, IsOk());
  journal_ = *std::move(away);
  EXPECT_THAT(Commit({.node_id = "a", .epoch = 1}, {}), StatusIs(absl::StatusCode::kUnavailable));
  const auto lease =
      Await<ports::NodeLease>([&](auto done) { journal_->AcquireNode("a", kLongLeaseUs, done); });
  EXPECT_THAT(lease, StatusIs(absl::StatusCode::kUnavailable));
  const auto keys = Await<std::vector<ports::KeyHolder>>([&](auto done) {
    journal_->ClaimKeys({{.name_space = "default", .key = "k", .id = Id(1)}}, done);
  });
  EXPECT_THAT(keys, StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(CommitTest, TheEndOfTheJournalAnswersWhatIsUnderWay) {
  const ports::NodeLease lease = Acquire();
  HeldFence fence(url_);
  std::future<absl::Status> first = BeginCommit(lease, {Start(Id(1))});
  std::future<absl::Status> second = BeginCommit(lease, {Start(Id(2))});
  AwaitWaitingBackend(url_);

  journal_.reset();

  EXPECT_THAT(Settle(std::move(first)), StatusIs(absl::StatusCode::kCancelled));
  EXPECT_THAT(Settle(std::move(second)), StatusIs(absl::StatusCode::kCancelled));
}

TEST_F(CommitTest, TheEndOfTheJournalCancelsATakeoverThatWaits) {
  Acquire();
  HeldFence fence(url_);
  std::promise<absl::Status> answered;
  journal_->AcquireNode("node-1", kLongLeaseUs, [&](absl::StatusOr<ports::NodeLease> lease) {
    answered.set_value(std::move(lease).status());
  });
  journal_.reset();
  EXPECT_THAT(Settle(answered.get_future()), StatusIs(absl::StatusCode::kCancelled));
}

}  // namespace
}  // namespace skald::postgres
