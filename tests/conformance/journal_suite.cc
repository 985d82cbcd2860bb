#include "tests/conformance/journal_suite.h"

#include <gmock/gmock.h>

#include "tests/conformance/journal_calls.h"
#include "tests/support/status_matchers.h"

namespace skald::conformance {
namespace {

using ::skald::testing::IsOk;
using ::skald::testing::IsOkAndHolds;
using ::skald::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// A node that owns everything.
struct Owner {
  explicit Owner(JournalStore& store, const std::string& node = "a") : journal(store.Open()) {
    absl::StatusOr<ports::NodeLease> acquired = Acquire(*journal, node);
    EXPECT_THAT(acquired, IsOk());
    if (acquired.ok()) lease = *acquired;
    EXPECT_THAT(Take(*journal, lease), IsOk());
  }
  std::unique_ptr<ports::Journal> journal;
  ports::NodeLease lease;
};

std::vector<core::WorkflowId> Ids(const std::vector<ports::StoredWorkflow>& stored) {
  std::vector<core::WorkflowId> ids;
  for (const ports::StoredWorkflow& one : stored) ids.push_back(one.id);
  return ids;
}

ports::WorkflowWrite Park(const core::WorkflowId& id, std::int64_t definition_id,
                          core::EventSeq seq, core::TimeUs wake_at) {
  ports::WorkflowWrite write = Events(id, seq, seq);
  write.row = Row(definition_id);
  write.row->parked = true;
  write.row->wake_at = wake_at;
  write.row->snapshot = R"({"version":1})";
  write.row->snapshot_seq = seq;
  return write;
}

bool Absent(ports::Journal& journal, const core::WorkflowId& id) {
  const auto loaded = Load(journal, id);
  return loaded.ok() && !loaded->has_value();
}

// ---- node and shards
// -------------------------------------------------------------------------------

// "Makes this process the newest epoch of `node_id`, which fences every earlier one."
TEST_P(JournalSuite, NewerEpochFencesTheOlder) {
  const auto store = GetParam().make();
  Owner first(*store);
  Owner second(*store);
  EXPECT_GT(second.lease.epoch, first.lease.epoch);
  EXPECT_THAT(Renew(*first.journal, first.lease), StatusIs(absl::StatusCode::kAborted));
  EXPECT_THAT(Take(*first.journal, first.lease), StatusIs(absl::StatusCode::kAborted));
  const std::int64_t definition = store->PinnedDefinition();
  EXPECT_THAT(Commit(*first.journal, first.lease, {Begin(Id(1), definition)}),
              StatusIs(absl::StatusCode::kAborted));
  EXPECT_TRUE(Absent(*second.journal, Id(1)));
  EXPECT_THAT(Commit(*second.journal, second.lease, {Begin(Id(1), definition)}), IsOk());
}

TEST_P(JournalSuite, RenewalMovesTheEndOfTheLease) {
  const auto store = GetParam().make();
  Owner owner(*store);
  const absl::StatusOr<ports::NodeLease> renewed = Renew(*owner.journal, owner.lease);
  ASSERT_THAT(renewed, IsOk());
  EXPECT_EQ(renewed->epoch, owner.lease.epoch);
  EXPECT_GE(renewed->expires_at, owner.lease.expires_at);
  EXPECT_GT(renewed->expires_at, renewed->database_now);
}

// "Takes every shard that nobody owns": together the shards cover all slots, once.
TEST_P(JournalSuite, FirstNodeTakesAllSlots) {
  const auto store = GetParam().make();
  const auto journal = store->Open();
  const ports::NodeLease lease = *Acquire(*journal, "a");
  const auto shards = Take(*journal, lease);
  ASSERT_THAT(shards, IsOk());
  std::uint32_t slots = 0;
  for (const ports::Shard& shard : *shards) slots += shard.slots.last - shard.slots.first + 1;
  EXPECT_EQ(slots, base::kSlots);
  EXPECT_THAT(*Take(*journal, lease), SizeIs(shards->size())) << "it keeps what it has";
}

TEST_P(JournalSuite, LiveNodeKeepsItsShards) {
  const auto store = GetParam().make();
  Owner owner(*store, "a");
  const auto other = store->Open();
  const ports::NodeLease lease = *Acquire(*other, "b");
  EXPECT_THAT(*Take(*other, lease), IsEmpty());
}

// "or whose owner's lease has expired (that owner's epoch is raised first)"
TEST_P(JournalSuite, ExpiredNodeLosesItsShardsAndIsFenced) {
  const auto store = GetParam().make();
  const auto late = store->Open();
  // A lease that is over when it is given.
  const ports::NodeLease expired = *Acquire(*late, "a", 0);
  ASSERT_THAT(Take(*late, expired), IsOk());
  Owner heir(*store, "b");
  EXPECT_FALSE(Take(*heir.journal, heir.lease)->empty());
  EXPECT_THAT(Commit(*late, expired, {Begin(Id(1), store->PinnedDefinition())}),
              StatusIs(absl::StatusCode::kAborted));
}

TEST_P(JournalSuite, ReleasedShardsGoToTheNext) {
  const auto store = GetParam().make();
  Owner owner(*store, "a");
  EXPECT_THAT(Release(*owner.journal, owner.lease), IsOk());
  Owner heir(*store, "b");
  EXPECT_FALSE(Take(*heir.journal, heir.lease)->empty());
  EXPECT_THAT(Commit(*owner.journal, owner.lease, {Begin(Id(1), store->PinnedDefinition())}),
              StatusIs(absl::StatusCode::kAborted));
}

// ---- commits
// ---------------------------------------------------------------------------------------

TEST_P(JournalSuite, CommittedWorkflowIsLoadedAsWritten) {
  const auto store = GetParam().make();
  Owner owner(*store);
  const std::int64_t definition = store->PinnedDefinition();
  ASSERT_THAT(Commit(*owner.journal, owner.lease, {Begin(Id(1), definition, 3)}), IsOk());
  ASSERT_THAT(Commit(*owner.journal, owner.lease, {Events(Id(1), 4, 5)}), IsOk());
  const auto loaded = Load(*owner.journal, Id(1));
  ASSERT_THAT(loaded, IsOk());
  ASSERT_TRUE(loaded->has_value());
  const ports::StoredWorkflow& stored = **loaded;
  EXPECT_EQ(stored.definition_id, definition);
  EXPECT_FALSE(stored.parked);
  EXPECT_EQ(stored.snapshot, "");
  ASSERT_THAT(stored.rows, SizeIs(2));
  EXPECT_EQ(stored.rows[1].first_seq, 4u);
  EXPECT_EQ(stored.rows[1].last_seq, 5u);
  EXPECT_EQ(stored.rows[1].at, Events(Id(1), 4, 5).at);
  EXPECT_EQ(stored.rows[1].events, Events(Id(1), 4, 5).events);
}

TEST_P(JournalSuite, UnknownWorkflowIsEmpty) {
  const auto store = GetParam().make();
  EXPECT_TRUE(Absent(*store->Open(), Id(1)));
}

// "a history row that exists already is ABORTED (somebody else owns the workflow)"; all or nothing.
TEST_P(JournalSuite, RepeatedEventsAreRefusedWithTheWholeBatch) {
  const auto store = GetParam().make();
  Owner owner(*store);
  const std::int64_t definition = store->PinnedDefinition();
  ASSERT_THAT(Commit(*owner.journal, owner.lease, {Begin(Id(1), definition)}), IsOk());
  ASSERT_THAT(Commit(*owner.journal, owner.lease, {Events(Id(1), 2, 2)}), IsOk());
  EXPECT_THAT(Commit(*owner.journal, owner.lease, {Begin(Id(2), definition), Events(Id(1), 2, 2)}),
              StatusIs(absl::StatusCode::kAborted));
  EXPECT_TRUE(Absent(*owner.journal, Id(2)));
  EXPECT_THAT((*Load(*owner.journal, Id(1)))->rows, SizeIs(2));
}

TEST_P(JournalSuite, SecondBeginOfAWorkflowIsRefused) {
  const auto store = GetParam().make();
  Owner owner(*store);
  const std::int64_t definition = store->PinnedDefinition();
  ASSERT_THAT(Commit(*owner.journal, owner.lease, {Begin(Id(1), definition)}), IsOk());
  EXPECT_THAT(Commit(*owner.journal, owner.lease, {Begin(Id(1), definition)}),
              StatusIs(absl::StatusCode::kAborted));
}

TEST_P(JournalSuite, BatchOfManyWorkflowsIsStored) {
  const auto store = GetParam().make();
  Owner owner(*store);
  const std::int64_t definition = store->PinnedDefinition();
  std::vector<ports::WorkflowWrite> writes;
  for (std::uint64_t i = 1; i <= 500; ++i) writes.push_back(Begin(Id(i), definition));
  ASSERT_THAT(Commit(*owner.journal, owner.lease, writes), IsOk());
  EXPECT_THAT(*LoadActive(*owner.journal, {}, {}, 1'000), SizeIs(500));
}

// The snapshot replaces the rows up to its seq; later rows come with it.
TEST_P(JournalSuite, SnapshotSparesEarlierRows) {
  const auto store = GetParam().make();
  Owner owner(*store);
  const std::int64_t definition = store->PinnedDefinition();
  ASSERT_THAT(Commit(*owner.journal, owner.lease, {Begin(Id(1), definition)}), IsOk());
  ports::WorkflowWrite snapshot = Park(Id(1), definition, 2, 0);
  snapshot.row->parked = false;
  ASSERT_THAT(Commit(*owner.journal, owner.lease, {snapshot}), IsOk());
  ASSERT_THAT(Commit(*owner.journal, owner.lease, {Events(Id(1), 3, 4)}), IsOk());
  // A row without a snapshot keeps the one that is there.
  ports::WorkflowWrite paused = Events(Id(1), 5, 5);
  paused.row = Row(definition);
  paused.row->status = core::WorkflowStatus::kPaused;
  paused.row->snapshot_seq = 2;
  ASSERT_THAT(Commit(*owner.journal, owner.lease, {paused}), IsOk());
  const ports::StoredWorkflow stored = **Load(*owner.journal, Id(1));
  EXPECT_EQ(stored.snapshot, R"({"version":1})");
  EXPECT_EQ(stored.snapshot_seq, 2u);
  ASSERT_THAT(stored.rows, SizeIs(2));
  EXPECT_EQ(stored.rows[0].first_seq, 3u);
}

// ---- loading
// ---------------------------------------------------------------------------------------

// The definition is that of the newest row, and its rows are read from the snapshot on that came
// with it.
TEST_P(JournalSuite, LaterRowSaysWhichDefinitionItIs) {
  const auto store = GetParam().make();
  Owner owner(*store);
  const std::int64_t definition = store->PinnedDefinition();
  ASSERT_THAT(Commit(*owner.journal, owner.lease, {Begin(Id(1), definition)}), IsOk());
  ports::WorkflowWrite upgraded = Events(Id(1), 2, 3);
  upgraded.row = Row(definition + 1);
  upgraded.row->version = 2;
  upgraded.row->snapshot = "{}";
  upgraded.row->snapshot_seq = 3;
  ASSERT_THAT(Commit(*owner.journal, owner.lease, {upgraded}), IsOk());
  const auto loaded = Load(*owner.journal, Id(1));
  ASSERT_THAT(loaded, IsOk());
  ASSERT_TRUE(loaded->has_value());
  EXPECT_EQ((*loaded)->definition_id, definition + 1);
  EXPECT_EQ((*loaded)->snapshot_seq, 3u);
  EXPECT_THAT((*loaded)->rows, SizeIs(0));
}

TEST_P(JournalSuite, ActiveWorkflowsComeInPagesInOrderOfId) {
  const auto store = GetParam().make();
  Owner owner(*store);
  const std::int64_t definition = store->PinnedDefinition();
  ports::WorkflowWrite ended = Events(Id(2), 2, 2);
  ended.row = Row(definition);
  ended.row->status = core::WorkflowStatus::kCompleted;
  ASSERT_THAT(Commit(*owner.journal, owner.lease,
                     {Begin(Id(1), definition), Begin(Id(2), definition), Begin(Id(3), definition),
                      Begin(Id(4), definition)}),
              IsOk());
  ASSERT_THAT(Commit(*owner.journal, owner.lease, {ended, Park(Id(3), definition, 2, 0)}), IsOk());
  const auto first = LoadActive(*owner.journal, {}, {}, 1);
  ASSERT_THAT(first, IsOk());
  EXPECT_THAT(Ids(*first), ElementsAre(Id(1)));
  const auto rest = LoadActive(*owner.journal, {}, Id(1), 10);
  EXPECT_THAT(Ids(*rest), ElementsAre(Id(4))) << "neither ended nor parked ones";
  EXPECT_THAT(*LoadActive(*owner.journal, {}, Id(4), 10), IsEmpty());
}

TEST_P(JournalSuite, ActiveWorkflowsAreOfTheSlotsAskedFor) {
  const auto store = GetParam().make();
  Owner owner(*store);
  const std::int64_t definition = store->PinnedDefinition();
  ASSERT_THAT(Commit(*owner.journal, owner.lease,
                     {Begin(Id(5), definition), Begin(Id(40'000), definition)}),
              IsOk());
  EXPECT_THAT(Ids(*LoadActive(*owner.journal, {0, 32'767}, {}, 10)), ElementsAre(Id(5)));
  EXPECT_THAT(Ids(*LoadActive(*owner.journal, {32'768, 65'535}, {}, 10)), ElementsAre(Id(40'000)));
}

TEST_P(JournalSuite, OpenWorkflowsAreCountedByStatusAndSlot) {
  const auto store = GetParam().make();
  Owner owner(*store);
  const std::int64_t definition = store->PinnedDefinition();
  EXPECT_THAT(CountOpen(*owner.journal), IsOkAndHolds(ports::OpenWorkflows()));
  std::vector<ports::WorkflowWrite> begun;
  for (std::uint64_t i = 1; i <= 6; ++i) begun.push_back(Begin(Id(i), definition));
  begun.push_back(Begin(Id(40'000), definition));
  ASSERT_THAT(Commit(*owner.journal, owner.lease, begun), IsOk());
  const core::TimeUs wake_at = 1'700'000'000 * core::kSecondUs;
  ports::WorkflowWrite paused = Park(Id(2), definition, 2, 0);
  paused.row->status = core::WorkflowStatus::kPaused;
  ports::WorkflowWrite saga = Park(Id(3), definition, 2, 0);
  saga.row->status = core::WorkflowStatus::kPaused;
  saga.row->saga_status = core::SagaStatus::kParked;
  ports::WorkflowWrite ended = Events(Id(4), 2, 2);
  ended.row = Row(definition);
  ended.row->status = core::WorkflowStatus::kFailed;
  ports::WorkflowWrite owes = Park(Id(5), definition, 2, wake_at);
  owes.row->status = core::WorkflowStatus::kTerminated;
  ASSERT_THAT(Commit(*owner.journal, owner.lease,
                     {paused, saga, ended, owes, Park(Id(6), definition, 2, wake_at)}),
              IsOk());
  EXPECT_THAT(CountOpen(*owner.journal),
              IsOkAndHolds(ports::OpenWorkflows{.running = 3, .paused = 2, .sagas_parked = 1}));
  EXPECT_THAT(CountOpen(*owner.journal, {32'768, 65'535}),
              IsOkAndHolds(ports::OpenWorkflows{.running = 1}));
}

TEST_P(JournalSuite, ParkedWorkflowsComeWhenDueEarliestFirst) {
  const auto store = GetParam().make();
  Owner owner(*store);
  const std::int64_t definition = store->PinnedDefinition();
  const core::TimeUs base = 1'700'000'000 * core::kSecondUs;
  std::vector<ports::WorkflowWrite> begun;
  for (std::uint64_t i = 1; i <= 4; ++i) begun.push_back(Begin(Id(i), definition));
  ASSERT_THAT(Commit(*owner.journal, owner.lease, begun), IsOk());
  EXPECT_THAT(NextWakeAt(*owner.journal), IsOkAndHolds(0));
  ASSERT_THAT(
      Commit(*owner.journal, owner.lease,
             {Park(Id(1), definition, 2, base + 300), Park(Id(2), definition, 2, base + 100),
              Park(Id(3), definition, 2, 0), Park(Id(4), definition, 2, base + 200)}),
      IsOk());
  EXPECT_THAT(NextWakeAt(*owner.journal), IsOkAndHolds(base + 100));
  const auto due = LoadDue(*owner.journal, base + 200, 10);
  ASSERT_THAT(due, IsOk());
  EXPECT_THAT(Ids(*due), ElementsAre(Id(2), Id(4)));
  EXPECT_TRUE(due->front().parked);
  EXPECT_EQ(due->front().wake_at, base + 100);
  EXPECT_EQ(due->front().snapshot_seq, 2u);
  EXPECT_THAT(Ids(*LoadDue(*owner.journal, base + 1'000, 1)), ElementsAre(Id(2)));
}

// "behind `after` … in order of wake_at and id", so that pages show each of them once.
TEST_P(JournalSuite, DueWorkflowsComeInPagesAlsoThoseOfOneMoment) {
  const auto store = GetParam().make();
  Owner owner(*store);
  const std::int64_t definition = store->PinnedDefinition();
  const core::TimeUs base = 1'700'000'000 * core::kSecondUs;
  std::vector<ports::WorkflowWrite> begun;
  std::vector<ports::WorkflowWrite> parked;
  for (std::uint64_t i = 1; i <= 5; ++i) {
    begun.push_back(Begin(Id(i), definition));
    parked.push_back(Park(Id(i), definition, 2, i == 5 ? base - 1 : base));
  }
  ASSERT_THAT(Commit(*owner.journal, owner.lease, begun), IsOk());
  ASSERT_THAT(Commit(*owner.journal, owner.lease, parked), IsOk());
  EXPECT_THAT(Ids(*LoadDue(*owner.journal, base, 2)), ElementsAre(Id(5), Id(1)));
  EXPECT_THAT(Ids(*LoadDue(*owner.journal, base, 2, {base, Id(1)})), ElementsAre(Id(2), Id(3)));
  EXPECT_THAT(Ids(*LoadDue(*owner.journal, base, 2, {base, Id(3)})), ElementsAre(Id(4)));
  EXPECT_THAT(*LoadDue(*owner.journal, base, 2, {base, Id(4)}), IsEmpty());
  // A nil id: before all of that time.
  EXPECT_THAT(Ids(*LoadDue(*owner.journal, base, 2, {base, {}})), ElementsAre(Id(1), Id(2)));
  EXPECT_THAT(*LoadDue(*owner.journal, base, 2, {base + 1, {}}), IsEmpty());
  EXPECT_THAT(NextWakeAt(*owner.journal, base - 1), IsOkAndHolds(base - 1));
  EXPECT_THAT(NextWakeAt(*owner.journal, base), IsOkAndHolds(base));
  EXPECT_THAT(NextWakeAt(*owner.journal, base + 1), IsOkAndHolds(0));
}

TEST_P(JournalSuite, WokenWorkflowIsActiveAgain) {
  const auto store = GetParam().make();
  Owner owner(*store);
  const std::int64_t definition = store->PinnedDefinition();
  const core::TimeUs base = 1'700'000'000 * core::kSecondUs;
  ASSERT_THAT(Commit(*owner.journal, owner.lease, {Begin(Id(1), definition)}), IsOk());
  ASSERT_THAT(Commit(*owner.journal, owner.lease, {Park(Id(1), definition, 2, base)}), IsOk());
  ports::WorkflowWrite woken = Events(Id(1), 3, 3);
  woken.row = Row(definition);
  woken.row->snapshot_seq = 2;
  ASSERT_THAT(Commit(*owner.journal, owner.lease, {woken}), IsOk());
  EXPECT_THAT(*LoadDue(*owner.journal, base, 10), IsEmpty());
  EXPECT_THAT(NextWakeAt(*owner.journal), IsOkAndHolds(0));
  EXPECT_THAT(Ids(*LoadActive(*owner.journal, {}, {}, 10)), ElementsAre(Id(1)));
}

// One that has still to tell another workflow something.
TEST_P(JournalSuite, EndedWorkflowThatIsParkedIsDueAndGoesAway) {
  const auto store = GetParam().make();
  Owner owner(*store);
  const std::int64_t definition = store->PinnedDefinition();
  const core::TimeUs base = 1'700'000'000 * core::kSecondUs;
  ASSERT_THAT(Commit(*owner.journal, owner.lease, {Begin(Id(1), definition)}), IsOk());
  ports::WorkflowWrite ended = Park(Id(1), definition, 2, base);
  ended.row->status = core::WorkflowStatus::kTerminated;
  ASSERT_THAT(Commit(*owner.journal, owner.lease, {ended}), IsOk());
  EXPECT_THAT(*LoadActive(*owner.journal, {}, {}, 10), IsEmpty());
  EXPECT_THAT(Ids(*LoadDue(*owner.journal, base, 10)), ElementsAre(Id(1)));
  // A row alone, without events.
  ports::WorkflowWrite told{.id = Id(1)};
  told.row = Row(definition);
  told.row->status = core::WorkflowStatus::kTerminated;
  told.row->snapshot_seq = 2;
  ASSERT_THAT(Commit(*owner.journal, owner.lease, {told}), IsOk());
  EXPECT_THAT(*LoadDue(*owner.journal, base, 10), IsEmpty());
  EXPECT_THAT(*LoadActive(*owner.journal, {}, {}, 10), IsEmpty());
}

// ---- keys and starts from outside
// ------------------------------------------------------------------

TEST_P(JournalSuite, KeyBelongsToTheFirstWhoClaimsIt) {
  const auto store = GetParam().make();
  Owner owner(*store);
  const auto first = Claim(*owner.journal, {{"default", "k", Id(1), "d1"}});
  ASSERT_THAT(first, IsOk());
  EXPECT_TRUE(first->at(0).fresh);
  EXPECT_EQ(first->at(0).id, Id(1));
  ASSERT_THAT(Commit(*owner.journal, owner.lease, {Begin(Id(1), store->PinnedDefinition())}),
              IsOk());
  const auto second = Claim(*owner.journal, {{"default", "other", Id(3), "d3"},
                                             {"default", "k", Id(2), "d2"},
                                             {"elsewhere", "k", Id(4), "d4"}});
  ASSERT_THAT(second, IsOk());
  ASSERT_THAT(*second, SizeIs(3)) << "one answer per claim, in order";
  EXPECT_TRUE(second->at(0).fresh);
  EXPECT_FALSE(second->at(1).fresh);
  EXPECT_EQ(second->at(1).id, Id(1));
  EXPECT_TRUE(second->at(1).started);
  EXPECT_EQ(second->at(1).digest, "d1");
  EXPECT_TRUE(second->at(2).fresh) << "keys are kept per namespace";
}

TEST_P(JournalSuite, SameKeyTwiceInOneCallIsOneKey) {
  const auto store = GetParam().make();
  const auto journal = store->Open();
  const auto holders =
      Claim(*journal, {{"default", "k", Id(1), "d"}, {"default", "k", Id(2), "d"}});
  ASSERT_THAT(holders, IsOk());
  EXPECT_TRUE(holders->at(0).fresh);
  EXPECT_FALSE(holders->at(1).fresh);
  EXPECT_EQ(holders->at(1).id, Id(1));
}

// conductor.md 3.12.
TEST_P(JournalSuite, KeyOfAnEndedWorkflowIsFreeForThoseWhoFailOnRunningOnly) {
  const auto store = GetParam().make();
  Owner owner(*store);
  const std::int64_t definition = store->PinnedDefinition();
  constexpr auto kOnRunning = core::KeyStrategy::kFailOnRunning;
  ASSERT_THAT(Claim(*owner.journal, {{"default", "k", Id(1), "d1"}}), IsOk());
  ASSERT_THAT(Commit(*owner.journal, owner.lease, {Begin(Id(1), definition)}), IsOk());
  const auto running = Claim(*owner.journal, {{"default", "k", Id(2), "d2", kOnRunning}});
  EXPECT_EQ(running->at(0).id, Id(1));
  EXPECT_TRUE(running->at(0).started);
  EXPECT_EQ(running->at(0).digest, "d1");

  ports::WorkflowWrite ended = Events(Id(1), 2, 2);
  ended.row = Row(definition);
  ended.row->status = core::WorkflowStatus::kCompleted;
  ASSERT_THAT(Commit(*owner.journal, owner.lease, {ended}), IsOk());
  const auto claims =
      Claim(*owner.journal, {{"default", "k", Id(3), "d1"},
                             {"default", "k", Id(4), "d4", core::KeyStrategy::kFail},
                             {"default", "k", Id(5), "d5"}});
  for (const ports::KeyHolder& holder : *claims) EXPECT_EQ(holder.id, Id(1));
  const auto freed = Claim(*owner.journal, {{"default", "k", Id(6), "d6", kOnRunning},
                                            {"default", "k", Id(7), "d7", kOnRunning}});
  ASSERT_THAT(freed, IsOk());
  EXPECT_EQ(freed->at(0).id, Id(6));
  EXPECT_TRUE(freed->at(0).fresh);
  EXPECT_FALSE(freed->at(0).started);
  EXPECT_EQ(freed->at(0).digest, "d6");
  EXPECT_EQ(freed->at(1).id, Id(6)) << "the first has it";
  EXPECT_FALSE(freed->at(1).fresh);
}

TEST_P(JournalSuite, KeyThatWasNeverUsedIsTakenOverWithItsId) {
  const auto store = GetParam().make();
  Owner owner(*store);
  ASSERT_THAT(Claim(*owner.journal, {{"default", "k", Id(1), "d1"}}), IsOk());
  const auto other = Claim(*owner.journal, {{"default", "k", Id(2), "d2"}});
  EXPECT_EQ(other->at(0).digest, "d1") << "who returns the existing does not";
  const auto taken =
      Claim(*owner.journal, {{"default", "k", Id(3), "d3", core::KeyStrategy::kFail}});
  EXPECT_EQ(taken->at(0).id, Id(1));
  EXPECT_FALSE(taken->at(0).fresh);
  EXPECT_FALSE(taken->at(0).started);
  EXPECT_EQ(taken->at(0).digest, "d3");
}

TEST_P(JournalSuite, StartRequestStaysUntilABatchConsumesIt) {
  const auto store = GetParam().make();
  Owner owner(*store);
  const ports::StartRequest request{.id = Id(1),
                                    .name_space = "default",
                                    .name = "order",
                                    .version = 1,
                                    .input = R"({"n": 1})",
                                    .correlation_id = "c",
                                    .priority = 3};
  store->RequestStart(request);
  const auto asked = StartRequests(*owner.journal);
  ASSERT_THAT(asked, IsOk());
  ASSERT_THAT(*asked, SizeIs(1));
  EXPECT_EQ(asked->at(0).id, Id(1));
  EXPECT_EQ(asked->at(0).name, "order");
  EXPECT_EQ(asked->at(0).input, request.input);
  EXPECT_EQ(asked->at(0).correlation_id, "c");
  EXPECT_EQ(asked->at(0).priority, 3);
  ports::WorkflowWrite begun = Begin(Id(1), store->PinnedDefinition());
  begun.consumes_start_request = true;
  ASSERT_THAT(Commit(*owner.journal, owner.lease, {begun}), IsOk());
  EXPECT_THAT(*StartRequests(*owner.journal), IsEmpty());
}

TEST_P(JournalSuite, RefusedStartRequestIsNotLoadedAgain) {
  const auto store = GetParam().make();
  Owner owner(*store);
  store->RequestStart({.id = Id(1), .name_space = "default", .name = "gone", .input = "{}"});
  store->RequestStart({.id = Id(2), .name_space = "default", .name = "order", .input = "{}"});
  for (const core::WorkflowId& id : {Id(1), Id(1), Id(3)}) {
    EXPECT_THAT(RefuseStart(*owner.journal, id, "no definition gone"), IsOk());
  }
  const auto left = StartRequests(*owner.journal);
  ASSERT_THAT(left, IsOk());
  ASSERT_THAT(*left, SizeIs(1));
  EXPECT_EQ(left->at(0).id, Id(2));
}

TEST_P(JournalSuite, StartRequestIsAnnounced) {
  const auto store = GetParam().make();
  const auto journal = store->Open();
  auto told = std::make_shared<Waiting<absl::Status>>();
  journal->OnStartRequest([told] { told->Set(absl::OkStatus()); });
  store->RequestStart({.id = Id(1), .name_space = "default", .name = "order", .input = "{}"});
  EXPECT_THAT(told->Wait(), IsOk());
  journal->OnStartRequest(nullptr);
}

}  // namespace

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(JournalSuite);

}  // namespace skald::conformance
