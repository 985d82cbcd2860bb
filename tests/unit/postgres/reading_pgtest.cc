#include "tests/unit/postgres/store_fixture.h"

namespace skald::postgres {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::IsOkAndHolds;
using ::testing::SizeIs;

constexpr ports::SlotRange kAllSlots;
constexpr core::WorkflowId kFromTheStart;

class ReadingTest : public StoreFixture {
 protected:
  ReadingTest() : lease_(Acquire()) {}

  void Store(const core::WorkflowId& id, core::WorkflowStatus status, bool parked = false,
             core::TimeUs wake_at = 0) {
    ports::WorkflowWrite write = Start(id);
    write.row->status = status;
    write.row->parked = parked;
    write.row->wake_at = wake_at;
    EXPECT_THAT(Commit(lease_, {write}), IsOk());
  }

  std::vector<core::WorkflowId> Ids(
      const absl::StatusOr<std::vector<ports::StoredWorkflow>>& workflows) {
    EXPECT_THAT(workflows, IsOk());
    std::vector<core::WorkflowId> ids;
    for (const ports::StoredWorkflow& workflow : *workflows) ids.push_back(workflow.id);
    return ids;
  }
  absl::StatusOr<std::vector<ports::StoredWorkflow>> Active(const ports::SlotRange& slots,
                                                            const core::WorkflowId& after,
                                                            std::size_t count_max = 100) {
    return Await<std::vector<ports::StoredWorkflow>>(
        [&](auto done) { journal_->LoadActive(slots, after, count_max, done); });
  }
  absl::StatusOr<std::vector<ports::StoredWorkflow>> Due(const ports::SlotRange& slots,
                                                         core::TimeUs until,
                                                         std::size_t count_max = 100) {
    return Await<std::vector<ports::StoredWorkflow>>(
        [&](auto done) { journal_->LoadDue(slots, {}, until, count_max, done); });
  }
  absl::StatusOr<core::TimeUs> NextWakeAt(const ports::SlotRange& slots) {
    return Await<core::TimeUs>([&](auto done) { journal_->NextWakeAt(slots, 0, done); });
  }

  const ports::NodeLease lease_;
};

TEST_F(ReadingTest, AWorkflowThatIsNotThereIsEmpty) { EXPECT_EQ(Load(Id(1)), std::nullopt); }

TEST_F(ReadingTest, RowsComeInOrderAndOnlyThoseBehindTheSnapshot) {
  ports::WorkflowWrite start = Start(Id(1));
  ASSERT_THAT(Commit(lease_, {start, Events(Id(1), 3, 5, "[3]")}), IsOk());
  ports::WorkflowWrite snapshot = Events(Id(1), 6, 7, "[6]");
  snapshot.row = Row(false);
  snapshot.row->snapshot = "state at 7";
  snapshot.row->snapshot_seq = 7;
  ASSERT_THAT(Commit(lease_, {snapshot, Events(Id(1), 8, 8, "[8]")}), IsOk());
  ASSERT_THAT(Commit(lease_, {Events(Id(1), 9, 12, "[9]")}), IsOk());

  const auto stored = Load(Id(1));
  EXPECT_EQ(stored->snapshot, "state at 7");
  EXPECT_EQ(stored->snapshot_seq, 7U);
  ASSERT_THAT(stored->rows, SizeIs(2));
  EXPECT_EQ(stored->rows[0].events, "[8]");
  EXPECT_EQ(stored->rows[1].events, "[9]");
  EXPECT_EQ(stored->rows[1].last_seq, 12U);
}

TEST_F(ReadingTest, ARowThatTheSnapshotCutsInTwoComesWhole) {
  ports::WorkflowWrite start = Start(Id(1));
  start.last_seq = 6;
  start.row->snapshot = "state at 4";
  start.row->snapshot_seq = 4;
  ASSERT_THAT(Commit(lease_, {start}), IsOk());
  EXPECT_THAT(Load(Id(1))->rows, SizeIs(1));
}

TEST_F(ReadingTest, ActiveAreNeitherEndedNorParkedAndComeInPagesByIdWithTheirHistories) {
  Store(Id(1), core::WorkflowStatus::kRunning);
  Store(Id(2), core::WorkflowStatus::kCompleted);
  Store(Id(3), core::WorkflowStatus::kPaused);
  Store(Id(4), core::WorkflowStatus::kRunning, true, kNowUs);
  Store(Id(5), core::WorkflowStatus::kRunning);
  Store(Id(6), core::WorkflowStatus::kTerminated);

  const auto first = Active(kAllSlots, kFromTheStart, 2);
  EXPECT_THAT(Ids(first), ElementsAre(Id(1), Id(3)));
  for (const ports::StoredWorkflow& workflow : *first) EXPECT_THAT(workflow.rows, SizeIs(1));
  EXPECT_THAT(Ids(Active(kAllSlots, Id(3), 2)), ElementsAre(Id(5)));
  EXPECT_THAT(Ids(Active(kAllSlots, Id(5), 2)), IsEmpty());
}

TEST_F(ReadingTest, OnlyWorkflowsOfTheSlotsAreActiveOrDue) {
  Store(Id(1, 0), core::WorkflowStatus::kRunning);
  Store(Id(2, 4095), core::WorkflowStatus::kRunning);
  Store(Id(3, 4096), core::WorkflowStatus::kRunning);
  Store(Id(4, 65'535), core::WorkflowStatus::kRunning, true, kNowUs);
  EXPECT_THAT(Ids(Active({0, 4095}, kFromTheStart)), ElementsAre(Id(1, 0), Id(2, 4095)));
  EXPECT_THAT(Ids(Active({4096, 65'535}, kFromTheStart)), ElementsAre(Id(3, 4096)));
  EXPECT_THAT(Ids(Due({0, 65'534}, kNowUs)), IsEmpty());
  EXPECT_THAT(Ids(Due({65'535, 65'535}, kNowUs)), ElementsAre(Id(4, 65'535)));
  EXPECT_THAT(NextWakeAt({0, 65'534}), IsOkAndHolds(0));
}

TEST_F(ReadingTest, DueComeEarliestFirstAndNotBeforeTheirTime) {
  Store(Id(1), core::WorkflowStatus::kRunning, true, kNowUs + 30);
  Store(Id(2), core::WorkflowStatus::kRunning, true, kNowUs + 10);
  Store(Id(3), core::WorkflowStatus::kPaused, true, 0);
  Store(Id(4), core::WorkflowStatus::kRunning, true, kNowUs + 20);

  EXPECT_THAT(NextWakeAt(kAllSlots), IsOkAndHolds(kNowUs + 10));
  EXPECT_THAT(Ids(Due(kAllSlots, kNowUs + 9)), IsEmpty());
  EXPECT_THAT(Ids(Due(kAllSlots, kNowUs + 20)), ElementsAre(Id(2), Id(4)));
  EXPECT_THAT(Ids(Due(kAllSlots, kNowUs + 99, 1)), ElementsAre(Id(2)));
}

TEST_F(ReadingTest, NothingParkedHasNoWakeUp) {
  EXPECT_THAT(NextWakeAt(kAllSlots), IsOkAndHolds(0));
}

// ---- idempotency keys ----

class KeyTest : public StoreFixture {
 protected:
  static ports::KeyClaim Claim(const std::string& key, std::uint64_t n,
                               const std::string& digest = "d") {
    return {.name_space = "default", .key = key, .id = Id(n), .digest = digest};
  }
  static std::vector<ports::KeyHolder> Claims(PgJournal& journal,
                                              const std::vector<ports::KeyClaim>& claims) {
    auto holders =
        Await<std::vector<ports::KeyHolder>>([&](auto done) { journal.ClaimKeys(claims, done); });
    EXPECT_THAT(holders, IsOk());
    return holders.ok() ? *holders : std::vector<ports::KeyHolder>();
  }
};

TEST_F(KeyTest, TheFirstClaimHoldsAndLaterOnesLearnWhose) {
  const auto first = Claims(*journal_, {Claim("a", 1), Claim("b\"\\,{}", 2)});
  ASSERT_THAT(first, SizeIs(2));
  EXPECT_TRUE(first[0].fresh);
  EXPECT_EQ(first[0].id, Id(1));
  EXPECT_FALSE(first[0].started);
  EXPECT_TRUE(first[1].fresh);

  const auto later = Claims(*journal_, {Claim("b\"\\,{}", 3, "other"), Claim("c", 4)});
  EXPECT_FALSE(later[0].fresh);
  EXPECT_EQ(later[0].id, Id(2));
  EXPECT_EQ(later[0].digest, "d");
  EXPECT_TRUE(later[1].fresh);
}

TEST_F(KeyTest, OneKeyTwiceInACallIsFreshOnce) {
  const auto holders = Claims(*journal_, {Claim("a", 1), Claim("a", 2), Claim("a", 1)});
  ASSERT_THAT(holders, SizeIs(3));
  EXPECT_TRUE(holders[0].fresh);
  EXPECT_FALSE(holders[1].fresh);
  EXPECT_EQ(holders[1].id, Id(1));
  EXPECT_FALSE(holders[2].fresh);
}

TEST_F(KeyTest, AKeyIsNotCutShortAtANul) {
  EXPECT_TRUE(Claims(*journal_, {Claim(std::string("a\0b", 3), 1)})[0].fresh);
  EXPECT_TRUE(Claims(*journal_, {Claim("a", 2)})[0].fresh);
}

TEST_F(KeyTest, NamespacesDoNotMeet) {
  ports::KeyClaim other = Claim("a", 2);
  other.name_space = "other";
  EXPECT_TRUE(Claims(*journal_, {Claim("a", 1)})[0].fresh);
  EXPECT_TRUE(Claims(*journal_, {other})[0].fresh);
}

TEST_F(KeyTest, SaysWhenTheWorkflowExists) {
  const ports::NodeLease lease = Acquire();
  Claims(*journal_, {Claim("a", 1)});
  ASSERT_THAT(Commit(lease, {Start(Id(1))}), IsOk());
  const auto holders = Claims(*journal_, {Claim("a", 5)});
  EXPECT_TRUE(holders[0].started);
  EXPECT_EQ(holders[0].id, Id(1));
}

TEST_F(KeyTest, OfTwoNodesThatRaceEachKeyHasOneHolder) {
  constexpr int kKeys = 200;
  auto other = PgJournal::Open(url_);
  ASSERT_THAT(other, IsOk());
  std::vector<ports::KeyClaim> forward;
  std::vector<ports::KeyClaim> backward;
  for (int i = 0; i < kKeys; ++i) {
    forward.push_back(Claim(std::to_string(i), static_cast<std::uint64_t>(i) + 1));
    backward.push_back(Claim(std::to_string(kKeys - 1 - i), static_cast<std::uint64_t>(i) + 1'001));
  }
  auto racing = std::async(std::launch::async, [&] { return Claims(**other, backward); });
  const auto first = Claims(*journal_, forward);
  const auto second = racing.get();
  ASSERT_THAT(first, SizeIs(kKeys));
  ASSERT_THAT(second, SizeIs(kKeys));
  for (std::size_t i = 0; i < kKeys; ++i) {
    EXPECT_EQ(first[i].id, second[kKeys - 1 - i].id);
    EXPECT_NE(first[i].fresh, second[kKeys - 1 - i].fresh);
  }
}

}  // namespace
}  // namespace skald::postgres
