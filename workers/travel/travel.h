// The travel service: hold_flight {orderId, flight} and release_flight, hold_hotel {orderId, hotel}
// and release_hotel, issue_tickets {orderId}, which is never undone.
//
// The flight or hotel "FULL" is refused, terminally and without effect.
// All handlers run under the saga barrier: their effects, and the rows of the ledger that count
// them, happen once or not at all. Immutable.
#pragma once

#include "workers/service/service.h"

namespace skald::travel {

service::Definition Service();

}  // namespace skald::travel
