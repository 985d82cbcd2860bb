#include "workers/sdk/worker.h"

using skald::sdk::Result;
using skald::sdk::Task;
using skald::sdk::Transaction;

// Both run under the saga barrier: once each, however often and in whatever order they are
// delivered.
Result Charge(Task& task, Transaction& db) {
  const std::int64_t cents = task.Number("cents");
  if (cents > 1'000'000) return Result::Terminal("over the card's limit");
  const std::string id = task.data().idempotency_key;
  db.exec_params("insert into charge (id, cents) values ($1, $2)", id, cents);
  return Result::Completed(boost::json::serialize(boost::json::object{{"paymentId", id}}));
}

Result Refund(Task& task, Transaction& db) {
  const auto id = task.action_output().at("paymentId").as_string();  // what Charge returned
  db.exec_params("delete from charge where id = $1", id.c_str());
  return Result::Completed();
}

int main(int argc, char** argv) {
  skald::sdk::Worker worker({.server = "localhost:8090",
                             .database_url = argc > 1 ? argv[1] : "dbname=payment",
                             .threads = 4});
  worker.Action("charge_card", Charge);
  worker.Undo("refund_card", Refund);
  return worker.Main();  // until SIGTERM: finishes what it holds, then leaves
}
