// Wake: lets one thread end another's wait in poll(). Once raised it stays raised.
//
// Thread-safe.
#pragma once

namespace skald::postgres {

class Wake {
 public:
  Wake();
  ~Wake();
  Wake(const Wake&) = delete;
  Wake& operator=(const Wake&) = delete;

  void Raise();
  bool raised() const;
  int fd() const { return fd_; }

 private:
  int fd_ = -1;
};

// What a wait ended with.
enum class Waited { kReady, kWoken, kTimeout };

// Waits for `events` of poll() at `socket`, or for the wake, or `timeout_ms`; socket -1: none.
Waited WaitFor(int socket, short events, const Wake& wake, int timeout_ms);

}  // namespace skald::postgres
