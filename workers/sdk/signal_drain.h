// SignalDrain: while it lives, SIGTERM and SIGINT call a function, on a thread of its own; the
// second signal ends the process as it would have without it.
//
// At most one at a time in a process.
#pragma once

#include <functional>
#include <thread>

namespace skald::sdk {

class SignalDrain {
 public:
  explicit SignalDrain(std::function<void()> on_signal);
  ~SignalDrain();
  SignalDrain(const SignalDrain&) = delete;
  SignalDrain& operator=(const SignalDrain&) = delete;

 private:
  std::thread thread_;
};

}  // namespace skald::sdk
