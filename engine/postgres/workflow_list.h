// Lists of workflows: filter, order and pages by key, so that pages stay as they are while
// workflows come and go.
//
// Stateless. ListWorkflows throws what libpqxx throws: to be called inside a Session's body only.
#pragma once

#include "absl/status/statusor.h"
#include "engine/ports/catalog.h"
#include "pqxx/pqxx"

namespace skald::postgres {

inline constexpr std::size_t kPageSizeMax = 1'000;

// The size asked for, within its bounds.
std::size_t PageSize(const ports::Page& page);

// INVALID_ARGUMENT: malformed page token.
absl::StatusOr<ports::Paged<ports::WorkflowSummary>> ListWorkflows(
    pqxx::transaction_base& transaction, const ports::WorkflowFilter& filter,
    ports::WorkflowOrder order, const ports::Page& page);

}  // namespace skald::postgres
