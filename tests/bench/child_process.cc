#include "tests/bench/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace skald::bench {
namespace {

constexpr int kGraceMs = 30'000;
constexpr size_t kLineBytesMax = 4096;
constexpr int kExecFailed = 127;

struct Pipe {
  int read_end = -1;
  int write_end = -1;
};

absl::StatusOr<Pipe> MakePipe() {
  std::array<int, 2> ends;
  if (pipe2(ends.data(), O_CLOEXEC) != 0) {
    return absl::InternalError(absl::StrCat("pipe: ", strerror(errno)));
  }
  return Pipe{ends[0], ends[1]};
}

void ExitOn(bool failed, const char* what) {
  if (failed) {
    perror(what);
    _exit(kExecFailed);
  }
}

// In the child, between fork and exec.
[[noreturn]] void Become(const ChildProcess::Options& options, Pipe in, Pipe out) {
  if (!options.log_path.empty()) {
    const int log = open(options.log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    ExitOn(log < 0, options.log_path.c_str());
    dup2(log, STDERR_FILENO);
  }
  dup2(in.read_end, STDIN_FILENO);
  dup2(options.log_output ? STDERR_FILENO : out.write_end, STDOUT_FILENO);
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  std::vector<char*> arguments;
  for (const std::string& argument : options.command) {
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  execv(arguments[0], arguments.data());
  ExitOn(true, arguments[0]);
  _exit(kExecFailed);
}

}  // namespace

ChildProcess::ChildProcess(pid_t pid, FILE* in, FILE* out) : pid_(pid), in_(in), out_(out) {}

ChildProcess::~ChildProcess() { Stop(); }

absl::StatusOr<std::unique_ptr<ChildProcess>> ChildProcess::Start(const Options& options) {
  absl::StatusOr<Pipe> in = MakePipe();
  absl::StatusOr<Pipe> out = MakePipe();
  if (!in.ok() || !out.ok()) {
    return absl::InternalError("no pipes for a child process");
  }
  signal(SIGPIPE, SIG_IGN);
  const pid_t pid = fork();
  if (pid == 0) {
    Become(options, *in, *out);
  }
  close(in->read_end);
  close(out->write_end);
  if (pid < 0) {
    return absl::InternalError(absl::StrCat("fork: ", strerror(errno)));
  }
  return std::unique_ptr<ChildProcess>(
      new ChildProcess(pid, fdopen(in->write_end, "w"), fdopen(out->read_end, "r")));
}

absl::StatusOr<Report> ChildProcess::ReadReport() {
  std::array<char, kLineBytesMax> line;
  if (out_ == nullptr || fgets(line.data(), line.size(), out_) == nullptr) {
    return absl::UnavailableError(absl::StrCat("process ", pid_, " ended before it answered"));
  }
  line[strcspn(line.data(), "\n")] = '\0';
  return ParseReport(line.data());
}

absl::Status ChildProcess::Tell(std::string_view command) {
  if (in_ == nullptr ||
      fprintf(in_, "%.*s\n", static_cast<int>(command.size()), command.data()) < 0 ||
      fflush(in_) != 0) {
    return absl::UnavailableError(absl::StrCat("process ", pid_, " does not listen"));
  }
  return absl::OkStatus();
}

absl::StatusOr<Report> ChildProcess::Ask(std::string_view command) {
  if (const absl::Status told = Tell(command); !told.ok()) {
    return told;
  }
  return ReadReport();
}

bool ChildProcess::Reap(bool wait) {
  if (!reaped_) {
    reaped_ = waitpid(pid_, &exit_status_, wait ? 0 : WNOHANG) == pid_;
  }
  return reaped_;
}

absl::Status ChildProcess::Wait() {
  Reap(true);
  return exit_status_ == 0 ? absl::OkStatus()
                           : absl::InternalError(absl::StrCat("process ", pid_, " failed"));
}

bool ChildProcess::Running() { return !Reap(false); }

void ChildProcess::CloseStreams() {
  if (in_ != nullptr) {
    fclose(in_);
    in_ = nullptr;
  }
  if (out_ != nullptr) {
    fclose(out_);
    out_ = nullptr;
  }
}

void ChildProcess::Stop() {
  CloseStreams();
  if (Reap(false)) {
    return;
  }
  kill(pid_, SIGTERM);
  const int handle = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
  pollfd ended = {.fd = handle, .events = POLLIN, .revents = 0};
  if (handle < 0 || poll(&ended, 1, kGraceMs) != 1) {
    kill(pid_, SIGKILL);
  }
  close(handle);
  Reap(true);
}

}  // namespace skald::bench
