// The inventory service: reserve_stock {orderId, sku, quantity = 1} and its undo release_stock.
//
// An unknown sku, or more than there is of it, fails terminally: "sold-out" is known and has none.
// All handlers run under the saga barrier: their effects, and the rows of the ledger that count
// them, happen once or not at all. Immutable.
#pragma once

#include "workers/service/service.h"

namespace skald::inventory {

service::Definition Service();

}  // namespace skald::inventory
