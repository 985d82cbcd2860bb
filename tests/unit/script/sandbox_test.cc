// What a process may still do in the sandbox: each attempt is made in a child, which says by its
// exit code how it went.

#include "engine/script/sandbox.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <functional>

#include "gtest/gtest.h"

namespace skald::script {
namespace {

constexpr std::size_t kMemory = std::size_t{64} << 20;
constexpr int kRefused = 10;
constexpr int kAllowed = 11;
constexpr int kNoSandbox = 12;
constexpr uid_t kNobody = 65534;

// `attempt` returns what the system call returned. The answer is the child's exit code, or 128 +
// the signal that ended it.
int InSandbox(const std::function<long(int channel_fd)>& attempt, uid_t user = 0) {
  std::array<int, 2> channel = {-1, -1};
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, channel.data()), 0);
  const pid_t pid = fork();
  if (pid == 0) {
    if (user != 0 && geteuid() == 0 && setresuid(user, user, user) != 0) _exit(kNoSandbox);
    if (!EnterSandbox({.channel_fd = channel[0], .memory_bytes = kMemory}).ok()) _exit(kNoSandbox);
    errno = 0;
    _exit(attempt(channel[0]) < 0 && errno == EPERM ? kRefused : kAllowed);
  }
  int state = 0;
  EXPECT_EQ(waitpid(pid, &state, 0), pid);
  close(channel[0]);
  close(channel[1]);
  return WIFEXITED(state) ? WEXITSTATUS(state) : 128 + WTERMSIG(state);
}

TEST(SandboxTest, FilesAreOutOfReach) {
  EXPECT_EQ(InSandbox([](int) { return open("/etc/passwd", O_RDONLY); }), kRefused);
  EXPECT_EQ(InSandbox([](int) { return open("/tmp/x", O_CREAT | O_WRONLY, 0600); }), kRefused);
  EXPECT_EQ(InSandbox([](int) { return unlink("/tmp/x"); }), kRefused);
  EXPECT_EQ(InSandbox([](int) { return syscall(SYS_stat, "/", nullptr); }), kRefused);
  EXPECT_EQ(InSandbox([](int) { return syscall(SYS_memfd_create, "x", 0); }), kRefused);
}

TEST(SandboxTest, OtherDescriptorsAreOutOfReach) {
  EXPECT_EQ(InSandbox([](int) { return write(STDERR_FILENO, "x", 1); }), kRefused);
  EXPECT_EQ(InSandbox([](int) { return read(STDIN_FILENO, nullptr, 0); }), kRefused);
  EXPECT_EQ(InSandbox([](int fd) { return dup(fd); }), kRefused);
}

TEST(SandboxTest, NetworkIsOutOfReach) {
  EXPECT_EQ(InSandbox([](int) { return socket(AF_INET, SOCK_STREAM, 0); }), kRefused);
  EXPECT_EQ(InSandbox([](int) { return socket(AF_UNIX, SOCK_STREAM, 0); }), kRefused);
  EXPECT_EQ(InSandbox([](int fd) { return connect(fd, nullptr, 0); }), kRefused);
}

TEST(SandboxTest, OtherProcessesAreOutOfReach) {
  EXPECT_EQ(InSandbox([](int) { return syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0); }), kRefused);
  EXPECT_EQ(InSandbox([](int) { return execl("/bin/true", "true", nullptr); }), kRefused);
  EXPECT_EQ(InSandbox([](int) { return kill(getppid(), 0); }), kRefused);
  EXPECT_EQ(InSandbox([](int) { return syscall(SYS_tgkill, 1, 1, 0); }), kRefused);
  EXPECT_EQ(InSandbox([](int) { return ptrace(PTRACE_TRACEME, 0, nullptr, nullptr); }), kRefused);
}

TEST(SandboxTest, MemoryIsNeverExecutable) {
  EXPECT_EQ(InSandbox([](int) -> long {
              void* const got = mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
              return got == MAP_FAILED ? -1 : 0;
            }),
            kRefused);
  EXPECT_EQ(InSandbox([](int) -> long {
              void* const got =
                  mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
              return mprotect(got, 4096, PROT_READ | PROT_EXEC);
            }),
            kRefused);
}

TEST(SandboxTest, TheFilterCannotBeTakenOff) {
  EXPECT_EQ(InSandbox([](int) { return prctl(PR_SET_SECCOMP, 0); }), kRefused);
  EXPECT_EQ(InSandbox([](int) { return setuid(0); }), kRefused);
}

TEST(SandboxTest, ChannelAndMemoryAreThere) {
  EXPECT_EQ(InSandbox([](int fd) { return write(fd, "x", 1); }), kAllowed);
  EXPECT_EQ(InSandbox([](int) -> long {
              void* const got = mmap(nullptr, kMemory / 2, PROT_READ | PROT_WRITE,
                                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
              return got == MAP_FAILED ? -1 : 0;
            }),
            kAllowed);
}

TEST(SandboxTest, AbortIsSeenAsWhatItIs) {
  EXPECT_EQ(InSandbox([](int) -> long { std::abort(); }), 128 + SIGABRT);
}

TEST(SandboxTest, NeedsNoPrivilege) {
  EXPECT_EQ(InSandbox([](int) { return open("/etc/passwd", O_RDONLY); }, kNobody), kRefused);
}

TEST(SandboxTest, MemoryIsBounded) {
  if (!SandboxLimitsMemory()) GTEST_SKIP() << "not under AddressSanitizer";
  EXPECT_EQ(InSandbox([](int) -> long {
              void* const got = mmap(nullptr, 2 * kMemory, PROT_READ | PROT_WRITE,
                                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
              if (got != MAP_FAILED) return 0;
              errno = EPERM;  // ENOMEM: refused all the same
              return -1;
            }),
            kRefused);
}

}  // namespace
}  // namespace skald::script
