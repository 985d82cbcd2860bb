#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "fmt/format.h"
#include "tests/support/private_postgres.h"
#include "workers/sdk/test_kit.h"

namespace skald::sdk {
namespace {

using ::skald::testing::PrivatePostgres;
using ::skald::testing::QueryOrDie;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr char kLedgerSql[] =
    "select step_key, count(*) filter (where delta = 1), count(*) filter (where delta = -1) "
    "from effect group by 1";

class TestKitTest : public ::testing::Test {
 protected:
  TestKitTest() { QueryOrDie(database_, "create table effect (step_key text, delta int)"); }

  FaultTrial Trial(std::uint64_t seed) const {
    return {.database_url = database_,
            .action_type = "act",
            .undo_type = "undo",
            .ledger_sql = kLedgerSql,
            .seed = seed};
  }

  static Result Book(Task& task, Transaction& work, int delta) {
    work.exec_params0("insert into effect values ($1, $2)", task.data().step_key, delta);
    return Result::Completed(fmt::format(R"({{"fence":{}}})", task.data().fence));
  }

  const std::string database_ = PrivatePostgres::NewDatabase();
};

TEST_F(TestKitTest, BarrierLosesAndDoublesNothingUnderFaults) {
  HandlerSet handlers;
  handlers.Action("act", [](Task& task, Transaction& work) { return Book(task, work, 1); });
  handlers.Undo("undo", [](Task& task, Transaction& work) { return Book(task, work, -1); });
  for (const std::uint64_t seed : {1u, 2u, 3u, 4u}) {
    const FaultReport report = RunWithFaults(handlers, Trial(seed));
    EXPECT_THAT(report.violations, IsEmpty()) << "seed " << seed;
    // The run was worth something: every kind of trouble was met.
    EXPECT_GT(report.crashes, 50);
    EXPECT_GT(report.replays, 50);
    EXPECT_GT(report.nulled, 5);
    EXPECT_GT(report.rejected, 5);
  }
}

// The kit itself has to be able to fail: the same handlers, without the barrier.
TEST_F(TestKitTest, FindsEffectsThatAreDoubledOrLost) {
  const auto book = [this](Task& task, int delta) {
    QueryOrDie(database_,
               fmt::format("insert into effect values ('{}', {})", task.data().step_key, delta));
    return Result::Completed();
  };
  HandlerSet handlers;
  handlers.Handle("act", [book](Task& task) { return book(task, 1); });
  handlers.Handle("undo", [book](Task& task) { return book(task, -1); });
  FaultTrial trial = Trial(1);
  trial.sagas = 50;
  EXPECT_THAT(RunWithFaults(handlers, trial).violations, Not(IsEmpty()));
}

TEST_F(TestKitTest, FindsAnUndoThatForgetsItsWork) {
  HandlerSet handlers;
  handlers.Action("act", [](Task& task, Transaction& work) { return Book(task, work, 1); });
  handlers.Undo("undo", [](Task&, Transaction&) { return Result::Completed(); });
  FaultTrial trial = Trial(1);
  trial.sagas = 50;
  EXPECT_THAT(RunWithFaults(handlers, trial).violations, Not(IsEmpty()));
}

TEST_F(TestKitTest, ReportsALedgerThatCannotBeRead) {
  HandlerSet handlers;
  handlers.Action("act", [](Task& task, Transaction& work) { return Book(task, work, 1); });
  handlers.Undo("undo", [](Task& task, Transaction& work) { return Book(task, work, -1); });
  FaultTrial trial = Trial(1);
  trial.sagas = 2;
  trial.ledger_sql = "select * from nowhere";
  EXPECT_THAT(RunWithFaults(handlers, trial).violations, Not(IsEmpty()));
}

}  // namespace
}  // namespace skald::sdk
