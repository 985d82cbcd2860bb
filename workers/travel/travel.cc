#include "workers/travel/travel.h"

#include "fmt/format.h"
#include "workers/service/ledger.h"

namespace skald::travel {
namespace {

using sdk::Result;
using sdk::Task;
using sdk::Transaction;

constexpr char kSchema[] = R"sql(
create table if not exists hold (
  id       text primary key,
  order_id text not null,
  kind     text not null,   -- flight or hotel
  name     text not null,
  released bool not null default false);
create table if not exists ticket (
  id       text primary key,
  order_id text not null);
)sql";

Result Hold(Task& task, Transaction& work, const std::string& kind) {
  if (const auto result = service::ObeySwitches(task)) return *result;
  const std::string name = task.Text(kind);
  if (name == "FULL") return Result::Terminal(fmt::format("no room: {} {}", kind, name));

  const std::string order_id = service::OrderOf(task);
  const std::string id = "h-" + task.data().step_key;
  work.exec_params0("insert into hold values ($1, $2, $3, $4)", id, order_id, kind, name);
  service::Record(task, work, order_id);
  return Result::Completed(
      boost::json::serialize(boost::json::object{{"holdId", id}, {kind, name}}));
}

Result Release(Task& task, Transaction& work) {
  if (const auto result = service::ObeySwitches(task)) return *result;
  const std::string id(task.action_output().at("holdId").as_string().c_str());
  const pqxx::row released = work.exec_params1(
      "update hold set released = true where id = $1 and not released returning order_id", id);
  service::Record(task, work, released[0].as<std::string>());
  return Result::Completed(boost::json::serialize(boost::json::object{{"released", id}}));
}

Result IssueTickets(Task& task, Transaction& work) {
  if (const auto result = service::ObeySwitches(task)) return *result;
  const std::string order_id = service::OrderOf(task);
  const std::string id = "t-" + task.data().step_key;
  work.exec_params0("insert into ticket values ($1, $2)", id, order_id);
  service::Record(task, work, order_id);
  return Result::Completed(boost::json::serialize(boost::json::object{{"ticketId", id}}));
}

void AddHandlers(sdk::Worker& worker) {
  for (const std::string kind : {"flight", "hotel"}) {
    worker.Action("hold_" + kind,
                  [kind](Task& task, Transaction& work) { return Hold(task, work, kind); });
    worker.Undo("release_" + kind, Release);
  }
  worker.Action("issue_tickets", IssueTickets);
}

}  // namespace

service::Definition Service() {
  return {.name = "travel", .schema = kSchema, .add_handlers = AddHandlers};
}

}  // namespace skald::travel
