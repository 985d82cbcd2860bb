#include "tests/e2e/processes.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "engine/app/child_process.h"
#include "tests/support/eventually.h"
#include "tests/support/paths.h"

namespace skald::testing {
namespace {

constexpr int kPortMin = 20'000;
constexpr int kPortMax = 32'000;  // Linux gives away ports from 32768 on
constexpr timeval kPageTimeout{.tv_sec = 10, .tv_usec = 0};

sockaddr_in Address(int port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

bool IsFree(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = Address(port);
  const bool is_free = bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  close(fd);
  return is_free;
}

std::vector<std::string> CommandOf(const std::string& program, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), (BinaryDir() / program).string());
  return arguments;
}

int ExitCodeOf(int state) { return WIFEXITED(state) ? WEXITSTATUS(state) : 128 + WTERMSIG(state); }

}  // namespace

void Die(const std::string& what) {
  std::fprintf(stderr, "%s\n", what.c_str());
  std::abort();
}

int FreePort() {
  // Test binaries that run at the same time begin at different places.
  static int next = kPortMin + (getpid() * 37) % (kPortMax - kPortMin);
  for (int tries = kPortMin; tries < kPortMax; ++tries) {
    next = next + 1 < kPortMax ? next + 1 : kPortMin;
    if (IsFree(next)) return next;
  }
  Die("no free port");
}

int Connect(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = Address(port);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) return fd;
  close(fd);
  return -1;
}

Page GetPage(int port, const std::string& path) {
  Page page;
  const int fd = Connect(port);
  if (fd < 0) return page;
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &kPageTimeout, sizeof(kPageTimeout));
  const std::string request =
      "GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  send(fd, request.data(), request.size(), MSG_NOSIGNAL);
  std::string answer;
  std::array<char, 4096> buffer = {};
  for (ssize_t count = 0; (count = recv(fd, buffer.data(), buffer.size(), 0)) > 0;) {
    answer.append(buffer.data(), static_cast<std::size_t>(count));
  }
  close(fd);
  const std::size_t space = answer.find(' ');
  if (space == std::string::npos) return page;
  std::from_chars(answer.data() + space + 1, answer.data() + answer.size(), page.code);
  const std::size_t body = answer.find("\r\n\r\n");
  if (body != std::string::npos) page.body = answer.substr(body + 4);
  return page;
}

Process::Process(const std::string& program, std::vector<std::string> arguments,
                 std::filesystem::path log)
    : command_(CommandOf(program, std::move(arguments))), log_(std::move(log)) {}

Process::~Process() { Kill(); }

void Process::Start() {
  if (pid_ != 0) Die(command_[0] + " runs already");
  const int log = open(log_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  const auto started =
      app::StartChild({.command = command_, .output_fd = log, .death_signal = SIGKILL});
  close(log);
  if (!started.ok()) Die(started.status().ToString());
  pid_ = *started;
}

void Process::Kill() {
  if (pid_ == 0) return;
  kill(pid_, SIGKILL);
  AwaitExit();
}

int Process::Terminate() {
  if (pid_ == 0) Die(command_[0] + " does not run");
  kill(pid_, SIGTERM);
  return AwaitExit();
}

int Process::AwaitExit() {
  if (!app::WaitForEnd(pid_, kPatience)) Die(command_[0] + " does not end:\n" + Log());
  int state = 0;
  while (waitpid(pid_, &state, 0) < 0 && errno == EINTR) {
  }
  pid_ = 0;
  return ExitCodeOf(state);
}

std::string Process::Log() const { return ReadFileOrDie(log_); }

Said RunProgram(const std::string& program, std::vector<std::string> arguments) {
  const auto result =
      app::RunCommand({.command = CommandOf(program, std::move(arguments))}, kPatience);
  if (!result.ok()) Die(program + ": " + result.status().ToString());
  return {.exit_code = result->exit_code, .output = result->output};
}

}  // namespace skald::testing
