#include "engine/app/system_clock.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

namespace skald::app {
namespace {

// The closest of so many pairs of readings is taken: between any two the thread may be kept
// waiting.
constexpr int kOffsetReadings = 16;

template <typename ClockType>
core::TimeUs Read() {
  return std::chrono::duration_cast<std::chrono::microseconds>(ClockType::now().time_since_epoch())
      .count();
}

// Never more than the real offset: a clock that is ahead would have things happen early.
core::TimeUs OffsetOf(const DatabaseClock::Reading& wall, const DatabaseClock::Reading& monotonic) {
  core::TimeUs offset_us = std::numeric_limits<core::TimeUs>::min();
  for (int i = 0; i < kOffsetReadings; ++i) {
    const core::TimeUs wall_us = wall();
    offset_us = std::max(offset_us, wall_us - monotonic());
  }
  return offset_us;
}

}  // namespace

DatabaseClock::DatabaseClock()
    : DatabaseClock(Read<std::chrono::system_clock>, Read<std::chrono::steady_clock>) {}

DatabaseClock::DatabaseClock(const Reading& wall, Reading monotonic)
    : monotonic_(std::move(monotonic)), offset_us_(OffsetOf(wall, monotonic_)) {}

core::TimeUs DatabaseClock::Now() const {
  const core::TimeUs now = monotonic_() + offset_us_.load();
  core::TimeUs newest = newest_us_.load();
  while (newest < now && !newest_us_.compare_exchange_weak(newest, now)) {
  }
  return std::max(now, newest);
}

void DatabaseClock::Learn(core::TimeUs asked_at, core::TimeUs answered_at,
                          core::TimeUs database_now) {
  base::MutexLock lock(learn_mutex_);
  if (asked_at <= stood_at_us_) return;
  // The database looked at its clock somewhere between the two readings.
  const core::DurationUs behind_min_us = database_now - answered_at;
  const core::DurationUs behind_max_us = database_now - asked_at;
  if (behind_min_us > 0) {
    offset_us_ += behind_min_us;
  } else if (behind_max_us < 0) {
    offset_us_ += behind_max_us;
    stood_at_us_ = newest_us_.load();
  }
}

SystemRandom::SystemRandom() {
  std::random_device device;
  std::seed_seq seed{device(), device(), device(), device()};
  generator_.seed(seed);
}

std::uint64_t SystemRandom::Next() {
  base::MutexLock lock(mutex_);
  return generator_();
}

}  // namespace skald::app
