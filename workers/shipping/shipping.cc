#include "workers/shipping/shipping.h"

#include "fmt/format.h"
#include "workers/service/ledger.h"

namespace skald::shipping {
namespace {

using sdk::Result;
using sdk::Task;
using sdk::Transaction;

constexpr char kSchema[] = R"sql(
create table if not exists shipment (
  id        text primary key,
  order_id  text not null,
  country   text not null,
  cancelled bool not null default false);
)sql";

Result ShipOrder(Task& task, Transaction& work) {
  if (const auto result = service::ObeySwitches(task)) return *result;
  const std::string country = task.Text("country");
  if (country == "ATLANTIS") return Result::Terminal(fmt::format("no carrier to {}", country));

  const std::string order_id = service::OrderOf(task);
  const std::string id = "s-" + task.data().step_key;
  work.exec_params0("insert into shipment values ($1, $2, $3)", id, order_id, country);
  service::Record(task, work, order_id);
  return Result::Completed(boost::json::serialize(boost::json::object{{"shipmentId", id}}));
}

Result CancelShipment(Task& task, Transaction& work) {
  if (const auto result = service::ObeySwitches(task)) return *result;
  const std::string id(task.action_output().at("shipmentId").as_string().c_str());
  const pqxx::row cancelled = work.exec_params1(
      "update shipment set cancelled = true where id = $1 and not cancelled returning order_id",
      id);
  service::Record(task, work, cancelled[0].as<std::string>());
  return Result::Completed(boost::json::serialize(boost::json::object{{"cancelled", id}}));
}

}  // namespace

service::Definition Service() {
  return {.name = "shipping", .schema = kSchema, .add_handlers = [](sdk::Worker& worker) {
            worker.Action("ship_order", ShipOrder);
            worker.Undo("cancel_shipment", CancelShipment);
          }};
}

}  // namespace skald::shipping
