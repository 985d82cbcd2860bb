#include "engine/script/sandbox.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <string_view>
#include <vector>

#include "engine/base/status.h"
#include "fmt/format.h"

// GCC names the sanitizer by a macro, clang by a feature.
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SKALD_UNDER_ADDRESS_SANITIZER
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define SKALD_UNDER_ADDRESS_SANITIZER
#endif

namespace skald::script {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
#error "the script host's system call filter is written for x86-64 and aarch64"
#endif

// Calls that may be made with any arguments.
constexpr std::array kFree = {
    __NR_munmap,
    __NR_mremap,
    __NR_madvise,
    __NR_brk,
    __NR_futex,
    __NR_clock_gettime,
    __NR_clock_nanosleep,
    __NR_gettimeofday,
    __NR_exit,
    __NR_exit_group,
    __NR_rt_sigreturn,
    __NR_rt_sigprocmask,
    __NR_restart_syscall,
    __NR_sched_yield,
    __NR_getrandom,
    __NR_getpid,
    __NR_gettid,
    __NR_setitimer,
    __NR_sched_getaffinity,
    __NR_sigaltstack,
};

absl::Status Refusal(std::string_view what) {
  return absl::InternalError(fmt::format("sandbox: {}: {}", what, std::strerror(errno)));
}

// The filter is a program for the kernel: a list of tests, each of which ends it or falls through
// to the next.
class FilterProgram {
 public:
  void Load(std::size_t offset) {
    code_.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset)));
  }
  void Return(std::uint32_t action) { code_.push_back(BPF_STMT(BPF_RET | BPF_K, action)); }
  void SkipUnlessEqual(std::uint32_t value, std::uint8_t count) {
    code_.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, count));
  }
  void SkipIfEqual(std::uint32_t value, std::uint8_t count) {
    code_.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, count, 0));
  }
  void SkipIfAnyBit(std::uint32_t bits, std::uint8_t count) {
    code_.push_back(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, count, 0));
  }
  std::vector<sock_filter>& code() { return code_; }

 private:
  std::vector<sock_filter> code_;
};

constexpr std::size_t OffsetOfArgument(std::size_t index) {
  return offsetof(seccomp_data, args) + index * sizeof(std::uint64_t);  // its lower half
}

void AllowOnlyWithFirst(FilterProgram& program, int call, std::uint32_t argument) {
  program.SkipUnlessEqual(static_cast<std::uint32_t>(call), 4);
  program.Load(OffsetOfArgument(0));
  program.SkipUnlessEqual(argument, 1);
  program.Return(SECCOMP_RET_ALLOW);
  program.Return(SECCOMP_RET_ERRNO | EPERM);
}

// Memory that a script could write is never run: there is no just-in-time compiler.
void AllowUnlessExecutable(FilterProgram& program, int call) {
  program.SkipUnlessEqual(static_cast<std::uint32_t>(call), 4);
  program.Load(OffsetOfArgument(2));
  program.SkipIfAnyBit(PROT_EXEC, 1);
  program.Return(SECCOMP_RET_ALLOW);
  program.Return(SECCOMP_RET_ERRNO | EPERM);
}

FilterProgram MakeFilter(int channel_fd) {
  FilterProgram program;
  program.Load(offsetof(seccomp_data, arch));
  program.SkipIfEqual(kArchitecture, 1);
  program.Return(SECCOMP_RET_KILL_PROCESS);
  program.Load(offsetof(seccomp_data, nr));
  for (const int call : kFree) {
    program.SkipUnlessEqual(static_cast<std::uint32_t>(call), 1);
    program.Return(SECCOMP_RET_ALLOW);
  }
  AllowUnlessExecutable(program, __NR_mmap);
  AllowUnlessExecutable(program, __NR_mprotect);
  AllowOnlyWithFirst(program, __NR_read, static_cast<std::uint32_t>(channel_fd));
  AllowOnlyWithFirst(program, __NR_write, static_cast<std::uint32_t>(channel_fd));
  // A process may end itself by a signal, so that abort() is seen as what it is.
  AllowOnlyWithFirst(program, __NR_tgkill, static_cast<std::uint32_t>(getpid()));
  program.Return(SECCOMP_RET_ERRNO | EPERM);
  return program;
}

// Pages of the whole address space and of private writable memory.
struct MemoryTaken {
  std::size_t address_bytes = 0;
  std::size_t data_bytes = 0;
};

absl::StatusOr<MemoryTaken> ReadMemoryTaken() {
  const int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return Refusal("cannot open /proc/self/statm");
  std::array<char, 256> buffer = {};
  const ssize_t count = read(fd, buffer.data(), buffer.size());
  close(fd);
  if (count <= 0) return Refusal("cannot read /proc/self/statm");
  std::array<std::size_t, 7> pages = {};
  const char* at = buffer.data();
  const char* end = at + count;
  for (std::size_t& field : pages) {
    const auto [next, error] = std::from_chars(at, end, field);
    if (error != std::errc()) return absl::InternalError("sandbox: /proc/self/statm is malformed");
    at = next < end ? next + 1 : end;
  }
  const auto page_bytes = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  return MemoryTaken{.address_bytes = pages[0] * page_bytes, .data_bytes = pages[5] * page_bytes};
}

absl::Status Limit(int resource, rlim_t value, std::string_view name) {
  const rlimit limit = {.rlim_cur = value, .rlim_max = value};
  if (setrlimit(static_cast<__rlimit_resource>(resource), &limit) != 0) {
    return Refusal(fmt::format("cannot set {} to {}", name, value));
  }
  return absl::OkStatus();
}

absl::Status SetLimits(std::size_t memory_bytes) {
  if (SandboxLimitsMemory()) {
    ASSIGN_OR_RETURN(const MemoryTaken taken, ReadMemoryTaken());
    // Some systems count only one of the two.
    RETURN_IF_ERROR(Limit(RLIMIT_DATA, taken.data_bytes + memory_bytes, "RLIMIT_DATA"));
    RETURN_IF_ERROR(Limit(RLIMIT_AS, taken.address_bytes + memory_bytes, "RLIMIT_AS"));
  }
  RETURN_IF_ERROR(Limit(RLIMIT_CORE, 0, "RLIMIT_CORE"));
  RETURN_IF_ERROR(Limit(RLIMIT_FSIZE, 0, "RLIMIT_FSIZE"));
  return Limit(RLIMIT_NOFILE, 0, "RLIMIT_NOFILE");
}

}  // namespace

bool SandboxLimitsMemory() {
#ifdef SKALD_UNDER_ADDRESS_SANITIZER
  return false;
#else
  return true;
#endif
}

absl::Status EnterSandbox(const SandboxSettings& settings) {
  RETURN_IF_ERROR(SetLimits(settings.memory_bytes));
  if (prctl(PR_SET_DUMPABLE, 0) != 0) return Refusal("cannot forbid dumps");
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return Refusal("cannot forbid new privileges");
  FilterProgram program = MakeFilter(settings.channel_fd);
  sock_fprog filter = {.len = static_cast<unsigned short>(program.code().size()),
                       .filter = program.code().data()};
  // A thread that cannot be brought under the filter is named by a positive number.
  const long refused =
      syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &filter);
  if (refused != 0) return Refusal("cannot install the system call filter");
  return absl::OkStatus();
}

}  // namespace skald::script
