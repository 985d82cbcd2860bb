// Claiming idempotency keys, the claims of many callers in one transaction.
//
// Stateless. Throws what libpqxx throws: to be called inside a Session's body only.
#pragma once

#include <cstddef>
#include <vector>

#include "engine/ports/journal.h"
#include "pqxx/pqxx"

namespace skald::postgres {

inline constexpr std::size_t kClaimsPerTransactionMax = 1'000;

// One answer per claim, in order.
std::vector<ports::KeyHolder> ClaimKeys(pqxx::transaction_base& transaction,
                                        const std::vector<ports::KeyClaim>& claims);

}  // namespace skald::postgres
