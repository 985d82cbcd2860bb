#include "engine/app/child_process.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "engine/base/status.h"
#include "fmt/format.h"

namespace skald::app {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr size_t kAccountBufferBytes = 16 * 1024;
constexpr int kGroupsMax = 256;

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor() { Close(); }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;

  int get() const { return fd_; }
  void Close() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

 private:
  int fd_;
};

ProcessUser UserOf(const passwd& account) {
  ProcessUser user = {.name = account.pw_name, .uid = account.pw_uid, .gid = account.pw_gid};
  std::array<gid_t, kGroupsMax> groups = {};
  int count = kGroupsMax;
  if (getgrouplist(account.pw_name, account.pw_gid, groups.data(), &count) >= 0) {
    user.groups.assign(groups.begin(), groups.begin() + count);
  }
  return user;
}

// What the child was doing when the system refused, told to the parent over a pipe.
enum class Step : int { kUser, kDeathSignal, kFolder, kOutput, kProgram };

struct Refusal {
  Step step;
  int error;
};

std::string_view StepName(Step step) {
  switch (step) {
    case Step::kUser:
      return "change the user";
    case Step::kDeathSignal:
      return "ask for the death signal";
    case Step::kFolder:
      return "enter the folder";
    case Step::kOutput:
      return "redirect the output";
    case Step::kProgram:
      return "run the program";
  }
  return "start";
}

// All that the child needs, made before the fork: afterwards nothing may allocate.
struct Preparation {
  std::vector<char*> arguments;
  std::vector<char*> environment;
  std::string path_variable;
  std::string locale_variable = "LC_ALL=C";
  pid_t parent = getpid();
  int refusal_fd = -1;
};

[[noreturn]] void Refuse(const Preparation& preparation, Step step) {
  const Refusal refusal = {step, errno};
  [[maybe_unused]] const ssize_t written = write(preparation.refusal_fd, &refusal, sizeof(refusal));
  _exit(127);
}

void ResetSignals() {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int number : {SIGINT, SIGTERM, SIGQUIT, SIGHUP, SIGPIPE, SIGCHLD, SIGUSR1, SIGUSR2}) {
    signal(number, SIG_DFL);
  }
}

bool BecomeUser(const ProcessUser& user) {
  return setgroups(user.groups.size(), user.groups.data()) == 0 && setgid(user.gid) == 0 &&
         setuid(user.uid) == 0;
}

bool RedirectOutput(int output_fd) {
  const int null_fd = open("/dev/null", O_RDWR);
  if (null_fd < 0) return false;
  const int target = output_fd < 0 ? null_fd : output_fd;
  return dup2(null_fd, STDIN_FILENO) >= 0 && dup2(target, STDOUT_FILENO) >= 0 &&
         dup2(target, STDERR_FILENO) >= 0;
}

[[noreturn]] void RunInChild(const ChildSettings& settings, const Preparation& preparation) {
  setsid();
  ResetSignals();
  if (!RedirectOutput(settings.output_fd)) Refuse(preparation, Step::kOutput);
  if (settings.user.has_value() && !BecomeUser(*settings.user)) Refuse(preparation, Step::kUser);
  if (settings.death_signal != 0) {
    // After the change of user, which clears it. The parent may have died before it was set.
    if (prctl(PR_SET_PDEATHSIG, settings.death_signal) != 0) {
      Refuse(preparation, Step::kDeathSignal);
    }
    if (getppid() != preparation.parent) _exit(127);
  }
  if (chdir(settings.folder.c_str()) != 0) Refuse(preparation, Step::kFolder);
  close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
  execve(preparation.arguments[0], preparation.arguments.data(), preparation.environment.data());
  Refuse(preparation, Step::kProgram);
}

absl::Status StatusOfRefusal(const ChildSettings& settings, const Refusal& refusal) {
  const std::string message = fmt::format(
      "cannot start {} in {} as {}: cannot {}: {}", settings.command[0], settings.folder.string(),
      settings.user.has_value() ? settings.user->name : "this user", StepName(refusal.step),
      std::strerror(refusal.error));
  if (refusal.error == EACCES || refusal.error == EPERM) {
    return absl::PermissionDeniedError(message);
  }
  if (refusal.error == ENOENT) return absl::NotFoundError(message);
  return absl::InternalError(message);
}

absl::Status SystemError(std::string_view what) {
  return absl::InternalError(fmt::format("{}: {}", what, std::strerror(errno)));
}

milliseconds Left(steady_clock::time_point deadline) {
  const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now());
  return std::max(left, milliseconds(0));
}

// Reads until the writers have closed; returns false if the deadline came first.
bool ReadToEnd(int fd, steady_clock::time_point deadline, std::string& output) {
  std::array<char, 4096> buffer = {};
  for (;;) {
    pollfd waited = {.fd = fd, .events = POLLIN, .revents = 0};
    const int ready = poll(&waited, 1, static_cast<int>(Left(deadline).count()));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return false;
    const ssize_t count = read(fd, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return true;
    output.append(buffer.data(), static_cast<size_t>(count));
    if (output.size() > 2 * kCommandOutputBytesMax) {
      output.erase(0, output.size() - kCommandOutputBytesMax);
    }
  }
}

int ReapExitCode(pid_t pid) {
  int state = 0;
  while (waitpid(pid, &state, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(state) ? WEXITSTATUS(state) : 128 + WTERMSIG(state);
}

}  // namespace

absl::StatusOr<ProcessUser> FindUser(const std::string& name) {
  std::vector<char> buffer(kAccountBufferBytes);
  passwd account = {};
  passwd* found = nullptr;
  getpwnam_r(name.c_str(), &account, buffer.data(), buffer.size(), &found);
  if (found == nullptr) return absl::NotFoundError(fmt::format("no user {}", name));
  return UserOf(account);
}

absl::StatusOr<ProcessUser> FindUser(uid_t uid) {
  std::vector<char> buffer(kAccountBufferBytes);
  passwd account = {};
  passwd* found = nullptr;
  getpwuid_r(uid, &account, buffer.data(), buffer.size(), &found);
  if (found == nullptr) return absl::NotFoundError(fmt::format("no user with id {}", uid));
  return UserOf(account);
}

absl::StatusOr<pid_t> StartChild(const ChildSettings& settings) {
  std::array<int, 2> pipe_fds = {-1, -1};
  if (pipe2(pipe_fds.data(), O_CLOEXEC) != 0) return SystemError("cannot make a pipe");
  FileDescriptor reader(pipe_fds[0]);
  FileDescriptor writer(pipe_fds[1]);

  Preparation preparation;
  preparation.refusal_fd = writer.get();
  std::vector<std::string> command = settings.command;
  for (std::string& argument : command) preparation.arguments.push_back(argument.data());
  preparation.arguments.push_back(nullptr);
  const char* path = std::getenv("PATH");
  preparation.path_variable = fmt::format("PATH={}", path == nullptr ? "/usr/bin:/bin" : path);
  preparation.environment = {preparation.path_variable.data(), preparation.locale_variable.data(),
                             nullptr};

  const pid_t pid = fork();
  if (pid < 0) return SystemError("cannot fork");
  if (pid == 0) RunInChild(settings, preparation);

  writer.Close();
  Refusal refusal = {};
  ssize_t count = 0;
  while ((count = read(reader.get(), &refusal, sizeof(refusal))) < 0 && errno == EINTR) {
  }
  if (count == 0) return pid;  // exec closed the pipe: the program runs
  ReapExitCode(pid);
  return StatusOfRefusal(settings, refusal);
}

absl::StatusOr<CommandResult> RunCommand(ChildSettings settings, milliseconds timeout) {
  std::array<int, 2> pipe_fds = {-1, -1};
  if (pipe2(pipe_fds.data(), O_CLOEXEC) != 0) return SystemError("cannot make a pipe");
  FileDescriptor reader(pipe_fds[0]);
  FileDescriptor writer(pipe_fds[1]);
  settings.output_fd = writer.get();
  ASSIGN_OR_RETURN(const pid_t pid, StartChild(settings));
  writer.Close();

  CommandResult result;
  const steady_clock::time_point deadline = steady_clock::now() + timeout;
  const bool closed = ReadToEnd(reader.get(), deadline, result.output);
  if (!closed || !WaitForEnd(pid, Left(deadline))) {
    kill(pid, SIGKILL);
    ReapExitCode(pid);
    return absl::DeadlineExceededError(
        fmt::format("{} took longer than {} ms", settings.command[0], timeout.count()));
  }
  result.exit_code = ReapExitCode(pid);
  if (result.output.size() > kCommandOutputBytesMax) {
    result.output.erase(0, result.output.size() - kCommandOutputBytesMax);
  }
  return result;
}

bool WaitForEnd(pid_t pid, milliseconds timeout) {
  // By number, for the C library's pidfd_open is declared without C linkage.
  const FileDescriptor process(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  if (process.get() < 0) return errno == ESRCH;
  const steady_clock::time_point deadline = steady_clock::now() + timeout;
  for (;;) {
    pollfd waited = {.fd = process.get(), .events = POLLIN, .revents = 0};
    const int ready = poll(&waited, 1, static_cast<int>(Left(deadline).count()));
    if (ready < 0 && errno == EINTR) continue;
    return ready > 0;
  }
}

}  // namespace skald::app
