// Clock and Random: the two sources of the unforeseeable, so that a simulation can replace them.
#pragma once

#include <cstdint>

#include "engine/core/types.h"

namespace skald::ports {

// Time on the database's clock: a monotonic clock plus an offset learned at lease renewal. Never
// goes backward: when it was ahead it stands still. What it is asked for a history's times and for
// what is due is one clock, so nothing is ever decided before its time; it differs from the
// database's by less than an exchange with it took. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual core::TimeUs Now() const = 0;
  // The database said `database_now` in answer to a question asked between the two local readings:
  // a bound of the difference, not its size. The clock moves only when it is proved wrong, and only
  // as far as it is.
  virtual void Learn(core::TimeUs asked_at, core::TimeUs answered_at,
                     core::TimeUs database_now) = 0;
};

// Random bits for ids and reconnect jitter; never for a decision. Thread-safe.
class Random {
 public:
  virtual ~Random() = default;
  virtual std::uint64_t Next() = 0;
};

}  // namespace skald::ports
