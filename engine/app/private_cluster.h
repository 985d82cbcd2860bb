// PrivateCluster: a PostgreSQL server of our own, in a folder of our own, as a child process.
//
//   auto cluster = PrivateCluster::Start({.data_dir = "/var/lib/skald"});
//   if (!cluster.ok()) …
//   Serve((*cluster)->connection_string());
//   (*cluster)->Stop();
//
// The folder holds skald.lock (held while we run; names our process), postgres/ (the cluster),
// socket/ (mode 0700: the only way in, no TCP; whoever may enter is trusted) and postgres.log.
// Started as root, the server runs as the user postgres, or nobody where there is none, or as the
// user whom an existing cluster belongs to.
//
// The server is durable (fsync and synchronous_commit on) unless told otherwise. It ends when we
// do, even by kill -9: the kernel sends it SIGINT, a fast shutdown, and the next start waits for
// that to be over.
//
// Single-threaded, and from a thread that lives as long as the process, for that signal follows
// the starting thread. connection_string() may be called from anywhere.
// Errors of Start and EnsureRunning:
//   NOT_FOUND            PostgreSQL is not installed; the message names the package
//   FAILED_PRECONDITION  the folder is another process's (named by its id) or holds other things
//   INVALID_ARGUMENT     the folder's name is too long for a socket
//   PERMISSION_DENIED    the server's user cannot enter the folder
//   UNAVAILABLE          the server did not come up; the message holds the end of its log
//   INTERNAL             the system refused something
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/app/child_process.h"
#include "engine/app/postgres_installation.h"

namespace skald::app {

struct PrivateClusterSettings {
  // Made when missing. If it is there, it must be empty or an earlier cluster's.
  std::filesystem::path data_dir;
  // Server settings as "name=value", stronger than those of postgres/postgresql.conf.
  std::vector<std::string> server_settings;
  // False: for tests; what is committed survives the death of processes, but not of the machine.
  bool durable = true;
  // How long the server may take to accept connections, recovery from a crash included.
  std::chrono::milliseconds start_timeout{120'000};
  // How long a fast shutdown may take before an immediate one is asked for.
  std::chrono::milliseconds stop_timeout{30'000};
  // How long that may take.
  std::chrono::milliseconds immediate_stop_timeout{10'000};
  // Where to look for PostgreSQL; empty `path`: that of the environment.
  PostgresSearch search;
};

class PrivateCluster {
 public:
  // Returns when the server accepts connections and the database `skald` is there.
  static absl::StatusOr<std::unique_ptr<PrivateCluster>> Start(PrivateClusterSettings settings);

  // Stops the server as Stop does.
  ~PrivateCluster();
  PrivateCluster(const PrivateCluster&) = delete;
  PrivateCluster& operator=(const PrivateCluster&) = delete;

  // For libpq and libpqxx: user and database `skald` over the private socket. The user is the
  // cluster's superuser.
  const std::string& connection_string() const { return connection_string_; }

  // The server's process, or 0 when it is not running.
  pid_t server_pid() const { return server_pid_; }

  // Starts the server again if it has ended by itself (a crash, a kill). OK if it runs.
  absl::Status EnsureRunning();

  // Ends the server: fast shutdown, and after stop_timeout an immediate one, which costs a recovery
  // at the next start but loses nothing. Releases the folder. Twice is as good as once.
  // DEADLINE_EXCEEDED: it does not end; the message names its process.
  absl::Status Stop();

 private:
  explicit PrivateCluster(PrivateClusterSettings settings);

  absl::Status Prepare();
  absl::Status TakeLock();
  absl::Status ChooseUser();
  absl::Status Initialize();
  absl::Status EndLeftovers();
  absl::Status StartServer();
  absl::Status AwaitReady();
  absl::Status CreateDatabase();
  void Reap();
  // Returns the end of what this start of the server wrote.
  std::string LogTail() const;

  std::filesystem::path ClusterDir() const { return settings_.data_dir / "postgres"; }
  std::filesystem::path SocketDir() const { return settings_.data_dir / "socket"; }
  std::filesystem::path LogFile() const { return settings_.data_dir / "postgres.log"; }

  PrivateClusterSettings settings_;
  std::string connection_string_;
  PostgresInstallation installation_;
  // Whom the server runs as; unset: ourselves.
  std::optional<ProcessUser> user_;
  int lock_fd_ = -1;
  pid_t server_pid_ = 0;
  // Where in the log file this start of the server began.
  uintmax_t log_start_ = 0;
};

}  // namespace skald::app
