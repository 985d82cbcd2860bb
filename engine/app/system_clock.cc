#include "engine/app/system_clock.h"

#include <algorithm>
#include <chrono>

namespace skald::app {
namespace {

template <typename ClockType>
core::TimeUs Read() {
  return std::chrono::duration_cast<std::chrono::microseconds>(ClockType::now().time_since_epoch())
      .count();
}

}  // namespace

DatabaseClock::DatabaseClock()
    : offset_us_(Read<std::chrono::system_clock>() - Read<std::chrono::steady_clock>()) {}

core::TimeUs DatabaseClock::Now() const {
  const core::TimeUs now = Read<std::chrono::steady_clock>() + offset_us_.load();
  core::TimeUs newest = newest_us_.load();
  while (newest < now && !newest_us_.compare_exchange_weak(newest, now)) {
  }
  return std::max(now, newest);
}

void DatabaseClock::Learn(core::TimeUs asked_at, core::TimeUs answered_at,
                          core::TimeUs database_now) {
  // Both readings came from this clock; the answer was made somewhere between them.
  const core::TimeUs middle = asked_at + (answered_at - asked_at) / 2;
  offset_us_ += database_now - middle;
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
