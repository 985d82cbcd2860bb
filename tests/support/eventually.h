// Eventually: waits for what another thread or process is about to do.
//
//   ASSERT_TRUE(Eventually([&] { return worker.tasks_done() == 3; }));
//
// For conditions that cannot be waited for directly. The patience is long, for it is spent only by
// a test that fails: no test may depend on how fast something is. Thread-safe.
#pragma once

#include <chrono>
#include <functional>

namespace skald::testing {

inline constexpr std::chrono::milliseconds kPatience{30'000};

// Asks again and again until `condition` is true, or `patience` has passed; returns its last
// answer.
bool Eventually(const std::function<bool()>& condition,
                std::chrono::milliseconds patience = kPatience);

}  // namespace skald::testing
