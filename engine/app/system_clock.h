// The clock and the random source of a real process.
#pragma once

#include <atomic>
#include <functional>
#include <random>

#include "engine/base/mutex.h"
#include "engine/ports/clock.h"

namespace skald::app {

// The database's time: the monotonic clock plus an offset. Until the first Learn the offset is that
// of this machine's own clock, which it keeps while the database does not contradict: on one
// machine the two agree to a microsecond, however slow an exchange was. Thread-safe.
class DatabaseClock final : public ports::Clock {
 public:
  // A clock's time now. Thread-safe.
  using Reading = std::function<core::TimeUs()>;

  DatabaseClock();
  DatabaseClock(const Reading& wall, Reading monotonic);
  core::TimeUs Now() const override;
  void Learn(core::TimeUs asked_at, core::TimeUs answered_at, core::TimeUs database_now) override;

 private:
  const Reading monotonic_;
  std::atomic<core::TimeUs> offset_us_;
  // The largest time told, so that a smaller offset never makes time go backward.
  mutable std::atomic<core::TimeUs> newest_us_{0};
  base::Mutex learn_mutex_;
  // Time stood still there, or still does: it says nothing of when a question was asked.
  core::TimeUs stood_at_us_ ABSL_GUARDED_BY(learn_mutex_) = 0;
};

// Seeded from the operating system. Thread-safe.
class SystemRandom final : public ports::Random {
 public:
  SystemRandom();
  std::uint64_t Next() override;

 private:
  base::Mutex mutex_;
  std::mt19937_64 generator_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace skald::app
