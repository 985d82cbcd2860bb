// BenchCluster: a private PostgreSQL cluster that lives as long as the object, and the bench's own
// connection to it.
//
// Durable as in production: fsync, synchronous_commit and full_page_writes are on. Its data lie in
// a new folder under the system's temporary one and are removed at the end. Single-threaded.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "engine/app/private_cluster.h"
#include "tests/bench/database.h"

namespace skald::bench {

class BenchCluster {
 public:
  // Errors as PrivateCluster::Start.
  static absl::StatusOr<std::unique_ptr<BenchCluster>> Start();
  ~BenchCluster();
  BenchCluster(const BenchCluster&) = delete;
  BenchCluster& operator=(const BenchCluster&) = delete;

  // Creates an empty database, in place of one of that name from an earlier round, and returns how
  // to connect to it. REQUIRES: nobody is connected to the earlier one.
  absl::StatusOr<std::string> CreateDatabase(const std::string& name);

  // A connection to another database than those created; counters are read over it.
  Database& maintenance() { return *maintenance_; }

  pid_t pid() const { return cluster_->server_pid(); }

 private:
  explicit BenchCluster(std::filesystem::path folder);

  const std::filesystem::path folder_;
  std::unique_ptr<app::PrivateCluster> cluster_;
  std::unique_ptr<Database> maintenance_;
};

}  // namespace skald::bench
