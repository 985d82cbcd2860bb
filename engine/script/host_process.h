// HostProcess: one script host as the engine holds it: its process and our end of its channel.
//
// The child inherits nothing but the channel and an environment of two constant variables. Killed
// and reaped by the destructor. Single-threaded: use it on the thread that started it, and keep
// that thread: the child is killed when it ends.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace skald::script {

class HostProcess {
 public:
  // `command`: program and arguments. INTERNAL: the system refuses.
  static absl::StatusOr<HostProcess> Start(const std::vector<std::string>& command);

  HostProcess(HostProcess&& other) noexcept;
  HostProcess& operator=(HostProcess&& other) noexcept;
  ~HostProcess();

  int channel_fd() const { return channel_fd_; }
  pid_t pid() const { return pid_; }

  // Sends what the channel takes now and returns how much that was. UNAVAILABLE: the host is gone.
  absl::StatusOr<std::size_t> Send(std::string_view bytes);
  // Appends what has come. False: nothing more will come.
  bool Receive(std::string& out);

  // How it ended, killed if it had not: the number of the signal, 0 for none.
  struct End {
    int signal = 0;
    int exit_code = 0;
  };
  End KillAndReap();

 private:
  HostProcess(pid_t pid, int channel_fd) : pid_(pid), channel_fd_(channel_fd) {}

  pid_t pid_ = -1;
  int channel_fd_ = -1;
};

}  // namespace skald::script
