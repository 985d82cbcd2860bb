#include "tests/support/eventually.h"

#include <thread>

namespace skald::testing {
namespace {

constexpr std::chrono::milliseconds kPause{2};

}  // namespace

bool Eventually(const std::function<bool()>& condition, std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= deadline) return condition();
    std::this_thread::sleep_for(kPause);
  }
  return true;
}

}  // namespace skald::testing
