#include "tests/bench/bench_cluster.h"

#include <sys/stat.h>

#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"

namespace skald::bench {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kEnterable = 0755;  // the server may run as another user than we

}  // namespace

BenchCluster::BenchCluster(fs::path folder) : folder_(std::move(folder)) {}

BenchCluster::~BenchCluster() {
  maintenance_.reset();
  cluster_.reset();
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

absl::StatusOr<std::unique_ptr<BenchCluster>> BenchCluster::Start() {
  std::string folder = (fs::temp_directory_path() / "skald_bench_XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr || chmod(folder.c_str(), kEnterable) != 0) {
    return absl::InternalError(absl::StrCat("cannot make a folder like ", folder));
  }
  std::unique_ptr<BenchCluster> bench(new BenchCluster(folder));
  // The write-ahead log may grow enough that no checkpoint is forced in the middle of a short run.
  ASSIGN_OR_RETURN(
      bench->cluster_,
      app::PrivateCluster::Start({.data_dir = bench->folder_ / "cluster",
                                  .server_settings = {"shared_buffers=256MB", "max_wal_size=4GB",
                                                      "checkpoint_timeout=15min",
                                                      "shared_preload_libraries=pg_stat_statements",
                                                      "pg_stat_statements.save=off"}}));
  ASSIGN_OR_RETURN(Database maintenance, Database::Connect(bench->cluster_->connection_string()));
  bench->maintenance_ = std::make_unique<Database>(std::move(maintenance));
  RETURN_IF_ERROR(bench->maintenance_->Run("CREATE EXTENSION pg_stat_statements"));
  return bench;
}

absl::StatusOr<std::string> BenchCluster::CreateDatabase(const std::string& name) {
  RETURN_IF_ERROR(
      maintenance_->Run(absl::StrCat("DROP DATABASE IF EXISTS ", name, " WITH (FORCE)")));
  RETURN_IF_ERROR(maintenance_->Run(absl::StrCat("CREATE DATABASE ", name)));
  return absl::StrCat(cluster_->connection_string(), " dbname=", name);
}

}  // namespace skald::bench
