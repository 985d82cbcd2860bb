#include "engine/codec/events_json.h"
#include "engine/core/event.h"
#include "tests/unit/postgres/store_fixture.h"

namespace skald::postgres {
namespace {

using testing::IsOk;

class ViewsTest : public StoreFixture {
 protected:
  // Stores `events` as one row each, from seq 1 on, a millisecond apart.
  void Store(const core::WorkflowId& id, const std::vector<core::EventBody>& events) {
    const ports::NodeLease lease = Acquire();
    std::vector<ports::WorkflowWrite> writes;
    core::EventSeq seq = 0;
    for (const core::EventBody& body : events) {
      ++seq;
      const core::Event event{.seq = seq, .at = At(seq), .body = body};
      ports::WorkflowWrite write = Events(id, seq, seq, codec::EncodeEvents({&event, 1}));
      write.at = event.at;
      if (seq == 1) write.row = Row(true);
      writes.push_back(std::move(write));
    }
    writes.back().row = Row(events.size() == 1);
    writes.back().row->status = core::WorkflowStatus::kCompleted;
    writes.back().row->ended_at = At(seq);
    EXPECT_THAT(Commit(lease, std::move(writes)), IsOk());
  }
  void StoreText(const std::string& events) {
    ports::WorkflowWrite write = Start(Id(1));
    write.events = events;
    EXPECT_THAT(Commit(Acquire(), {write}), IsOk());
  }
  static core::TimeUs At(core::EventSeq seq) {
    return kNowUs + static_cast<core::TimeUs>(seq) * core::kMillisecondUs;
  }
  static core::Payload Json(const std::string& text) { return core::Payload(text); }

  std::string Task(int task, const std::string& columns) {
    return Query("SELECT concat_ws('|', " + columns + ") FROM skald.tasks WHERE workflow_id = '" +
                 Id(1).ToString() + "' AND task = " + std::to_string(task));
  }
};

TEST_F(ViewsTest, HistoryHasARowPerEvent) {
  const std::vector<core::Event> events = {
      {.seq = 1, .at = kNowUs, .body = core::WorkflowPaused{.actor = "eva", .reason = "lunch"}},
      {.seq = 2, .at = kNowUs + 5, .body = core::WorkflowResumed{.actor = "eva"}}};
  ports::WorkflowWrite write = Start(Id(1));
  write.at = kNowUs;
  write.events = codec::EncodeEvents(events);
  ASSERT_THAT(Commit(Acquire(), {write}), IsOk());

  EXPECT_EQ(Query("SELECT string_agg(concat_ws(' ', seq, event, skald.microseconds(at)), ', ' "
                  "ORDER BY seq) FROM skald.history"),
            "1 WorkflowPaused " + std::to_string(kNowUs) + ", 2 WorkflowResumed " +
                std::to_string(kNowUs + 5));
  EXPECT_EQ(Query("SELECT body ->> 'reason' FROM skald.history WHERE seq = 1"), "lunch");
}

TEST_F(ViewsTest, FamiliesAreShownFromBothSides) {
  ports::WorkflowWrite parent = Start(Id(1));
  const std::vector<core::Event> events = {
      {.seq = 1, .at = kNowUs, .body = core::TaskScheduled{.task = 1, .run = 1, .step = 0}},
      {.seq = 2, .at = kNowUs, .body = core::TaskStarted{.task = 1, .child = Id(2)}}};
  parent.events = codec::EncodeEvents(events);
  parent.last_seq = 2;
  ports::WorkflowWrite child = Start(Id(2));
  child.row->parent = Id(1);
  ASSERT_THAT(Commit(Acquire(), {parent, child}), IsOk());
  EXPECT_EQ(Query("SELECT child_workflow_id FROM skald.tasks WHERE workflow_id = '" +
                  Id(1).ToString() + "' AND task = 1"),
            Id(2).ToString());
  EXPECT_EQ(Query("SELECT workflow_id FROM skald.workflows WHERE parent_workflow_id = '" +
                  Id(1).ToString() + "'"),
            Id(2).ToString());
}

TEST_F(ViewsTest, TasksShowEachAttempt) {
  core::TaskScheduled scheduled{.task = 1,
                                .run = 1,
                                .step = 0,
                                .task_type = "charge_card",
                                .reference = "charge",
                                .input = Json(R"({"cents":100})")};
  core::TaskScheduled again = scheduled;
  again.task = 2;
  again.attempt = 2;
  core::TaskScheduled undo = scheduled;
  undo.task = 3;
  undo.operation = core::Operation::kCompensate;
  core::TaskScheduled open = scheduled;
  open.task = 4;
  open.iteration = 1;
  Store(Id(1),
        {scheduled, core::TaskStarted{.task = 1, .worker = "w-1"},
         core::TaskFailed{.task = 1, .reason = "card declined", .effect = core::Effect::kNone},
         again, core::TaskStarted{.task = 2, .worker = "w-2"}, core::TaskRequeued{.task = 2},
         core::TaskStarted{.task = 2, .worker = "w-3"},
         core::TaskCompleted{.task = 2, .output = Json(R"({"ok":true})")}, undo,
         core::TaskStarted{.task = 3, .worker = "w-1"},
         core::TaskTimedOut{.task = 3, .timeout = core::Timeout::kResponse}, open});

  EXPECT_EQ(Query("SELECT count(*) FROM skald.tasks"), "4");
  EXPECT_EQ(Task(1, "reference, task_type, operation, attempt, status, effect, worker, reason"),
            "charge|charge_card|ACTION|1|FAILED|NONE|w-1|card declined");
  EXPECT_EQ(Task(1, "input ->> 'cents'"), "100");
  EXPECT_EQ(Task(1,
                 "skald.microseconds(scheduled_at), skald.microseconds(started_at), "
                 "skald.microseconds(ended_at)"),
            std::to_string(At(1)) + "|" + std::to_string(At(2)) + "|" + std::to_string(At(3)));
  EXPECT_EQ(Task(2, "attempt, status, effect, worker, output ->> 'ok'"),
            "2|COMPLETED|APPLIED|w-3|true");
  EXPECT_EQ(Task(3, "operation, status, effect"), "COMPENSATE|TIMED_OUT|UNKNOWN");
  EXPECT_EQ(Task(4, "status, iteration, coalesce(worker, 'none')"), "SCHEDULED|1|none");
}

TEST_F(ViewsTest, ATaskWhoseFailureWasAcceptedCompletedWithErrors) {
  Store(Id(1), {core::TaskScheduled{.task = 1, .run = 1, .step = 0},
                core::TaskFailed{.task = 1, .terminal = true, .reason = "no"},
                core::TaskFailureAccepted{.task = 1}});
  EXPECT_EQ(Task(1, "status, reason"), "COMPLETED_WITH_ERRORS|no");
}

TEST_F(ViewsTest, TasksOfConstructsShowWhatTheyAre) {
  core::TaskScheduled condition{.task = 3, .run = 2, .step = 1};
  condition.operation = core::Operation::kEvaluate;
  Store(Id(1),
        {core::TaskScheduled{.task = 1, .run = 1, .step = 0, .input = Json(R"({"n":1})")},
         core::TaskCompleted{.task = 1, .input = Json(R"({"case":"a"})")},
         core::TaskScheduled{.task = 2, .run = 2, .step = 1}, core::TaskHandedOver{.task = 2},
         condition, core::TaskScheduled{.task = 4, .run = 3, .step = 2},
         core::TaskFailed{.task = 4, .reason = "no"},
         core::TaskFailureAccepted{.task = 4, .permissive = true}});
  EXPECT_EQ(Query("SELECT string_agg(task::text, ',' ORDER BY task) FROM skald.tasks"), "1,2,4");
  EXPECT_EQ(Task(1, "input ->> 'case'"), "a");
  EXPECT_EQ(Task(2, "status"), "IN_PROGRESS");
  EXPECT_EQ(Task(4, "status, reason"), "FAILED|no");
}

TEST_F(ViewsTest, WorkflowsShowInputAndOutput) {
  Store(Id(1), {core::WorkflowStarted{.name = "order", .input = Json(R"({"a":1})")},
                core::WorkflowEnded{.status = core::WorkflowStatus::kCompleted,
                                    .output = Json(R"({"b":2})")}});
  EXPECT_EQ(Query("SELECT concat_ws('|', name, version, status, coalesce(saga_status, 'none'), "
                  "correlation_id, idempotency_key, input, output) FROM skald.workflows"),
            R"(order|3|COMPLETED|none|customer-9|key-1|{"a":1}|{"b":2})");
}

// A rerun without an input keeps the one there was.
TEST_F(ViewsTest, WorkflowsShowTheInputOfTheNewestRerun) {
  Store(Id(1),
        {core::WorkflowStarted{.name = "order", .input = Json(R"({"a":1})")}, core::WorkflowEnded{},
         core::WorkflowReopened{.kind = core::Reopening::kRerun, .input = Json(R"({"a":2})")},
         core::WorkflowEnded{}, core::WorkflowReopened{.kind = core::Reopening::kRetry}});
  EXPECT_EQ(Query("SELECT input FROM skald.workflows"), R"({"a":2})");
}

TEST_F(ViewsTest, ARoleNeedsOnlyTheRightToTheViews) {
  Store(Id(1), {core::WorkflowStarted{.name = "order", .input = Json(R"({"a":1})")},
                core::WorkflowEnded{.output = Json(R"({"b":2})")}});
  Query(
      "DO $$ BEGIN CREATE ROLE reader_of_views_test; "
      "EXCEPTION WHEN duplicate_object THEN NULL; END $$");
  Query("GRANT USAGE ON SCHEMA skald TO reader_of_views_test");
  Query("GRANT SELECT ON skald.workflows, skald.tasks, skald.history TO reader_of_views_test");
  pqxx::connection connection(url_);
  pqxx::work work(connection);
  work.exec("SET ROLE reader_of_views_test");
  EXPECT_STREQ(work.exec1("SELECT concat(input, output) FROM skald.workflows")[0].c_str(),
               R"({"a":1}{"b":2})");
  EXPECT_EQ(work.exec1("SELECT count(*) FROM skald.history")[0].as<int>(), 2);
  EXPECT_EQ(work.exec1("SELECT count(*) FROM skald.tasks")[0].as<int>(), 0);
}

TEST_F(ViewsTest, EscapesThatTheDatabaseRefusesReadAsReplacementLetters) {
  StoreText(R"([{"type":"WorkflowPaused","reason":"a\u0000b\u0000\u0000 \ud800x \udc00 )"
            R"(\ud83d\ude00 \\u0000 \\\u0000"}])");
  EXPECT_EQ(Query("SELECT body ->> 'reason' FROM skald.history"),
            "a\uFFFDb\uFFFD\uFFFD \uFFFDx \uFFFD \U0001F600 \\u0000 \\\uFFFD");
}

TEST_F(ViewsTest, AHalfBehindTheLookOfItsOtherHalfStillReads) {
  StoreText(R"([{"type":"WorkflowPaused","reason":"\\ud83d\ude00"}])");
  EXPECT_EQ(Query("SELECT event FROM skald.history"), "WorkflowPaused");
}

TEST_F(ViewsTest, ADamagedRowDoesNotSpoilTheOthers) {
  StoreText(R"([{"type":"WorkflowPaused"}])");
  const ports::NodeLease lease = Acquire();
  ASSERT_THAT(Commit(lease, {Events(Id(1), 3, 3, "[{\"type\":\"\xff"), Events(Id(1), 4, 4, "[")}),
              IsOk());
  EXPECT_EQ(Query("SELECT count(*) FROM skald.history"), "1");
}

TEST_F(ViewsTest, OneWorkflowsTasksAreFoundByTheKey) {
  const std::string plan = Query(
      "SET enable_seqscan = off; EXPLAIN (FORMAT JSON) SELECT * FROM skald.tasks "
      "WHERE workflow_id = '" +
      Id(1).ToString() + "'");
  EXPECT_THAT(plan, ::testing::HasSubstr("Index Cond"));
  EXPECT_THAT(plan, ::testing::Not(::testing::HasSubstr("Seq Scan")));
}

}  // namespace
}  // namespace skald::postgres
