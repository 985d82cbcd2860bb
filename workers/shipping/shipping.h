// The shipping service: ship_order {orderId, sku, country} and its undo cancel_shipment.
//
// The country "ATLANTIS" is refused, terminally and without effect.
// All handlers run under the saga barrier: their effects, and the rows of the ledger that count
// them, happen once or not at all. Immutable.
#pragma once

#include "workers/service/service.h"

namespace skald::shipping {

service::Definition Service();

}  // namespace skald::shipping
