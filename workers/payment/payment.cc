#include "workers/payment/payment.h"

#include "workers/service/ledger.h"

namespace skald::payment {
namespace {

using sdk::Result;
using sdk::Task;
using sdk::Transaction;

constexpr char kSchema[] = R"sql(
create table if not exists payment (
  id       text primary key,
  order_id text   not null,
  cents    bigint not null,
  refunded bool   not null default false);
)sql";

bool Declined(const std::string& card) { return card.ends_with("0002"); }

Result ChargeCard(Task& task, Transaction& work) {
  if (const auto result = service::ObeySwitches(task)) return *result;
  const std::int64_t cents = task.Number("cents");
  if (Declined(task.Text("card"))) return Result::Terminal("card declined");
  if (cents < 0) return Result::Terminal("a charge cannot be negative");

  const std::string order_id = service::OrderOf(task);
  const std::string id = "p-" + task.data().step_key;
  work.exec_params0("insert into payment values ($1, $2, $3)", id, order_id, cents);
  service::Record(task, work, order_id);
  return Result::Completed(
      boost::json::serialize(boost::json::object{{"paymentId", id}, {"cents", cents}}));
}

Result RefundCard(Task& task, Transaction& work) {
  if (const auto result = service::ObeySwitches(task)) return *result;
  const std::string id(task.action_output().at("paymentId").as_string().c_str());
  const pqxx::row refunded = work.exec_params1(
      "update payment set refunded = true where id = $1 and not refunded "
      "returning cents, order_id",
      id);
  service::Record(task, work, refunded[1].as<std::string>());
  return Result::Completed(boost::json::serialize(
      boost::json::object{{"refunded", id}, {"cents", refunded[0].as<std::int64_t>()}}));
}

}  // namespace

service::Definition Service() {
  return {.name = "payment", .schema = kSchema, .add_handlers = [](sdk::Worker& worker) {
            worker.Action("charge_card", ChargeCard);
            worker.Undo("refund_card", RefundCard);
            worker.Probe("find_charge");
          }};
}

}  // namespace skald::payment
