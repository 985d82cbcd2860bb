#include "engine/script/host_process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "engine/script/host.h"
#include "fmt/format.h"

namespace skald::script {
namespace {

constexpr std::size_t kReadBytes = 64 * 1024;

absl::Status Refusal(std::string_view what, int error) {
  return absl::InternalError(fmt::format("{}: {}", what, std::strerror(error)));
}

// posix_spawn's two settings objects; released together.
struct SpawnSettings {
  SpawnSettings() {
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
  }
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
};

// 0, or the number of the error. Spawned and not forked: the engine may be large.
int Spawn(const std::vector<std::string>& command, int child_fd, pid_t& pid) {
  SpawnSettings settings;
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    posix_spawn_file_actions_addopen(&settings.actions, fd, "/dev/null", O_RDWR, 0);
  }
  posix_spawn_file_actions_adddup2(&settings.actions, child_fd, kChannelFd);
  posix_spawn_file_actions_addclosefrom_np(&settings.actions, kChannelFd + 1);
  sigset_t none;
  sigemptyset(&none);
  sigset_t all;
  sigfillset(&all);
  posix_spawnattr_setsigmask(&settings.attributes, &none);
  posix_spawnattr_setsigdefault(&settings.attributes, &all);
  // A session of its own: a Ctrl-C at our terminal does not reach it.
  posix_spawnattr_setflags(&settings.attributes,
                           POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
  std::vector<std::string> words = command;
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  std::string locale = "LC_ALL=C";
  std::string zone = "TZ=UTC";
  std::array<char*, 3> environment = {locale.data(), zone.data(), nullptr};
  return posix_spawn(&pid, arguments[0], &settings.actions, &settings.attributes, arguments.data(),
                     environment.data());
}

}  // namespace

absl::StatusOr<HostProcess> HostProcess::Start(const std::vector<std::string>& command) {
  std::array<int, 2> ends = {-1, -1};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return Refusal("cannot make a channel", errno);
  }
  const int flags = fcntl(ends[0], F_GETFL);
  pid_t pid = -1;
  const int error =
      fcntl(ends[0], F_SETFL, flags | O_NONBLOCK) != 0 ? errno : Spawn(command, ends[1], pid);
  close(ends[1]);
  if (error != 0) {
    close(ends[0]);
    return Refusal(fmt::format("cannot start {}", command[0]), error);
  }
  return HostProcess(pid, ends[0]);
}

HostProcess::HostProcess(HostProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), channel_fd_(std::exchange(other.channel_fd_, -1)) {}

HostProcess& HostProcess::operator=(HostProcess&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(channel_fd_, other.channel_fd_);
  return *this;
}

HostProcess::~HostProcess() { KillAndReap(); }

absl::StatusOr<std::size_t> HostProcess::Send(std::string_view bytes) {
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    const ssize_t count = send(channel_fd_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
    if (count < 0) return absl::UnavailableError("the script host is gone");
    sent += static_cast<std::size_t>(count);
  }
  return sent;
}

bool HostProcess::Receive(std::string& out) {
  std::array<char, kReadBytes> buffer;
  for (;;) {
    const ssize_t count = recv(channel_fd_, buffer.data(), buffer.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno == EAGAIN || errno == EWOULDBLOCK;
    if (count == 0) return false;
    out.append(buffer.data(), static_cast<std::size_t>(count));
    // Less than asked for: that was all, and the next poll says whether more has come.
    if (static_cast<std::size_t>(count) < buffer.size()) return true;
  }
}

HostProcess::End HostProcess::KillAndReap() {
  End end;
  if (channel_fd_ >= 0) close(std::exchange(channel_fd_, -1));
  if (pid_ < 0) return end;
  // One that is dying already keeps its own signal.
  kill(pid_, SIGKILL);
  int state = 0;
  while (waitpid(pid_, &state, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  if (WIFSIGNALED(state)) end.signal = WTERMSIG(state);
  if (WIFEXITED(state)) end.exit_code = WEXITSTATUS(state);
  return end;
}

}  // namespace skald::script
