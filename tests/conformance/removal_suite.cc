// Payloads that stand apart, and the removal of what has ended.
#include <gmock/gmock.h>

#include "engine/codec/apart.h"
#include "tests/conformance/journal_calls.h"
#include "tests/conformance/journal_suite.h"
#include "tests/support/status_matchers.h"

namespace skald::conformance {
namespace {

using ::skald::testing::IsOk;
using ::skald::testing::IsOkAndHolds;
using ::skald::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

constexpr core::TimeUs kEndedAt = 1'700'000'100 * core::kSecondUs;

// A node that owns everything, and a definition.
struct Node {
  explicit Node(JournalStore& store) : journal(store.Open()), definition(store.PinnedDefinition()) {
    lease = Acquire(*journal, "a").value_or(ports::NodeLease{});
    EXPECT_THAT(Take(*journal, lease), IsOk());
  }
  absl::Status Write(std::vector<ports::WorkflowWrite> writes) {
    return Commit(*journal, lease, std::move(writes));
  }
  absl::StatusOr<ports::Deletion> Delete(const core::WorkflowId& id) {
    return Ask<absl::StatusOr<ports::Deletion>>(
        [&](auto done) { journal->Delete(lease, id, done); });
  }
  absl::StatusOr<std::uint32_t> Retain(core::TimeUs before, std::uint32_t count_max) {
    const auto removed = Ask<absl::StatusOr<ports::Removed>>(
        [&](auto done) { journal->Retain(lease, before, count_max, done); });
    if (!removed.ok()) return removed.status();
    return removed->workflows;
  }
  // Begins and, with a status that is terminal, ends.
  void Add(const core::WorkflowId& id, core::WorkflowStatus status,
           const core::WorkflowId& parent = {}, core::TimeUs ended_at = kEndedAt) {
    ports::WorkflowWrite write = Begin(id, definition);
    write.row->status = status;
    write.row->parent = parent;
    if (core::IsTerminal(status)) write.row->ended_at = ended_at;
    EXPECT_THAT(Write({write}), IsOk());
  }
  bool Has(const core::WorkflowId& id) {
    const auto loaded = Load(*journal, id);
    return loaded.ok() && loaded->has_value();
  }

  std::unique_ptr<ports::Journal> journal;
  std::int64_t definition = 0;
  ports::NodeLease lease;
};

core::Payload BigPayload(char letter) {
  return core::Payload("{\"x\":\"" + std::string(100'000, letter) + "\"}");
}

ports::WorkflowWrite Naming(ports::WorkflowWrite write, const core::Payload& payload) {
  write.events = R"([{"type":"VariablesSet","variables@":")" + codec::PayloadName(payload) + "\"}]";
  return write;
}

// "commit: payloads that `events` and the snapshot name", and they come back with these texts.
TEST_P(JournalSuite, PayloadsComeBackWithTheTextsThatNameThem) {
  const auto store = GetParam().make();
  Node node(*store);
  const core::Payload big = BigPayload('x');
  const core::Payload other = BigPayload('y');
  ports::WorkflowWrite first = Naming(Begin(Id(1), node.definition), big);
  first.payloads = {{codec::PayloadName(big), big}, {codec::PayloadName(other), other}};
  ASSERT_THAT(node.Write({first, Begin(Id(2), node.definition)}), IsOk());
  ports::WorkflowWrite second = Naming(Events(Id(1), 2, 2), other);
  ASSERT_THAT(node.Write({second}), IsOk());

  const auto loaded = Load(*node.journal, Id(1));
  ASSERT_THAT(loaded, IsOk());
  ASSERT_THAT((*loaded)->rows, SizeIs(2));
  EXPECT_THAT((*loaded)->rows[0].payloads, ElementsAre(Pair(codec::PayloadName(big), big)));
  EXPECT_THAT((*loaded)->rows[1].payloads, ElementsAre(Pair(codec::PayloadName(other), other)));
  EXPECT_THAT((*loaded)->payloads, IsEmpty());
  const auto plain = Load(*node.journal, Id(2));
  ASSERT_THAT(plain, IsOk());
  EXPECT_THAT((*plain)->rows[0].payloads, IsEmpty());
}

TEST_P(JournalSuite, APayloadOfTenMebibytesComesBack) {
  const auto store = GetParam().make();
  Node node(*store);
  const core::Payload big("{\"x\":\"" + std::string(10UL << 20, 'x') + "\"}");
  ports::WorkflowWrite write = Naming(Begin(Id(1), node.definition), big);
  write.payloads = {{codec::PayloadName(big), big}};
  ASSERT_THAT(node.Write({write}), IsOk());
  const auto loaded = Load(*node.journal, Id(1));
  ASSERT_THAT(loaded, IsOk());
  ASSERT_THAT((*loaded)->rows, SizeIs(1));
  EXPECT_TRUE((*loaded)->rows[0].payloads.at(codec::PayloadName(big)) == big);
}

TEST_P(JournalSuite, SnapshotsNamePayloadsTooAndOneMayBeStoredTwice) {
  const auto store = GetParam().make();
  Node node(*store);
  const core::Payload big = BigPayload('x');
  ports::WorkflowWrite first = Naming(Begin(Id(1), node.definition), big);
  first.payloads = {{codec::PayloadName(big), big}};
  ASSERT_THAT(node.Write({first}), IsOk());
  ports::WorkflowWrite second = Events(Id(1), 2, 2);
  second.payloads = {{codec::PayloadName(big), big}, {codec::PayloadName(big), big}};
  second.row = Row(node.definition);
  second.row->snapshot = R"({"version":1,"variables@":")" + codec::PayloadName(big) + "\"}";
  second.row->snapshot_seq = 2;
  ASSERT_THAT(node.Write({second}), IsOk());

  const auto loaded = LoadActive(*node.journal, {}, core::WorkflowId(), 10);
  ASSERT_THAT(loaded, IsOk());
  ASSERT_THAT(*loaded, SizeIs(1));
  EXPECT_THAT(loaded->front().payloads, ElementsAre(Pair(codec::PayloadName(big), big)));
  EXPECT_THAT(loaded->front().rows, IsEmpty());
}

TEST_P(JournalSuite, DeletesWhatHasEndedAndFreesItsKey) {
  const auto store = GetParam().make();
  Node node(*store);
  const ports::KeyClaim claim{.name_space = "default", .key = "k", .id = Id(1), .digest = "d"};
  ASSERT_THAT(Claim(*node.journal, {claim}), IsOk());
  ports::WorkflowWrite keyed = Begin(Id(1), node.definition);
  keyed.row->idempotency_key = "k";
  keyed.row->status = core::WorkflowStatus::kCompleted;
  keyed.row->ended_at = kEndedAt;
  ASSERT_THAT(node.Write({keyed}), IsOk());
  node.Add(Id(2), core::WorkflowStatus::kRunning);
  node.Add(Id(3), core::WorkflowStatus::kPaused);

  EXPECT_THAT(node.Delete(Id(2)), IsOkAndHolds(ports::Deletion::kNotEnded));
  EXPECT_THAT(node.Delete(Id(3)), IsOkAndHolds(ports::Deletion::kNotEnded));
  EXPECT_THAT(node.Delete(Id(1)), IsOkAndHolds(ports::Deletion::kDone));

  EXPECT_FALSE(node.Has(Id(1)));
  EXPECT_TRUE(node.Has(Id(2)));
  EXPECT_THAT(node.Delete(Id(1)), IsOkAndHolds(ports::Deletion::kAbsent));
  const auto held = Claim(*node.journal, {claim});
  ASSERT_THAT(held, IsOk());
  EXPECT_TRUE(held->front().fresh);
}

// Ended, but stored as parked: it still has to tell another workflow something.
TEST_P(JournalSuite, WhatOwesALetterIsNotDeleted) {
  const auto store = GetParam().make();
  Node node(*store);
  ports::WorkflowWrite write = Begin(Id(1), node.definition);
  write.row->status = core::WorkflowStatus::kCompleted;
  write.row->ended_at = kEndedAt;
  write.row->parked = true;
  write.row->wake_at = kEndedAt;
  write.row->snapshot = R"({"version":1})";
  write.row->snapshot_seq = 1;
  ASSERT_THAT(node.Write({write}), IsOk());
  EXPECT_THAT(node.Delete(Id(1)), IsOkAndHolds(ports::Deletion::kNotEnded));
  EXPECT_THAT(node.Retain(kEndedAt + 1, 10), IsOkAndHolds(0U));
}

// A parent that has not ended may yet have its ended sub-workflow undo itself.
TEST_P(JournalSuite, AFamilyIsDeletedFromItsEnd) {
  const auto store = GetParam().make();
  Node node(*store);
  node.Add(Id(1), core::WorkflowStatus::kRunning);
  node.Add(Id(2), core::WorkflowStatus::kCompleted, Id(1));
  node.Add(Id(3), core::WorkflowStatus::kCompleted, Id(2));
  node.Add(Id(4), core::WorkflowStatus::kCompleted);
  node.Add(Id(5), core::WorkflowStatus::kRunning, Id(4));

  EXPECT_THAT(node.Delete(Id(2)), IsOkAndHolds(ports::Deletion::kParentRuns));
  EXPECT_THAT(node.Delete(Id(3)), IsOkAndHolds(ports::Deletion::kParentRuns));
  EXPECT_THAT(node.Delete(Id(4)), IsOkAndHolds(ports::Deletion::kChildRuns));
  EXPECT_THAT(node.Retain(kEndedAt + 1, 10), IsOkAndHolds(0U));

  ports::WorkflowWrite end = Events(Id(1), 2, 2);
  end.row = Row(node.definition);
  end.row->status = core::WorkflowStatus::kFailed;
  end.row->ended_at = kEndedAt;
  ASSERT_THAT(node.Write({end}), IsOk());
  EXPECT_THAT(node.Delete(Id(2)), IsOkAndHolds(ports::Deletion::kDone));
  EXPECT_THAT(node.Delete(Id(3)), IsOkAndHolds(ports::Deletion::kDone));
}

TEST_P(JournalSuite, RetentionTakesTheOldInPortions) {
  const auto store = GetParam().make();
  Node node(*store);
  node.Add(Id(1), core::WorkflowStatus::kCompleted);
  node.Add(Id(2), core::WorkflowStatus::kTerminated);
  node.Add(Id(3), core::WorkflowStatus::kFailed);
  node.Add(Id(4), core::WorkflowStatus::kCompleted, {}, kEndedAt + 60 * core::kSecondUs);
  node.Add(Id(5), core::WorkflowStatus::kRunning);

  EXPECT_THAT(node.Retain(kEndedAt, 10), IsOkAndHolds(0U)) << "none ended before";
  EXPECT_THAT(node.Retain(kEndedAt + 1, 2), IsOkAndHolds(2U));
  EXPECT_THAT(node.Retain(kEndedAt + 1, 2), IsOkAndHolds(1U));
  EXPECT_THAT(node.Retain(kEndedAt + 1, 2), IsOkAndHolds(0U));
  EXPECT_TRUE(node.Has(Id(4)));
  EXPECT_TRUE(node.Has(Id(5)));
}

// "A row to be updated that has been removed since is UNKNOWN": nobody hears that it goes on.
TEST_P(JournalSuite, WhatHasBeenRemovedCannotGoOn) {
  const auto store = GetParam().make();
  Node node(*store);
  node.Add(Id(1), core::WorkflowStatus::kFailed);
  node.Add(Id(2), core::WorkflowStatus::kRunning);
  ASSERT_THAT(node.Delete(Id(1)), IsOkAndHolds(ports::Deletion::kDone));
  ports::WorkflowWrite again = Events(Id(1), 2, 2);
  again.row = Row(node.definition);
  ports::WorkflowWrite other = Events(Id(2), 2, 2);
  other.row = Row(node.definition);
  EXPECT_THAT(node.Write({again, other}), StatusIs(absl::StatusCode::kUnknown));
  EXPECT_FALSE(node.Has(Id(1)));
}

TEST_P(JournalSuite, AFencedNodeRemovesNothing) {
  const auto store = GetParam().make();
  Node node(*store);
  node.Add(Id(1), core::WorkflowStatus::kCompleted);
  const auto heir = store->Open();
  ASSERT_THAT(Acquire(*heir, "a"), IsOk());
  EXPECT_THAT(node.Delete(Id(1)), StatusIs(absl::StatusCode::kAborted));
  EXPECT_THAT(node.Retain(kEndedAt + 1, 10), StatusIs(absl::StatusCode::kAborted));
  EXPECT_TRUE(node.Has(Id(1)));
}

}  // namespace
}  // namespace skald::conformance
