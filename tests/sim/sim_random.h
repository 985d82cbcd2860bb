// SimRandom and SimClock: the unforeseeable and the time of a simulation, both from its seed.
//
// Single-threaded, deterministic.
#pragma once

#include <cstdint>

#include "engine/core/types.h"
#include "engine/ports/clock.h"

namespace skald::sim {

inline constexpr core::DurationUs kMs = core::kMillisecondUs;

class SimRandom final : public ports::Random {
 public:
  // Mixed, so that neighbouring seeds have nothing in common.
  explicit SimRandom(std::uint64_t seed) : state_(Mix(Mix(seed) ^ 0x5deece66d1234567ULL)) {}

  std::uint64_t Next() override {
    state_ += 0x9e3779b97f4a7c15ULL;
    return Mix(state_);
  }
  // 0 … bound - 1.
  std::uint64_t Below(std::uint64_t bound) { return Next() % bound; }
  std::int64_t Between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(Below(static_cast<std::uint64_t>(high - low + 1)));
  }
  bool Chance(unsigned per_mille) { return Below(1'000) < per_mille; }

 private:
  static constexpr std::uint64_t Mix(std::uint64_t value) {
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ULL;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebULL;
    return value ^ (value >> 31);
  }
  std::uint64_t state_;
};

class SimClock final : public ports::Clock {
 public:
  core::TimeUs Now() const override { return now_; }
  void Learn(core::TimeUs, core::TimeUs, core::TimeUs) override {}
  void Set(core::TimeUs now) { now_ = now > now_ ? now : now_; }

 private:
  core::TimeUs now_ = 1'700'000'000 * core::kSecondUs;
};

}  // namespace skald::sim
