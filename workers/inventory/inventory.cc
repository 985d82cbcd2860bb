#include "workers/inventory/inventory.h"

#include <algorithm>

#include "fmt/format.h"
#include "workers/service/ledger.h"

namespace skald::inventory {
namespace {

using sdk::Result;
using sdk::Task;
using sdk::Transaction;

// item-000 to item-255 keep load off a single row.
constexpr char kSchema[] = R"sql(
create table if not exists stock (sku text primary key,
  available bigint not null check (available >= 0));
create table if not exists reservation (
  id       text primary key,
  order_id text   not null,
  sku      text   not null references stock,
  quantity bigint not null,
  released bool   not null default false);
insert into stock values
  ('book', 1000000000), ('kettle', 1000000000), ('lamp', 1000000000), ('sold-out', 0)
  on conflict do nothing;
insert into stock select 'item-' || to_char(n, 'FM000'), 1000000000 from generate_series(0, 255) n
  on conflict do nothing;
)sql";

Result ReserveStock(Task& task, Transaction& work) {
  if (const auto result = service::ObeySwitches(task)) return *result;
  const std::string sku = task.Text("sku");
  const std::int64_t quantity = std::max<std::int64_t>(task.Number("quantity"), 1);
  const pqxx::result taken = work.exec_params(
      "update stock set available = available - $2 where sku = $1 and available >= $2", sku,
      quantity);
  if (taken.affected_rows() == 0) return Result::Terminal(fmt::format("out of stock: {}", sku));

  const std::string order_id = service::OrderOf(task);
  const std::string id = "r-" + task.data().step_key;
  work.exec_params0("insert into reservation values ($1, $2, $3, $4)", id, order_id, sku, quantity);
  service::Record(task, work, order_id);
  return Result::Completed(boost::json::serialize(
      boost::json::object{{"reservationId", id}, {"sku", sku}, {"quantity", quantity}}));
}

Result ReleaseStock(Task& task, Transaction& work) {
  if (const auto result = service::ObeySwitches(task)) return *result;
  const std::string id(task.action_output().at("reservationId").as_string().c_str());
  const pqxx::row released = work.exec_params1(
      "update reservation set released = true where id = $1 and not released "
      "returning sku, quantity, order_id",
      id);
  work.exec_params0("update stock set available = available + $2 where sku = $1",
                    released[0].as<std::string>(), released[1].as<std::int64_t>());
  service::Record(task, work, released[2].as<std::string>());
  return Result::Completed(boost::json::serialize(boost::json::object{{"released", id}}));
}

}  // namespace

service::Definition Service() {
  return {.name = "inventory", .schema = kSchema, .add_handlers = [](sdk::Worker& worker) {
            worker.Action("reserve_stock", ReserveStock);
            worker.Undo("release_stock", ReleaseStock);
          }};
}

}  // namespace skald::inventory
