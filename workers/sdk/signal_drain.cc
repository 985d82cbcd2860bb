#include "workers/sdk/signal_drain.h"

#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <utility>

#include "engine/base/check.h"

namespace skald::sdk {
namespace {

constexpr std::uint64_t kSignalled = 1;
constexpr std::uint64_t kEnd = std::uint64_t{1} << 32;

// A signal handler has no argument of its own to find this by.
std::atomic<int> event = -1;

void Tell(std::uint64_t what) {
  const int descriptor = event.load();
  // Fails only if the counter is full, and then it has been told.
  if (descriptor >= 0 && write(descriptor, &what, sizeof(what)) < 0) return;
}

void OnSignal(int) {
  const int saved_errno = errno;
  Tell(kSignalled);
  errno = saved_errno;
}

}  // namespace

SignalDrain::SignalDrain(std::function<void()> on_signal) {
  const int descriptor = eventfd(0, EFD_CLOEXEC);
  CHECK(descriptor >= 0);
  CHECK(event.exchange(descriptor) == -1);
  struct sigaction action = {};
  action.sa_handler = OnSignal;
  action.sa_flags = SA_RESTART | static_cast<int>(SA_RESETHAND);
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
  thread_ = std::thread([descriptor, on_signal = std::move(on_signal)] {
    while (true) {
      std::uint64_t told = 0;
      if (read(descriptor, &told, sizeof(told)) < 0 && errno == EINTR) continue;
      if (told % kEnd != 0) on_signal();
      if (told >= kEnd) return;
    }
  });
}

SignalDrain::~SignalDrain() {
  signal(SIGTERM, SIG_DFL);
  signal(SIGINT, SIG_DFL);
  Tell(kEnd);
  thread_.join();
  close(event.exchange(-1));
}

}  // namespace skald::sdk
