// Payloads that stand apart as the views show them, and what retention takes.
#include "engine/codec/apart.h"
#include "engine/core/event.h"
#include "tests/unit/postgres/store_fixture.h"

namespace skald::postgres {
namespace {

using testing::IsOk;

class RemovalTest : public StoreFixture {
 protected:
  // One workflow with an input, a task's output and an output that stand apart.
  void StoreBig(const core::WorkflowId& id) {
    const auto json = [](const char* text) { return core::Payload(text); };
    const std::vector<core::Event> events = {
        {.seq = 1, .at = kNowUs, .body = core::WorkflowStarted{.input = json(R"({"in":"xxxx"})")}},
        {.seq = 2, .at = kNowUs, .body = core::TaskScheduled{.task = 1, .run = 1, .step = 0}},
        {.seq = 3,
         .at = kNowUs,
         .body = core::TaskCompleted{.task = 1, .output = json(R"({"out":"yyyy"})")}},
        {.seq = 4, .at = kNowUs, .body = core::WorkflowEnded{.output = json(R"({"end":"zz"})")}}};
    codec::Apart encoded = codec::EncodeEventsApart(events, 8);
    ASSERT_EQ(encoded.payloads.size(), 3U);
    ports::WorkflowWrite write = Start(id);
    write.last_seq = 4;
    write.events = encoded.text;
    write.payloads = encoded.payloads;
    write.row->status = core::WorkflowStatus::kCompleted;
    write.row->ended_at = kNowUs;
    ASSERT_THAT(Commit(Acquire(), {write}), IsOk());
  }
  std::string Counts() {
    return Query(
        "SELECT concat_ws(',', (SELECT count(*) FROM skald.workflow), (SELECT count(*) FROM "
        "skald.history_row), (SELECT count(*) FROM skald.payload))");
  }
};

TEST_F(RemovalTest, ViewsShowPayloadsInTheirPlaces) {
  StoreBig(Id(1));
  EXPECT_EQ(Query("SELECT position('xxxx'::bytea IN events) FROM skald.history_row"), "0");
  EXPECT_EQ(Query("SELECT input ->> 'in' FROM skald.workflows"), "xxxx");
  EXPECT_EQ(Query("SELECT output ->> 'end' FROM skald.workflows"), "zz");
  EXPECT_EQ(Query("SELECT output ->> 'out' FROM skald.tasks"), "yyyy");
  EXPECT_EQ(Query("SELECT body::text FROM skald.history WHERE event = 'TaskCompleted'"),
            R"({ "type" : "TaskCompleted", "task" : 1, "output" : {"out":"yyyy"} })");
}

TEST_F(RemovalTest, DeletingTakesAllThatBelongsToIt) {
  StoreBig(Id(1));
  StoreBig(Id(2));
  const ports::NodeLease lease = Acquire();
  const auto deleted =
      Await<ports::Deletion>([&](auto done) { journal_->Delete(lease, Id(1), done); });
  ASSERT_THAT(deleted, IsOk());
  EXPECT_EQ(*deleted, ports::Deletion::kDone);
  EXPECT_EQ(Counts(), "1,1,3");
}

TEST_F(RemovalTest, RetentionDropsWholePartitionsAndTheirPayloads) {
  StoreBig(Id(1));
  const ports::NodeLease lease = Acquire();
  // All that there is lies far enough in the past, seen from there.
  Query(
      "UPDATE skald.partition SET first_at = first_at - interval '10 weeks', "
      "end_at = end_at - interval '10 weeks'");
  const std::string partitions = Query("SELECT count(*) FROM skald.partition");
  std::uint64_t spans = 0;
  bool more = true;
  while (more) {  // one a call
    const auto removed = Await<ports::Removed>(
        [&](auto done) { journal_->Retain(lease, kNowUs + core::kSecondUs, 10, done); });
    ASSERT_THAT(removed, IsOk());
    spans += removed->spans;
    more = removed->more;
  }
  EXPECT_EQ(std::to_string(spans), partitions);
  EXPECT_EQ(Counts(), "0,0,0");
}

}  // namespace
}  // namespace skald::postgres
