#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "fmt/format.h"
#include "tests/support/private_postgres.h"
#include "tests/support/status_matchers.h"
#include "workers/sdk/barrier.h"
#include "workers/sdk/barrier_schema.h"

// libpqxx 6 loses one result of libpq for each connection that breaks under a statement.
extern "C" const char* __lsan_default_suppressions() { return "leak:libpqxx"; }

namespace skald::sdk {
namespace {

using ::skald::testing::IsOk;
using ::skald::testing::PrivatePostgres;
using ::skald::testing::QueryOrDie;
using ::skald::testing::StatusIs;
using ::testing::HasSubstr;

constexpr char kKey[] = "w/charge/1/1";

// A database with the barrier's table and a ledger of effects; sessions as many as asked for.
class BarrierTest : public ::testing::Test {
 protected:
  BarrierTest() {
    QueryOrDie(database_, "create table effect (step_key text, delta int)");
    PgSession session({.database_url = database_});
    EXPECT_THAT(CreateBarrierTable(session), IsOk());
  }

  std::string Count(int delta) const {
    return QueryOrDie(database_,
                      fmt::format("select count(*) from effect where delta = {}", delta));
  }

  static Barrier::ActionFunction Book(std::string output = R"({"id":7})") {
    return [output](Transaction& work) {
      work.exec0("insert into effect values ('w/charge/1/1', 1)");
      return Result::Completed(output);
    };
  }
  static Barrier::UndoFunction Unbook() {
    return [](Transaction& work, std::string_view) {
      work.exec0("insert into effect values ('w/charge/1/1', -1)");
      return Result::Completed(R"({"undone":true})");
    };
  }
  static BarrierCall Call() { return {.step_key = kKey, .payload_digest = "d1", .fence = 3}; }

  const std::string database_ = PrivatePostgres::NewDatabase();
  PgSession session_{{.database_url = database_, .lock_timeout_ms = 200}};
  Barrier barrier_{session_};
};

TEST_F(BarrierTest, ActionTakesEffectOnceAndIsReplayedWithItsResponse) {
  auto first = barrier_.Action(Call(), Book());
  ASSERT_THAT(first, IsOk());
  EXPECT_EQ(first->verdict(), Verdict::kDone);
  EXPECT_EQ(first->effect(), Effect::kApplied);

  auto second = barrier_.Action(Call(), Book(R"({"id":8})"));
  ASSERT_THAT(second, IsOk());
  EXPECT_EQ(second->verdict(), Verdict::kReplayed);
  EXPECT_EQ(second->effect(), Effect::kApplied);
  EXPECT_EQ(second->output(), R"({"id":7})");
  EXPECT_EQ(Count(1), "1");
}

TEST_F(BarrierTest, ReplayReturnsTheResponseByteForByte) {
  const std::string response = "{ \"b\":1,\"a\" : \"\\u0000\", \"a\":1e400 }";
  ASSERT_THAT(barrier_.Action(Call(), Book(response)), IsOk());
  EXPECT_EQ(barrier_.Action(Call(), Book())->output(), response);
}

TEST_F(BarrierTest, OtherPayloadUnderTheSameKeyIsMisuse) {
  ASSERT_THAT(barrier_.Action(Call(), Book()), IsOk());
  BarrierCall other = Call();
  other.payload_digest = "d2";
  EXPECT_THAT(barrier_.Action(other, Book()),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("w/charge/1/1")));
  EXPECT_EQ(Count(1), "1");
}

TEST_F(BarrierTest, DeclinedActionLeavesNothingWhateverItClaims) {
  auto declined = barrier_.Action(Call(), [](Transaction& work) {
    work.exec0("insert into effect values ('x', 1)");
    return Result::Terminal("card declined", Effect::kApplied);
  });
  ASSERT_THAT(declined, IsOk());
  EXPECT_EQ(declined->status(), Result::Status::kTerminal);
  EXPECT_EQ(declined->effect(), Effect::kNone);
  EXPECT_EQ(declined->reason(), "card declined");
  EXPECT_EQ(QueryOrDie(database_, "select count(*) from effect"), "0");
  EXPECT_EQ(QueryOrDie(database_, "select count(*) from saga_barrier"), "0");
  EXPECT_EQ(barrier_.Action(Call(), Book())->verdict(), Verdict::kDone);
}

TEST_F(BarrierTest, ThrowingActionLeavesNothing) {
  auto thrown = barrier_.Action(Call(), [](Transaction& work) -> Result {
    work.exec0("insert into effect values ('x', 1)");
    throw std::runtime_error("boom");
  });
  EXPECT_THAT(thrown, StatusIs(absl::StatusCode::kInternal, HasSubstr("boom")));
  auto failed_sql = barrier_.Action(Call(), [](Transaction& work) {
    work.exec0("insert into nowhere values (1)");
    return Result::Completed();
  });
  EXPECT_THAT(failed_sql, StatusIs(absl::StatusCode::kInternal, HasSubstr("42P01")));
  EXPECT_EQ(QueryOrDie(database_, "select count(*) from effect"), "0");
}

// libpqxx 6 runs what follows a failed statement outside any transaction.
TEST_F(BarrierTest, HandlerThatGoesOnAfterAnSqlErrorWritesNothing) {
  const auto go_on = [&](bool write) {
    return barrier_.Action(Call(), [&](Transaction& work) {
      try {
        work.exec0("insert into nowhere values (1)");
      } catch (const pqxx::sql_error&) {
      }
      if (write) work.exec_params0("insert into effect values ('x', $1)", 1);
      return Result::Completed();
    });
  };
  EXPECT_FALSE(go_on(false).ok());
  EXPECT_FALSE(go_on(true).ok());
  EXPECT_EQ(QueryOrDie(database_, "select count(*) from saga_barrier"), "0");
  EXPECT_EQ(QueryOrDie(database_, "select count(*) from effect"), "0");
  EXPECT_EQ(barrier_.Action(Call(), Book())->verdict(), Verdict::kDone);
}

TEST_F(BarrierTest, ResponseThatIsNoJsonTakesTheEffectBack) {
  EXPECT_THAT(barrier_.Action(Call(), Book("{oops")),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("")));
  EXPECT_EQ(Count(1), "0");
}

TEST_F(BarrierTest, UndoRunsOnceWithTheActionsResponse) {
  ASSERT_THAT(barrier_.Action(Call(), Book()), IsOk());
  std::string seen;
  auto undo = [&](Transaction& work, std::string_view response) {
    seen = std::string(response);
    return Unbook()(work, response);
  };
  auto first = barrier_.Undo(Call(), undo);
  ASSERT_THAT(first, IsOk());
  EXPECT_EQ(first->verdict(), Verdict::kDone);
  EXPECT_EQ(seen, R"({"id":7})");
  auto second = barrier_.Undo(Call(), undo);
  EXPECT_EQ(second->verdict(), Verdict::kReplayed);
  EXPECT_EQ(second->output(), R"({"undone":true})");
  EXPECT_EQ(Count(-1), "1");
}

TEST_F(BarrierTest, UndoBeforeTheActionSealsIt) {
  auto nulled = barrier_.Undo(Call(), Unbook());
  ASSERT_THAT(nulled, IsOk());
  EXPECT_EQ(nulled->verdict(), Verdict::kNulled);
  EXPECT_EQ(barrier_.Undo(Call(), Unbook())->verdict(), Verdict::kNulled);

  auto late = barrier_.Action(Call(), Book());
  ASSERT_THAT(late, IsOk());
  EXPECT_EQ(late->verdict(), Verdict::kRejected);
  EXPECT_EQ(late->status(), Result::Status::kTerminal);
  EXPECT_EQ(late->effect(), Effect::kNone);
  EXPECT_EQ(QueryOrDie(database_, "select count(*) from effect"), "0");
}

TEST_F(BarrierTest, FailedUndoChangesNothingAndCanBeTriedAgain) {
  ASSERT_THAT(barrier_.Action(Call(), Book()), IsOk());
  auto failed = barrier_.Undo(
      Call(), [](Transaction&, std::string_view) { return Result::Failed("provider is closed"); });
  EXPECT_EQ(failed->effect(), Effect::kNone);
  EXPECT_EQ(barrier_.Undo(Call(), Unbook())->verdict(), Verdict::kDone);
  EXPECT_EQ(Count(-1), "1");
}

TEST_F(BarrierTest, ActionPastItsDeadlineIsRejectedWithoutEffect) {
  BarrierCall late = Call();
  late.not_after_us = 1;
  auto rejected = barrier_.Action(late, Book());
  ASSERT_THAT(rejected, IsOk());
  EXPECT_EQ(rejected->verdict(), Verdict::kRejected);
  EXPECT_EQ(rejected->status(), Result::Status::kFailed);
  EXPECT_EQ(Count(1), "0");

  BarrierCall timely = Call();
  timely.not_after_us = 32'503'680'000'000'000;  // the year 3000
  EXPECT_EQ(barrier_.Action(timely, Book())->verdict(), Verdict::kDone);
}

TEST_F(BarrierTest, DeadlineIsReadAtTheEndOfTheTransaction) {
  const std::string soon = QueryOrDie(
      database_, "select (extract(epoch from clock_timestamp()) * 1000000 + 20000)::bigint");
  BarrierCall call = Call();
  call.not_after_us = std::stoll(soon);
  auto slow = barrier_.Action(call, [](Transaction& work) {
    work.exec0("insert into effect values ('x', 1)");
    work.exec1("select pg_sleep(0.04)");
    return Result::Completed();
  });
  EXPECT_EQ(slow->verdict(), Verdict::kRejected);
  EXPECT_EQ(Count(1), "0");
}

TEST_F(BarrierTest, SealAndProbeSettleAnActionThatHasNotHappened) {
  EXPECT_EQ(*barrier_.Look(Call()), Effect::kUnknown);
  EXPECT_EQ(*barrier_.Probe(Call()), Effect::kNone);
  EXPECT_EQ(*barrier_.Look(Call()), Effect::kNone);
  EXPECT_EQ(barrier_.Seal(Call())->verdict(), Verdict::kNulled);
  EXPECT_EQ(barrier_.Action(Call(), Book())->verdict(), Verdict::kRejected);
}

TEST_F(BarrierTest, ProbeSeesAnActionThatHappenedAndSealIsRefused) {
  ASSERT_THAT(barrier_.Action(Call(), Book()), IsOk());
  EXPECT_EQ(*barrier_.Look(Call()), Effect::kApplied);
  EXPECT_EQ(*barrier_.Probe(Call()), Effect::kApplied);
  EXPECT_THAT(barrier_.Seal(Call()),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("took effect")));
  EXPECT_EQ(barrier_.Undo(Call(), Unbook())->verdict(), Verdict::kDone);
  EXPECT_EQ(*barrier_.Probe(Call()), Effect::kApplied);
}

TEST_F(BarrierTest, UndoWaitsForAnOpenActionAtMostTheLockTimeout) {
  PgSession other({.database_url = database_});
  Barrier action(other);
  auto done = action.Action(Call(), [&](Transaction& work) {
    // The claim is held here; the undo cannot decide and says so, instead of blocking its thread.
    EXPECT_THAT(barrier_.Undo(Call(), Unbook()),
                StatusIs(absl::StatusCode::kUnavailable, HasSubstr("lock")));
    return Book()(work);
  });
  EXPECT_EQ(done->verdict(), Verdict::kDone);
  EXPECT_EQ(barrier_.Undo(Call(), Unbook())->verdict(), Verdict::kDone);
}

TEST_F(BarrierTest, UndoBehindAnActionThatRollsBackBecomesTheNullCompensation) {
  PgSession patient({.database_url = database_, .lock_timeout_ms = 60'000});
  Barrier undoing(patient);
  std::future<absl::StatusOr<Result>> undo;
  auto declined = barrier_.Action(Call(), [&](Transaction& work) {
    undo = std::async(std::launch::async, [&] { return undoing.Undo(Call(), Unbook()); });
    while (work.exec1("select count(*) from pg_locks where not granted")[0].as<int>() == 0) {
      std::this_thread::yield();
    }
    return Result::Failed("no");
  });
  EXPECT_EQ(declined->effect(), Effect::kNone);
  EXPECT_EQ(undo.get()->verdict(), Verdict::kNulled);
}

TEST_F(BarrierTest, LostAnswerOfTheCommitIsUnknownAndTheRedeliveryFindsOut) {
  CommitFault fault = CommitFault::kCrashAfter;
  PgSession session({.database_url = database_, .commit_fault = [&] { return fault; }});
  Barrier barrier(session);
  EXPECT_THAT(barrier.Action(Call(), Book()),
              StatusIs(absl::StatusCode::kUnknown, HasSubstr("commit in doubt")));
  fault = CommitFault::kNone;
  EXPECT_EQ(barrier.Action(Call(), Book())->verdict(), Verdict::kReplayed);
  EXPECT_EQ(Count(1), "1");
}

TEST_F(BarrierTest, CrashBeforeTheCommitIsUnknownAndTheRedeliveryDoesTheWork) {
  CommitFault fault = CommitFault::kCrashBefore;
  PgSession session({.database_url = database_, .commit_fault = [&] { return fault; }});
  Barrier barrier(session);
  EXPECT_THAT(barrier.Action(Call(), Book()), StatusIs(absl::StatusCode::kUnknown, HasSubstr("")));
  EXPECT_EQ(Count(1), "0");
  fault = CommitFault::kNone;
  EXPECT_EQ(barrier.Action(Call(), Book())->verdict(), Verdict::kDone);
}

TEST_F(BarrierTest, BackendKilledInTheMiddleMeansNothingHappened) {
  auto killed = barrier_.Action(Call(), [&](Transaction& work) {
    const auto pid = work.exec1("select pg_backend_pid()")[0].as<std::string>();
    QueryOrDie(database_, "select pg_terminate_backend(" + pid + ")");
    work.exec0("insert into effect values ('x', 1)");
    return Result::Completed();
  });
  EXPECT_THAT(killed, StatusIs(absl::StatusCode::kUnavailable, HasSubstr("lost")));
  EXPECT_EQ(barrier_.Action(Call(), Book())->verdict(), Verdict::kDone);
  EXPECT_EQ(Count(1), "1");
}

TEST_F(BarrierTest, SessionComesBackAfterTheServerCrashed) {
  ASSERT_THAT(barrier_.Action(Call(), Book()), IsOk());
  PrivatePostgres::CrashAndRestart();
  absl::StatusOr<Result> reply = barrier_.Action(Call(), Book());
  if (!reply.ok())
    reply = barrier_.Action(Call(), Book());  // the first may meet the dead connection
  ASSERT_THAT(reply, IsOk());
  EXPECT_EQ(reply->verdict(), Verdict::kReplayed);
}

TEST(AwaitDatabaseTest, TriesAgainWhileItIsUnavailableAndNoLonger) {
  const auto failing = [](int failures, absl::Status in_the_end) {
    return [=, calls = 0]() mutable {
      return ++calls <= failures ? absl::UnavailableError("starting up") : in_the_end;
    };
  };
  const auto never = [] { return false; };
  EXPECT_THAT(AwaitDatabase(failing(1, absl::OkStatus()), 1'000, never), IsOk());
  EXPECT_THAT(AwaitDatabase(failing(1, absl::InternalError("no")), 1'000, never),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("no")));
  EXPECT_THAT(AwaitDatabase(failing(9, absl::OkStatus()), 2 * kDatabasePauseMs, never),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("starting")));
  EXPECT_THAT(AwaitDatabase(failing(9, absl::OkStatus()), 60'000, [] { return true; }),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("starting")));
}

TEST_F(BarrierTest, NoServerIsUnavailable) {
  PgSession nowhere({.database_url = "host=/nonexistent dbname=none"});
  Barrier barrier(nowhere);
  EXPECT_THAT(barrier.Action(Call(), Book()),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("")));
}

TEST_F(BarrierTest, DeadlockOfTheUsersOwnLocksIsRetriedToSuccess) {
  QueryOrDie(database_, "create table account (id int primary key, cents int)");
  QueryOrDie(database_, "insert into account values (1, 0), (2, 0)");
  std::atomic<int> inside = 0;
  std::atomic<int> runs = 0;
  auto transfer = [&](const char* key, int from, int to) {
    PgSession session({.database_url = database_, .lock_timeout_ms = 0});
    Barrier barrier(session);
    return barrier.Action({.step_key = key, .payload_digest = "d"}, [&](Transaction& work) {
      ++runs;
      work.exec_params0("update account set cents = cents + 1 where id = $1", from);
      ++inside;
      while (inside < 2) std::this_thread::yield();  // both hold their first row
      work.exec_params0("update account set cents = cents + 1 where id = $1", to);
      return Result::Completed();
    });
  };
  auto other = std::async(std::launch::async, [&] { return transfer("k1", 1, 2); });
  EXPECT_EQ(transfer("k2", 2, 1)->verdict(), Verdict::kDone);
  EXPECT_EQ(other.get()->verdict(), Verdict::kDone);
  EXPECT_GE(runs, 3);
  EXPECT_EQ(QueryOrDie(database_, "select sum(cents) from account"), "4");
}

TEST_F(BarrierTest, SerializationFailuresAreBounded) {
  int runs = 0;
  auto reply = barrier_.Action(Call(), [&](Transaction& work) -> Result {
    ++runs;
    work.exec0("do $$ begin raise exception 'again' using errcode = '40001'; end $$");
    return Result::Completed();
  });
  EXPECT_THAT(reply, StatusIs(absl::StatusCode::kUnavailable, HasSubstr("again")));
  EXPECT_EQ(runs, kTransactionAttemptsMax);
}

TEST_F(BarrierTest, TableIsCreatedOnceByManyAtATime) {
  const std::string fresh = PrivatePostgres::NewDatabase();
  std::vector<std::future<absl::Status>> all;
  for (int i = 0; i < 8; ++i) {
    all.push_back(std::async(std::launch::async, [&] {
      PgSession session({.database_url = fresh});
      return CreateBarrierTable(session);
    }));
  }
  for (auto& one : all) EXPECT_THAT(one.get(), IsOk());
}

TEST_F(BarrierTest, RetentionTakesOnlyWhatIsOver) {
  ASSERT_THAT(barrier_.Action(Call(), Book()), IsOk());
  BarrierCall other = Call();
  other.step_key = "w/old/1/1";
  ASSERT_THAT(barrier_.Action(other, Book()), IsOk());
  QueryOrDie(database_, "update saga_barrier set expires_at = now() where step_key = 'w/old/1/1'");
  auto gone = ExpireBarrierRows(session_);
  ASSERT_THAT(gone, IsOk());
  EXPECT_EQ(*gone, 1);
  EXPECT_EQ(QueryOrDie(database_, "select string_agg(step_key, ',') from saga_barrier"), kKey);
}

}  // namespace
}  // namespace skald::sdk
