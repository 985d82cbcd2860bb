// Ends what an earlier run left behind in a PostgreSQL cluster's folder.
//
// After a kill -9 of its owner a server may still be shutting down; after a kill -9 of the server
// its own processes may still be ending. Both are found by the folder they work in, for process
// ids are used again. REQUIRES: the caller holds the lock on the folder.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace skald::app {

struct LeftoverSearch {
  std::filesystem::path cluster_dir;
  // A text in the command line of each server that we start: one without it is somebody else's.
  std::string mark;
  // How long a fast shutdown may take, and after it an immediate one.
  std::chrono::milliseconds fast_timeout{0};
  std::chrono::milliseconds immediate_timeout{0};
};

// Returns the processes whose current folder is `folder`.
std::vector<pid_t> ProcessesIn(const std::filesystem::path& folder);

// Returns when no process is left, and no server's pid file that names some other process.
// FAILED_PRECONDITION: a server that we did not start runs there. DEADLINE_EXCEEDED: a process does
// not end. Both messages name the process.
absl::Status EndLeftoverServer(const LeftoverSearch& search);

}  // namespace skald::app
