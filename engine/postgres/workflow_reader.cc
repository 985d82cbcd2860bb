#include "engine/postgres/workflow_reader.h"

#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "engine/base/check.h"
#include "engine/postgres/payload_reader.h"
#include "engine/postgres/statements.h"
#include "engine/postgres/text.h"

namespace skald::postgres {
namespace {

std::string ToBytes(const pqxx::field& field) { return pqxx::binarystring(field).str(); }

ports::StoredWorkflow ToWorkflow(const pqxx::row& row) {
  return {.id = ToId(row[0]),
          .definition_id = row[1].as<std::int64_t>(),
          .parked = row[2].as<bool>(),
          .wake_at = row[3].as<core::TimeUs>(),
          .snapshot_seq = row[4].as<core::EventSeq>(),
          .snapshot = ToBytes(row[5]),
          .payloads = {},
          .rows = {}};
}

void AddHistories(pqxx::transaction_base& transaction,
                  std::vector<ports::StoredWorkflow>& workflows) {
  if (workflows.empty()) return;
  absl::flat_hash_map<core::WorkflowId, std::size_t> position;
  std::vector<std::string> ids;
  std::vector<std::string> seqs;
  for (const ports::StoredWorkflow& workflow : workflows) {
    position.emplace(workflow.id, ids.size());
    ids.push_back(workflow.id.ToString());
    seqs.push_back(std::to_string(workflow.snapshot_seq));
  }
  const pqxx::result rows =
      transaction.exec_params(kSelectHistoryOf, ArrayLiteral(ids), ArrayLiteral(seqs));
  for (const pqxx::row& row : rows) {
    workflows[position.at(ToId(row[0]))].rows.push_back(ToHistoryRow(row));
  }
  PayloadReader payloads;
  for (ports::StoredWorkflow& workflow : workflows) {
    payloads.Want(workflow.id, workflow.snapshot, workflow.payloads);
    for (ports::HistoryRow& row : workflow.rows) {
      payloads.Want(workflow.id, row.events, row.payloads);
    }
  }
  payloads.Read(transaction);
}

std::vector<ports::StoredWorkflow> WithHistories(pqxx::transaction_base& transaction,
                                                 const pqxx::result& rows) {
  std::vector<ports::StoredWorkflow> workflows;
  workflows.reserve(rows.size());
  for (const pqxx::row& row : rows) workflows.push_back(ToWorkflow(row));
  AddHistories(transaction, workflows);
  return workflows;
}

}  // namespace

core::WorkflowId ToId(const pqxx::field& field) {
  const absl::StatusOr<core::WorkflowId> id = core::WorkflowId::Parse(field.c_str());
  CHECK(id.ok());  // the column's type lets nothing else through
  return *id;
}

ports::HistoryRow ToHistoryRow(const pqxx::row& row) {
  return {.first_seq = row[1].as<core::EventSeq>(),
          .last_seq = row[2].as<core::EventSeq>(),
          .at = row[3].as<core::TimeUs>(),
          .events = ToBytes(row[4]),
          .payloads = {}};
}

std::optional<ports::StoredWorkflow> ReadWorkflow(pqxx::transaction_base& transaction,
                                                  const core::WorkflowId& id) {
  std::vector<ports::StoredWorkflow> found =
      WithHistories(transaction, transaction.exec_params(kSelectWorkflow, id.ToString()));
  if (found.empty()) return std::nullopt;
  return std::move(found.front());
}

std::vector<ports::StoredWorkflow> ReadActive(pqxx::transaction_base& transaction,
                                              const ports::SlotRange& slots,
                                              const core::WorkflowId& after,
                                              std::size_t count_max) {
  return WithHistories(transaction, transaction.exec_params(kSelectActive, slots.first, slots.last,
                                                            after.ToString(), count_max));
}

std::vector<ports::StoredWorkflow> ReadDue(pqxx::transaction_base& transaction,
                                           const ports::SlotRange& slots,
                                           const ports::WakePoint& after, core::TimeUs until,
                                           std::size_t count_max) {
  transaction.exec0(kHoldToIndexes);
  return WithHistories(
      transaction, transaction.exec_params(kSelectDue, slots.first, slots.last, until, count_max,
                                           after.wake_at, after.id.ToString()));
}

std::vector<ports::StartRequest> ReadStartRequests(pqxx::transaction_base& transaction,
                                                   const ports::SlotRange& slots,
                                                   std::size_t count_max) {
  std::vector<ports::StartRequest> requests;
  const pqxx::result rows =
      transaction.exec_params(kSelectStartRequests, slots.first, slots.last, count_max);
  for (const pqxx::row& row : rows) {
    requests.push_back({.id = ToId(row[0]),
                        .name_space = row[1].as<std::string>(),
                        .name = row[2].as<std::string>(),
                        .version = row[3].as<std::int32_t>(),
                        .input = row[4].as<std::string>(),
                        .correlation_id = row[5].as<std::string>(),
                        .idempotency_key = row[6].as<std::string>(),
                        .priority = row[7].as<std::int32_t>(),
                        .traceparent = row[8].as<std::string>(),
                        .task_to_domain = row[9].as<std::string>()});
  }
  return requests;
}

}  // namespace skald::postgres
