// Sandbox: takes everything from this process but computing and one channel.
//
// No new privileges, no core dumps, limits on memory, and a seccomp filter with a list of the
// system calls that may be made: reading and writing the channel, memory that is not executable,
// locks, clocks, ending. Every other call fails with EPERM, so a library that asks in vain goes on.
// Needs no privilege. Holds for all threads of the process, and for ever. x86-64 and aarch64.
#pragma once

#include <cstddef>

#include "absl/status/status.h"

namespace skald::script {

struct SandboxSettings {
  int channel_fd = -1;           // the only descriptor that may be read and written
  std::size_t memory_bytes = 0;  // beyond what the process has taken so far
};

// False under AddressSanitizer, whose own memory is larger than any limit.
bool SandboxLimitsMemory();

// Enters it. INTERNAL: the system refuses; the process must not run strangers' scripts.
absl::Status EnterSandbox(const SandboxSettings& settings);

}  // namespace skald::script
