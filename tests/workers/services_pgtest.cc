// The sample services under duplicated, reordered, late and cut-off deliveries.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fmt/format.h"
#include "tests/support/private_postgres.h"
#include "tests/support/status_matchers.h"
#include "workers/inventory/inventory.h"
#include "workers/payment/payment.h"
#include "workers/sdk/barrier_schema.h"
#include "workers/sdk/task_runner.h"
#include "workers/sdk/test_kit.h"
#include "workers/service/ledger.h"
#include "workers/shipping/shipping.h"
#include "workers/travel/travel.h"

namespace skald {
namespace {

using sdk::Effect;
using sdk::Operation;
using sdk::Result;
using sdk::Verdict;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::PrivatePostgres;
using testing::QueryOrDie;

// One service with a database of its own.
class Running {
 public:
  explicit Running(const service::Definition& definition) : worker_({.database_url = database_}) {
    EXPECT_THAT(service::CreateSchema(database_, definition.schema), IsOk());
    EXPECT_THAT(service::CreateSchema(database_, definition.schema), IsOk());  // again and again
    definition.add_handlers(worker_);
    sdk::PgSession session({.database_url = database_});
    EXPECT_THAT(sdk::CreateBarrierTable(session), IsOk());
    runner_ = std::make_unique<sdk::TaskRunner>(
        worker_.handlers(), sdk::TaskRunnerOptions{.database = {.database_url = database_}});
  }

  sdk::FaultReport Fault(const std::string& action, const std::string& undo,
                         const std::function<std::string(int)>& input) const {
    return RunWithFaults(worker_.handlers(), {.database_url = database_,
                                              .action_type = action,
                                              .undo_type = undo,
                                              .input = input,
                                              .ledger_sql = service::kLedgerCounts,
                                              .sagas = 100});
  }

  Result Run(const std::string& type, Operation operation, const std::string& input,
             std::uint32_t attempt = 1) {
    sdk::TaskData data;
    data.workflow_id = "w";
    data.type = type;
    data.operation = operation;
    data.step_key = "w/step/1/1";
    data.attempt = attempt;
    (operation == Operation::kAction ? data.input : data.undo.original_input) = input;
    sdk::CancelToken cancel;
    sdk::Task task(data, cancel, nullptr);
    return runner_->Run(task);
  }

  std::string Query(const std::string& sql) const { return QueryOrDie(database_, sql); }

 private:
  const std::string database_ = PrivatePostgres::NewDatabase();
  sdk::Worker worker_;
  std::unique_ptr<sdk::TaskRunner> runner_;
};

std::string Order(int number) {
  return fmt::format(R"({{"orderId":"o-{0}","sku":"item-{1:03}","quantity":2,"cents":{0},)"
                     R"("card":"4242","country":"DE","flight":"LH1","hotel":"Adler"}})",
                     number, number % 256);
}

TEST(InventoryTest, LosesAndDoublesNothingUnderFaults) {
  const Running inventory(inventory::Service());
  EXPECT_THAT(inventory.Fault("reserve_stock", "release_stock", Order).violations, IsEmpty());
  // What is not in the shelf is reserved.
  EXPECT_EQ(inventory.Query("select 259 * 1000000000::bigint - sum(available) - (select "
                            "coalesce(sum(quantity), 0) from reservation where not released) "
                            "from stock"),
            "0");
}

TEST(PaymentTest, LosesAndDoublesNothingUnderFaults) {
  const Running payment(payment::Service());
  EXPECT_THAT(payment.Fault("charge_card", "refund_card", Order).violations, IsEmpty());
}

TEST(ShippingTest, LosesAndDoublesNothingUnderFaults) {
  const Running shipping(shipping::Service());
  EXPECT_THAT(shipping.Fault("ship_order", "cancel_shipment", Order).violations, IsEmpty());
}

TEST(TravelTest, LosesAndDoublesNothingUnderFaults) {
  for (const std::string kind : {"flight", "hotel"}) {
    const Running travel(travel::Service());
    EXPECT_THAT(travel.Fault("hold_" + kind, "release_" + kind, Order).violations, IsEmpty());
  }
}

TEST(InventoryTest, RefusesWhatIsSoldOutOrUnknown) {
  Running inventory(inventory::Service());
  for (const char* sku : {"sold-out", "unheard-of"}) {
    const Result result = inventory.Run("reserve_stock", Operation::kAction,
                                        fmt::format(R"({{"orderId":"o","sku":"{}"}})", sku));
    EXPECT_EQ(result.status(), Result::Status::kTerminal);
    EXPECT_EQ(result.effect(), Effect::kNone);
    EXPECT_THAT(result.reason(), HasSubstr(sku));
  }
  EXPECT_EQ(inventory.Query("select count(*) from ledger"), "0");
}

TEST(PaymentTest, DeclinesACardAndProbesACharge) {
  Running payment(payment::Service());
  const Result declined = payment.Run("charge_card", Operation::kAction,
                                      R"({"orderId":"o","cents":5,"card":"4000000000000002"})");
  EXPECT_EQ(declined.status(), Result::Status::kTerminal);
  EXPECT_EQ(payment.Run("charge_card", Operation::kAction, Order(1)).verdict(), Verdict::kDone);
  EXPECT_EQ(payment.Run("find_charge", Operation::kProbe, "{}").effect(), Effect::kApplied);
  EXPECT_EQ(payment.Query("select order_id || delta from ledger"), "o-11");
}

TEST(ShippingTest, RefusesAnAddress) {
  Running shipping(shipping::Service());
  const Result refused =
      shipping.Run("ship_order", Operation::kAction, R"({"orderId":"o","country":"ATLANTIS"})");
  EXPECT_EQ(refused.status(), Result::Status::kTerminal);
  EXPECT_EQ(refused.effect(), Effect::kNone);
}

TEST(TravelTest, RefusesWhatIsFull) {
  Running travel(travel::Service());
  EXPECT_EQ(travel.Run("hold_hotel", Operation::kAction, R"({"hotel":"FULL"})").status(),
            Result::Status::kTerminal);
  EXPECT_EQ(travel.Run("issue_tickets", Operation::kAction, Order(1)).verdict(), Verdict::kDone);
}

TEST(SwitchesTest, FailAsManyAttemptsAsTheOrderSays) {
  Running payment(payment::Service());
  const std::string input = R"({"orderId":"o","cents":1,"failAttempts":1,"undoFailAttempts":1})";
  EXPECT_EQ(payment.Run("charge_card", Operation::kAction, input, 1).status(),
            Result::Status::kFailed);
  EXPECT_EQ(payment.Run("charge_card", Operation::kAction, input, 2).verdict(), Verdict::kDone);
  EXPECT_EQ(payment.Run("refund_card", Operation::kUndo, input, 1).status(),
            Result::Status::kFailed);
  EXPECT_EQ(payment.Run("refund_card", Operation::kUndo, input, 2).verdict(), Verdict::kDone);
  EXPECT_EQ(payment.Query("select sum(delta) from ledger"), "0");
}

}  // namespace
}  // namespace skald
