#include "tests/support/eventually.h"
#include "tests/unit/postgres/store_fixture.h"

namespace skald::postgres {
namespace {

using testing::Eventually;
using ::testing::IsEmpty;
using testing::IsOk;
using ::testing::SizeIs;
using testing::StatusIs;

class NodeTest : public StoreFixture {
 protected:
  absl::StatusOr<std::vector<ports::Shard>> Take(const ports::NodeLease& lease) {
    return Await<std::vector<ports::Shard>>([&](auto done) { journal_->TakeShards(lease, done); });
  }
  absl::StatusOr<ports::NodeLease> Renew(const ports::NodeLease& lease) {
    return Await<ports::NodeLease>(
        [&](auto done) { journal_->RenewNode(lease, kLongLeaseUs, done); });
  }
  absl::Status Release(const ports::NodeLease& lease) {
    return Settle(BeginStatus([&](auto done) { journal_->ReleaseNode(lease, done); }));
  }
};

TEST_F(NodeTest, EachAcquisitionIsANewEpochWithALeaseOnTheDatabaseClock) {
  const ports::NodeLease first = Acquire();
  const ports::NodeLease second = Acquire();
  EXPECT_EQ(first.epoch, 1U);
  EXPECT_EQ(second.epoch, 2U);
  EXPECT_GT(second.expires_at, second.database_now);
  EXPECT_LE(second.expires_at, second.database_now + kLongLeaseUs);
  EXPECT_EQ(Query("SELECT abs(extract(epoch FROM now()) - " +
                  std::to_string(second.database_now / core::kSecondUs) + ") < 60"),
            "t");
}

TEST_F(NodeTest, AnOlderEpochIsRefusedEverything) {
  const ports::NodeLease old = Acquire();
  Acquire();
  EXPECT_THAT(Commit(old, {Start(Id(1))}), StatusIs(absl::StatusCode::kAborted));
  EXPECT_THAT(Renew(old), StatusIs(absl::StatusCode::kAborted));
  EXPECT_THAT(Take(old), StatusIs(absl::StatusCode::kAborted));
  EXPECT_THAT(Release(old), StatusIs(absl::StatusCode::kAborted));
  EXPECT_EQ(Load(Id(1)), std::nullopt);
}

TEST_F(NodeTest, ARenewalPutsTheEndOff) {
  const ports::NodeLease lease = Acquire("node-1", core::kSecondUs);
  const auto renewed = Renew(lease);
  ASSERT_THAT(renewed, IsOk());
  EXPECT_EQ(renewed->epoch, lease.epoch);
  EXPECT_EQ(renewed->node_id, "node-1");
  EXPECT_GT(renewed->expires_at, lease.expires_at);
}

// The fence row is held by a transaction of the old epoch: the new one has to wait for it.
TEST_F(NodeTest, ATakeoverWaitsForTransactionsInFlight) {
  Acquire();
  pqxx::connection connection(url_);
  pqxx::work in_flight(connection);
  in_flight.exec("SELECT skald.check_fence('node-1', 1)");

  auto promise = std::make_shared<std::promise<absl::StatusOr<ports::NodeLease>>>();
  auto takeover = promise->get_future();
  journal_->AcquireNode("node-1", kLongLeaseUs, [promise](absl::StatusOr<ports::NodeLease> lease) {
    promise->set_value(std::move(lease));
  });
  ASSERT_TRUE(Eventually([&] {
    return Query(
               "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND "
               "wait_event_type = 'Lock' AND query LIKE '%acquire_node%'") == "1";
  }));
  EXPECT_NE(takeover.wait_for(std::chrono::seconds(0)), std::future_status::ready);

  in_flight.commit();

  ASSERT_EQ(takeover.wait_for(kPatience), std::future_status::ready);
  EXPECT_EQ(takeover.get()->epoch, 2U);
}

TEST_F(NodeTest, RenewalsAndCommitsDoNotWaitForOneAnother) {
  const ports::NodeLease lease = Acquire();
  pqxx::connection connection(url_);
  pqxx::work commit(connection);
  commit.exec("SELECT skald.check_fence('node-1', 1)");
  EXPECT_THAT(Renew(lease), IsOk());
  commit.commit();
  pqxx::work renewal(connection);
  renewal.exec("SELECT skald.renew_node('node-1', 1, '1 minute')");
  EXPECT_THAT(Commit(lease, {Start(Id(1))}), IsOk());
}

TEST_F(NodeTest, ALoneNodeTakesAllSlots) {
  const auto shards = Take(Acquire());
  ASSERT_THAT(shards, IsOk());
  ASSERT_THAT(*shards, SizeIs(16));
  std::uint32_t next = 0;
  for (const ports::Shard& shard : *shards) {
    EXPECT_EQ(shard.slots.first, next);
    next = shard.slots.last + 1;
  }
  EXPECT_EQ(next, 65'536U);
}

TEST_F(NodeTest, ShardsOfALiveNodeStayWhereTheyAre) {
  const ports::NodeLease first = Acquire("node-1");
  ASSERT_THAT(Take(first), IsOk());
  const auto shards = Take(Acquire("node-2"));
  ASSERT_THAT(shards, IsOk());
  EXPECT_THAT(*shards, IsEmpty());
  EXPECT_THAT(Commit(first, {Start(Id(1))}), IsOk());
}

TEST_F(NodeTest, ShardsOfADeadNodeAreTakenAndItsEpochIsFenced) {
  const ports::NodeLease dead = Acquire("node-1", 1);
  ASSERT_THAT(Take(dead), IsOk());
  const auto shards = Take(Acquire("node-2"));
  ASSERT_THAT(shards, IsOk());
  EXPECT_THAT(*shards, SizeIs(16));
  EXPECT_THAT(Commit(dead, {Start(Id(1))}), StatusIs(absl::StatusCode::kAborted));
  EXPECT_THAT(Renew(dead), StatusIs(absl::StatusCode::kAborted));
}

TEST_F(NodeTest, ANewEpochOfTheSameNodeKeepsItsShards) {
  ASSERT_THAT(Take(Acquire()), IsOk());
  const auto shards = Take(Acquire());
  ASSERT_THAT(shards, IsOk());
  EXPECT_THAT(*shards, SizeIs(16));
  EXPECT_EQ(Query("SELECT min(epoch) FROM skald.shard"), "2");
}

TEST_F(NodeTest, AReleasedNodeLeavesItsShardsToOthersAtOnceAndMayWriteNoMore) {
  const ports::NodeLease lease = Acquire("node-1");
  ASSERT_THAT(Take(lease), IsOk());
  EXPECT_THAT(Release(lease), IsOk());
  const auto shards = Take(Acquire("node-2"));
  ASSERT_THAT(shards, IsOk());
  EXPECT_THAT(*shards, SizeIs(16));
  EXPECT_THAT(Commit(lease, {}), StatusIs(absl::StatusCode::kAborted));
}

}  // namespace
}  // namespace skald::postgres
