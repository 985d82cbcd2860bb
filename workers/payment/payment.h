// The payment service: charge_card {orderId, cents, card}, its undo refund_card, its probe
// find_charge.
//
// A card that ends in 0002 is declined, as is an amount below 0: terminally, without effect.
// All handlers run under the saga barrier: their effects, and the rows of the ledger that count
// them, happen once or not at all. Immutable.
#pragma once

#include "workers/service/service.h"

namespace skald::payment {

service::Definition Service();

}  // namespace skald::payment
