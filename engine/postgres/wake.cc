#include "engine/postgres/wake.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdint>

#include "engine/base/check.h"

namespace skald::postgres {

Wake::Wake() : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) { CHECK(fd_ >= 0); }

Wake::~Wake() { close(fd_); }

void Wake::Raise() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(fd_, &one, sizeof one);
}

bool Wake::raised() const {
  pollfd one{.fd = fd_, .events = POLLIN, .revents = 0};
  return poll(&one, 1, 0) == 1;
}

Waited WaitFor(int socket, short events, const Wake& wake, int timeout_ms) {
  using std::chrono::steady_clock;
  const auto deadline = steady_clock::now() + std::chrono::milliseconds(timeout_ms);
  pollfd both[2] = {{.fd = wake.fd(), .events = POLLIN, .revents = 0},
                    {.fd = socket, .events = events, .revents = 0}};
  while (true) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now()).count();
    const int ready = poll(both, 2, left > 0 ? static_cast<int>(left) : 0);
    if (ready < 0 && errno == EINTR) continue;
    if (both[0].revents != 0) return Waited::kWoken;
    if (both[1].revents != 0) return Waited::kReady;
    return Waited::kTimeout;
  }
}

}  // namespace skald::postgres
