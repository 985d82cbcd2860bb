// Child processes: started as a chosen user, waited for with a bound.
//
// Start children from a thread that lives as long as the process: the death signal follows the
// thread, not the process. Between fork and exec only system calls are made, so other threads may
// run. Single-threaded otherwise.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace skald::app {

// An account that a child can run as.
struct ProcessUser {
  std::string name;
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;
};

// NOT_FOUND: no such account.
absl::StatusOr<ProcessUser> FindUser(const std::string& name);
absl::StatusOr<ProcessUser> FindUser(uid_t uid);

struct ChildSettings {
  // The program, by its full path, and its arguments. The environment is not passed on, but for
  // PATH; messages are in English (LC_ALL=C).
  std::vector<std::string> command;
  std::filesystem::path folder = "/";
  // Unset: the user of this process.
  std::optional<ProcessUser> user;
  // Where standard output and error go; -1: nowhere.
  int output_fd = -1;
  // The signal that the child gets when the starting thread ends; 0: none.
  int death_signal = 0;
};

// Starts a child in its own session (a Ctrl-C at our terminal does not reach it) and returns its
// process id; the caller must wait for it. NOT_FOUND: no such program; PERMISSION_DENIED: the user
// may not run it or not enter the folder; INTERNAL: any other refusal of the system.
absl::StatusOr<pid_t> StartChild(const ChildSettings& settings);

struct CommandResult {
  // As a shell shows it: 128 + the signal's number for a child that a signal ended.
  int exit_code = 0;
  // Standard output and error, cut to the last kCommandOutputBytesMax.
  std::string output;
};

inline constexpr size_t kCommandOutputBytesMax = 64 * 1024;

// Runs a child to its end and returns what it said. DEADLINE_EXCEEDED: it took longer than
// `timeout` and was killed. Otherwise as StartChild. `settings.output_fd` is not used.
absl::StatusOr<CommandResult> RunCommand(ChildSettings settings, std::chrono::milliseconds timeout);

// Waits until the process, ours or not, has ended or `timeout` has passed; returns true if it has
// ended. Does not reap a child.
bool WaitForEnd(pid_t pid, std::chrono::milliseconds timeout);

}  // namespace skald::app
