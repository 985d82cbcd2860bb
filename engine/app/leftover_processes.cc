#include "engine/app/leftover_processes.h"

#include <signal.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>
#include <system_error>

#include "engine/app/child_process.h"
#include "engine/base/log.h"
#include "engine/base/status.h"
#include "fmt/format.h"

namespace skald::app {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

std::string ReadAll(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

pid_t PidIn(const std::string& text) {
  pid_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// Returns true if all of `processes` have ended before the time is over.
bool AwaitAll(const std::vector<pid_t>& processes, milliseconds timeout) {
  const steady_clock::time_point deadline = steady_clock::now() + timeout;
  return std::all_of(processes.begin(), processes.end(), [deadline](pid_t pid) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now());
    return WaitForEnd(pid, std::max(left, milliseconds(0)));
  });
}

// The server refuses to start while the process named in the file is alive, even when that number
// is by now another program's (after a restart of the machine or the container it often is).
absl::Status RemoveMisleadingPidFile(const fs::path& pid_file) {
  const pid_t named = PidIn(ReadAll(pid_file));
  if (named == 0 || kill(named, 0) != 0) return absl::OkStatus();
  base::LogWarn("postgres.pid_file_removed", {{"file", pid_file.native()}, {"pid", named}});
  std::error_code error;
  fs::remove(pid_file, error);
  if (!error) return absl::OkStatus();
  return absl::InternalError(
      fmt::format("cannot remove {}: {}", pid_file.string(), error.message()));
}

}  // namespace

std::vector<pid_t> ProcessesIn(const fs::path& folder) {
  std::vector<pid_t> result;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/proc", error)) {
    const pid_t pid = PidIn(entry.path().filename().string());
    if (pid == 0) continue;
    // Fails for processes that have ended and for those of other users: neither is ours.
    std::error_code unreadable;
    const fs::path current = fs::read_symlink(entry.path() / "cwd", unreadable);
    if (!unreadable && current == folder) result.push_back(pid);
  }
  return result;
}

absl::Status EndLeftoverServer(const LeftoverSearch& search) {
  const fs::path pid_file = search.cluster_dir / "postmaster.pid";
  std::vector<pid_t> left = ProcessesIn(search.cluster_dir);
  if (left.empty()) return RemoveMisleadingPidFile(pid_file);

  const pid_t server = PidIn(ReadAll(pid_file));
  const bool server_alive = std::find(left.begin(), left.end(), server) != left.end();
  if (server_alive) {
    const std::string command = ReadAll(fmt::format("/proc/{}/cmdline", server));
    if (command.find(search.mark) == std::string::npos) {
      return absl::FailedPreconditionError(
          fmt::format("PostgreSQL process {}, which skald did not start, runs in {}; stop it first",
                      server, search.cluster_dir.string()));
    }
    base::LogWarn("postgres.leftover_found", {{"pid", server}});
    kill(server, SIGINT);
    if (AwaitAll(left, search.fast_timeout)) return absl::OkStatus();
    left = ProcessesIn(search.cluster_dir);
  }
  // Processes without their server have nothing to finish: its end was a crash to them.
  for (const pid_t pid : left) kill(pid, SIGQUIT);
  if (AwaitAll(left, search.immediate_timeout)) return absl::OkStatus();
  left = ProcessesIn(search.cluster_dir);
  if (left.empty()) return absl::OkStatus();
  return absl::DeadlineExceededError(fmt::format("PostgreSQL process {} in {} does not end",
                                                 left.front(), search.cluster_dir.string()));
}

}  // namespace skald::app
