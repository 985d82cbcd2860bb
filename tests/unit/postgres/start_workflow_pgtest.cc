#include <atomic>

#include "tests/support/eventually.h"
#include "tests/unit/postgres/store_fixture.h"

namespace skald::postgres {
namespace {

using testing::Eventually;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using ::testing::SizeIs;

// Counts notices and lets a test wait for the next one.
class Notices {
 public:
  void Add() { ++count_; }
  bool AwaitMoreThan(int count) {
    return Eventually([&] { return count_ > count; });
  }
  int count() { return count_; }

 private:
  std::atomic<int> count_ = 0;
};

class StartWorkflowTest : public StoreFixture {
 protected:
  StartWorkflowTest() {
    Query(
        "INSERT INTO skald.definition VALUES ('default', 'order', 1, '{}', now(), now()), "
        "('default', 'order', 2, '{}', now(), now())");
    journal_->OnStartRequest([this] { notices_.Add(); });
  }
  ~StartWorkflowTest() override { journal_.reset(); }

  std::vector<ports::StartRequest> Requests(const ports::SlotRange& slots = {}) {
    auto requests = Await<std::vector<ports::StartRequest>>(
        [&](auto done) { journal_->LoadStartRequests(slots, 100, done); });
    EXPECT_THAT(requests, IsOk());
    return requests.ok() ? *requests : std::vector<ports::StartRequest>();
  }
  void Refuse(const std::string& id, const std::string& reason) {
    EXPECT_THAT(Settle(BeginStatus([&](auto done) {
                  journal_->RefuseStartRequest(*core::WorkflowId::Parse(id), reason, done);
                })),
                IsOk());
  }
  // Returns the number of notices so far, once none can be missed.
  int AwaitListener() {
    EXPECT_TRUE(Eventually([&] {
      return Query(
                 "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND "
                 "state = 'idle' AND datname = current_database()") != "0";
    }));
    return notices_.count();
  }
  // The error of a call; empty when there was none.
  std::string ErrorOf(const std::string& arguments) {
    pqxx::connection connection(url_);
    pqxx::work work(connection);
    try {
      work.exec("SELECT skald.start_workflow(" + arguments + ")");
    } catch (const pqxx::sql_error& error) {
      return error.sqlstate() + " " + error.what();
    }
    return "";
  }

  Notices notices_;
};

TEST_F(StartWorkflowTest, ACommittedCallIsARequestUnderTheReturnedIdAndIsAnnounced) {
  const int before = AwaitListener();
  const std::string id = Query(
      R"(SELECT skald.start_workflow('order', 2, '{"items":[1,2]}', 'order-77', 'customer-9',
                                     priority => 7))");

  EXPECT_TRUE(notices_.AwaitMoreThan(before));
  const auto requests = Requests();
  ASSERT_THAT(requests, SizeIs(1));
  EXPECT_EQ(requests[0].id.ToString(), id);
  EXPECT_EQ(requests[0].id.bytes()[6] >> 4, 7) << "a UUID of version 7";
  EXPECT_EQ(requests[0].name_space, "default");
  EXPECT_EQ(requests[0].name, "order");
  EXPECT_EQ(requests[0].version, 2);
  EXPECT_EQ(requests[0].input, R"({"items": [1, 2]})");
  EXPECT_EQ(requests[0].idempotency_key, "order-77");
  EXPECT_EQ(requests[0].correlation_id, "customer-9");
  EXPECT_EQ(requests[0].priority, 7);
}

// conductor.md 3.4.
TEST_F(StartWorkflowTest, ARequestMayNameTaskDomains) {
  Query(R"(SELECT skald.start_workflow('order', task_to_domain => '{"*": "eu, us"}'))");
  Query("SELECT skald.start_workflow('order')");
  const auto requests = Requests();
  ASSERT_THAT(requests, SizeIs(2));
  EXPECT_EQ(requests[0].task_to_domain, R"({"*": "eu, us"})");
  EXPECT_EQ(requests[1].task_to_domain, "");
  for (const char* wrong : {"'[]'", "NULL", R"('{"a": 1}')"}) {
    EXPECT_THAT(ErrorOf(std::string("'order', task_to_domain => ") + wrong), HasSubstr("SK003"))
        << wrong;
  }
  EXPECT_THAT(ErrorOf("'order', task_to_domain => jsonb_build_object('a', repeat('x', 256))"),
              HasSubstr("task_to_domain: at most 255 bytes"));
  EXPECT_THAT(ErrorOf("'order', task_to_domain => (SELECT jsonb_object_agg(n, 'x') "
                      "FROM generate_series(1, 257) AS n)"),
              HasSubstr("task_to_domain: at most 256 entries"));
}

TEST_F(StartWorkflowTest, ARolledBackCallStartsNothing) {
  {
    pqxx::connection connection(url_);
    pqxx::work work(connection);
    work.exec("SELECT skald.start_workflow('order', idempotency_key => 'k')");
    work.abort();
  }
  EXPECT_THAT(Requests(), IsEmpty());
  EXPECT_EQ(Query("SELECT count(*) FROM skald.idempotency_key"), "0");
}

TEST_F(StartWorkflowTest, TheSameKeyGivesTheSameIdAndOneRequest) {
  const std::string call = "SELECT skald.start_workflow('order', idempotency_key => 'k')";
  const std::string id = Query(call);
  EXPECT_EQ(Query(call), id);
  EXPECT_THAT(Requests(), SizeIs(1));

  const ports::NodeLease lease = Acquire();
  ports::WorkflowWrite write = Start(*core::WorkflowId::Parse(id));
  write.consumes_start_request = true;
  ASSERT_THAT(Commit(lease, {write}), IsOk());
  EXPECT_EQ(Query(call), id);
  EXPECT_THAT(Requests(), IsEmpty());
}

// conductor.md 3.12.
TEST_F(StartWorkflowTest, AKeyInUseIsRefusedAsTheStrategySays) {
  const std::string fail = "'order', idempotency_key => 'k', idempotency_strategy => 'FAIL'";
  const std::string on_running =
      "'order', idempotency_key => 'k', idempotency_strategy => 'FAIL_ON_RUNNING'";
  const std::string id = Query("SELECT skald.start_workflow(" + fail + ")");
  EXPECT_THAT(ErrorOf(fail), HasSubstr("SK004")) << "it is yet to be started";
  EXPECT_THAT(ErrorOf(on_running), HasSubstr("SK004"));
  const ports::NodeLease lease = Acquire();
  ports::WorkflowWrite write = Start(*core::WorkflowId::Parse(id));
  write.consumes_start_request = true;
  ASSERT_THAT(Commit(lease, {write}), IsOk());
  EXPECT_THAT(ErrorOf(fail), HasSubstr(id));
  EXPECT_THAT(ErrorOf(on_running), HasSubstr("SK004"));

  Query("UPDATE skald.workflow SET status = 'FAILED' WHERE id = '" + id + "' RETURNING id");
  EXPECT_THAT(ErrorOf(fail), HasSubstr("SK004"));
  const std::string next = Query("SELECT skald.start_workflow(" + on_running + ")");
  EXPECT_NE(next, id);
  ASSERT_THAT(Requests(), SizeIs(1));
  EXPECT_EQ(Requests()[0].id.ToString(), next);
  EXPECT_EQ(Query("SELECT skald.start_workflow('order', idempotency_key => 'k')"), next);
  EXPECT_THAT(ErrorOf("'order', idempotency_key => 'k', idempotency_strategy => 'X'"),
              HasSubstr("SK003"));
}

TEST_F(StartWorkflowTest, AStartAskedForInSqlHoldsItsKeyAgainstTheApi) {
  const std::string id = Query("SELECT skald.start_workflow('order', idempotency_key => 'k')");
  auto held = Await<std::vector<ports::KeyHolder>>([&](auto done) {
    journal_->ClaimKeys({{.name_space = "default",
                          .key = "k",
                          .id = Id(1),
                          .digest = "d",
                          .strategy = core::KeyStrategy::kFail}},
                        done);
  });
  ASSERT_THAT(held, IsOk());
  EXPECT_EQ((*held)[0].id.ToString(), id);
  EXPECT_TRUE((*held)[0].requested);
}

TEST_F(StartWorkflowTest, AKeyClaimedOverTheApiButNotStartedIsStartedUnderItsId) {
  auto held = Await<std::vector<ports::KeyHolder>>([&](auto done) {
    journal_->ClaimKeys({{.name_space = "default", .key = "k", .id = Id(1), .digest = "d"}}, done);
  });
  ASSERT_THAT(held, IsOk());
  EXPECT_EQ(Query("SELECT skald.start_workflow('order', idempotency_key => 'k')"),
            Id(1).ToString());
  EXPECT_THAT(Requests(), SizeIs(1));
}

TEST_F(StartWorkflowTest, AKeyClaimedInSqlAcceptsTheApisRequest) {
  const std::string id = Query("SELECT skald.start_workflow('order', idempotency_key => 'k')");
  auto held = Await<std::vector<ports::KeyHolder>>([&](auto done) {
    journal_->ClaimKeys({{.name_space = "default", .key = "k", .id = Id(1), .digest = "d"}}, done);
  });
  ASSERT_THAT(held, IsOk());
  EXPECT_EQ((*held)[0].id.ToString(), id);
  EXPECT_EQ((*held)[0].digest, "d");
  EXPECT_FALSE((*held)[0].fresh);
}

TEST_F(StartWorkflowTest, RequestsAreThoseOfTheSlots) {
  const auto id = core::WorkflowId::Parse(Query("SELECT skald.start_workflow('order')"));
  ASSERT_THAT(id, IsOk());
  const std::uint32_t slot = id->Slot();
  EXPECT_THAT(Requests({slot, slot}), SizeIs(1));
  EXPECT_THAT(Requests({(slot + 1) % 65'536, (slot + 1) % 65'536}), IsEmpty());
}

TEST_F(StartWorkflowTest, MistakesAreNamed) {
  EXPECT_THAT(ErrorOf("'unknown'"), HasSubstr("SK002"));
  EXPECT_THAT(ErrorOf("'unknown'"),
              HasSubstr("no definition \"unknown\" in namespace \"default\""));
  EXPECT_THAT(ErrorOf("'order', 9"), HasSubstr("no definition \"order\" version 9"));
  EXPECT_THAT(ErrorOf("'order', namespace => 'other'"), HasSubstr("SK002"));
  EXPECT_THAT(ErrorOf("'order', -1"), HasSubstr("SK003"));
  EXPECT_THAT(ErrorOf("'order', 0, '[1]'"), HasSubstr("input: a JSON object expected"));
  EXPECT_THAT(ErrorOf("'order', 0, NULL"), HasSubstr("input: a JSON object expected"));
  EXPECT_THAT(ErrorOf("'order', idempotency_key => repeat('x', 256)"),
              HasSubstr("idempotency_key: at most 255 bytes"));
  EXPECT_THAT(ErrorOf("'order', priority => 100"), HasSubstr("priority: 0 to 99"));
  EXPECT_THAT(ErrorOf("'order', 0, jsonb_build_object('x', repeat('x', 1048577))"),
              HasSubstr("input: at most 1048576 bytes"));
  EXPECT_THAT(ErrorOf("NULL"), HasSubstr("name: "));
  EXPECT_EQ(ErrorOf("'order', 2"), "");
}

TEST_F(StartWorkflowTest, ARefusedRequestIsShownWithItsReasonAndNotLoadedAgain) {
  const std::string id = Query("SELECT skald.start_workflow('order', 2, '{\"n\": 1}')");
  Query("DELETE FROM skald.definition");
  Refuse(id, "there is no definition order");

  EXPECT_THAT(Requests(), IsEmpty());
  EXPECT_EQ(Query("SELECT workflow_id || ' ' || name || ' ' || version || ' ' || input || ' ' || "
                  "reason FROM skald.refused_starts WHERE refused_at <= now()"),
            id + R"( order 2 {"n": 1} there is no definition order)");
}

TEST_F(StartWorkflowTest, ARefusedKeyMayBeAskedForAnewUnderTheSameId) {
  const std::string call = "SELECT skald.start_workflow('order', idempotency_key => 'k')";
  const std::string id = Query(call);
  Refuse(id, "there is no definition order");
  const int before = AwaitListener();

  EXPECT_EQ(Query("SELECT skald.start_workflow('order', 1, '{\"n\": 2}', 'k')"), id);

  EXPECT_TRUE(notices_.AwaitMoreThan(before));
  const auto requests = Requests();
  ASSERT_THAT(requests, SizeIs(1));
  EXPECT_EQ(requests[0].id.ToString(), id);
  EXPECT_EQ(requests[0].input, R"({"n": 2})");
  EXPECT_EQ(Query("SELECT count(*) FROM skald.refused_starts"), "0");
}

TEST_F(StartWorkflowTest, OnlyTheNewestRefusedRequestsAreKept) {
  Query(
      "INSERT INTO skald.start_request (id, namespace, name, version, input, correlation_id, "
      "idempotency_key, priority, traceparent, refused_at) "
      "SELECT skald.uuid_v7(), 'default', 'old', 1, '{}', '', '', 0, '', now() - '1 day'::interval "
      "FROM generate_series(1, 10000)");
  const std::string id = Query("SELECT skald.start_workflow('order')");
  Refuse(id, "gone");
  EXPECT_EQ(Query("SELECT count(*) FROM skald.refused_starts"), "10000");
  EXPECT_EQ(Query("SELECT count(*) FROM skald.refused_starts WHERE name = 'order'"), "1");
}

// The function is the application's only way in: its role needs no right on the tables.
TEST_F(StartWorkflowTest, ARoleNeedsOnlyTheRightToExecute) {
  Query(
      "DO $$ BEGIN CREATE ROLE shop_of_start_workflow_test; "
      "EXCEPTION WHEN duplicate_object THEN NULL; END $$");
  const std::string as_shop = "SET ROLE shop_of_start_workflow_test; ";
  Query("GRANT USAGE ON SCHEMA skald TO shop_of_start_workflow_test");
  pqxx::connection connection(url_);
  {
    pqxx::work work(connection);
    EXPECT_THROW(work.exec(as_shop + "SELECT skald.start_workflow('order')"),
                 pqxx::insufficient_privilege);
  }
  Query("GRANT EXECUTE ON FUNCTION skald.start_workflow TO shop_of_start_workflow_test");
  {
    pqxx::work work(connection);
    work.exec(as_shop + "SELECT skald.start_workflow('order')");
    work.commit();
  }
  EXPECT_THAT(Requests(), SizeIs(1));
}

TEST_F(StartWorkflowTest, ALostListenerSaysSoOnceItIsBack) {
  const int before = AwaitListener();
  Query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' "
      "AND datname = current_database()");
  EXPECT_TRUE(notices_.AwaitMoreThan(before));
  const int after = notices_.count();
  Query("SELECT skald.start_workflow('order')");
  EXPECT_TRUE(notices_.AwaitMoreThan(after));
}

TEST_F(StartWorkflowTest, IdsOfOneMomentDiffer) {
  EXPECT_EQ(Query("SELECT count(DISTINCT skald.uuid_v7()) FROM generate_series(1, 10000)"),
            "10000");
  EXPECT_EQ(Query("SELECT abs(extract(epoch FROM now()) * 1000 - ('x' || left(replace("
                  "skald.uuid_v7()::text, '-', ''), 12))::bit(48)::bigint) < 60000"),
            "t");
}

}  // namespace
}  // namespace skald::postgres
