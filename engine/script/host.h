// Script host: the child process that evaluates, one request after the other.
//
// Reads request frames from its channel and writes reply frames, the first of which says whether
// it is ready. It ends when the channel is closed, and after an evaluation that met a limit. Before
// it is ready it enters the sandbox; it evaluates nothing outside of it.
// Single-threaded; one per process, whose only purpose it is.
#pragma once

#include <cstddef>

namespace skald::script {

// The descriptor that a host inherits.
inline constexpr int kChannelFd = 3;

// Returns the process's exit code.
int RunScriptHost(int channel_fd, std::size_t memory_bytes);

}  // namespace skald::script
