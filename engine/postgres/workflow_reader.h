// Reading stored workflows within a transaction of the caller.
//
// Stateless. Throws what libpqxx throws: to be called inside a Session's body only.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "engine/ports/journal.h"
#include "pqxx/pqxx"

namespace skald::postgres {

// Each of these reads the rows of the workflow table, then their histories in one more statement
// and the payloads that those name in another; in a transaction that sees one moment they fit
// together.
std::optional<ports::StoredWorkflow> ReadWorkflow(pqxx::transaction_base& transaction,
                                                  const core::WorkflowId& id);
std::vector<ports::StoredWorkflow> ReadActive(pqxx::transaction_base& transaction,
                                              const ports::SlotRange& slots,
                                              const core::WorkflowId& after, std::size_t count_max);
std::vector<ports::StoredWorkflow> ReadDue(pqxx::transaction_base& transaction,
                                           const ports::SlotRange& slots,
                                           const ports::WakePoint& after, core::TimeUs until,
                                           std::size_t count_max);
std::vector<ports::StartRequest> ReadStartRequests(pqxx::transaction_base& transaction,
                                                   const ports::SlotRange& slots,
                                                   std::size_t count_max);
// Row of kSelectHistoryOf or kSelectHistoryPage, without its payloads.
ports::HistoryRow ToHistoryRow(const pqxx::row& row);

// The id in a column of type uuid.
core::WorkflowId ToId(const pqxx::field& field);

}  // namespace skald::postgres
