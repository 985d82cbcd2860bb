#include "engine/app/private_cluster.h"

#include <fcntl.h>
#include <libpq-fe.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

#include "engine/app/leftover_processes.h"
#include "engine/base/log.h"
#include "engine/base/status.h"
#include "fmt/format.h"

namespace skald::app {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

// Names a socket file only: nothing listens on TCP.
constexpr int kSocketPort = 5432;
constexpr std::string_view kUserAndDatabase = "skald";
constexpr milliseconds kInitTimeout{120'000};
constexpr milliseconds kReadyCheckInterval{20};
constexpr size_t kLogTailBytesMax = 2048;
constexpr uintmax_t kLogBytesMax = 16 * 1024 * 1024;

// Written once, behind what initdb wrote: a person may change them there.
constexpr std::string_view kServerDefaults = R"(
# Skald's defaults.
shared_buffers = 256MB
max_wal_size = 4GB            # checkpoints by time, not by volume, under load
min_wal_size = 512MB          # recycled files cost less than new ones at commit
wal_buffers = 16MB
checkpoint_timeout = 15min
jit = off                     # no statement of ours runs long enough to pay for it
max_connections = 100
)";

absl::Status SystemError(std::string_view what, const fs::path& path) {
  const std::string message =
      fmt::format("cannot {} {}: {}", what, path.string(), std::strerror(errno));
  if (errno == EACCES || errno == EPERM) return absl::PermissionDeniedError(message);
  // The data directory that was named cannot be one.
  const bool unusable = errno == ENOENT || errno == ENOTDIR || errno == EROFS || errno == ELOOP ||
                        errno == ENAMETOOLONG;
  if (unusable) return absl::InvalidArgumentError(message);
  return absl::InternalError(message);
}

absl::Status OfErrorCode(std::string_view what, const fs::path& path, const std::error_code& code) {
  errno = code.value();
  return SystemError(what, path);
}

std::string ReadSmallFile(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

int NumberIn(const std::string& text) {
  int number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// A value of a libpq connection string.
std::string Quoted(std::string_view value) {
  std::string result = "'";
  for (const char c : value) {
    if (c == '\'' || c == '\\') result += '\\';
    result += c;
  }
  return result + "'";
}

std::string ConnectionString(const fs::path& socket_dir, std::string_view database) {
  return fmt::format("host={} port={} user={} dbname={}", Quoted(socket_dir.string()), kSocketPort,
                     kUserAndDatabase, database);
}

absl::Status CheckSocketName(const fs::path& socket_dir) {
  const fs::path socket = socket_dir / fmt::format(".s.PGSQL.{}", kSocketPort);
  constexpr size_t kMax = sizeof(sockaddr_un::sun_path) - 1;
  const size_t bytes = socket.native().size();
  if (bytes <= kMax) return absl::OkStatus();
  return absl::InvalidArgumentError(
      fmt::format("data directory name is {} bytes too long for the socket in it ({} may have {})",
                  bytes - kMax, socket.string(), kMax));
}

absl::Status GiveTo(const std::optional<ProcessUser>& user, const fs::path& path) {
  if (!user.has_value()) return absl::OkStatus();
  if (lchown(path.c_str(), user->uid, user->gid) != 0) return SystemError("change owner of", path);
  return absl::OkStatus();
}

absl::Status MakePrivateFolder(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) return OfErrorCode("create", path, error);
  fs::permissions(path, fs::perms::owner_all, error);
  if (error) return OfErrorCode("protect", path, error);
  return absl::OkStatus();
}

// Returns the number of rows.
absl::StatusOr<int> ExecuteSql(PGconn* connection, const std::string& sql) {
  const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQexec(connection, sql.c_str()),
                                                             &PQclear);
  const ExecStatusType status = PQresultStatus(result.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
    return absl::InternalError(fmt::format("{}: {}", sql, PQerrorMessage(connection)));
  }
  return PQntuples(result.get());
}

}  // namespace

PrivateCluster::PrivateCluster(PrivateClusterSettings settings) : settings_(std::move(settings)) {}

PrivateCluster::~PrivateCluster() {
  if (const absl::Status stopped = Stop(); !stopped.ok()) {
    base::LogError("postgres.stop_failed", {{"error", stopped.message()}});
  }
}

absl::StatusOr<std::unique_ptr<PrivateCluster>> PrivateCluster::Start(
    PrivateClusterSettings settings) {
  std::error_code error;
  settings.data_dir = fs::weakly_canonical(fs::absolute(settings.data_dir), error);
  if (error) return OfErrorCode("resolve", settings.data_dir, error);
  if (settings.search.path.empty()) {
    const char* path = std::getenv("PATH");
    settings.search.path = path == nullptr ? "" : path;
  }
  std::unique_ptr<PrivateCluster> cluster(new PrivateCluster(std::move(settings)));
  RETURN_IF_ERROR(cluster->Prepare());
  RETURN_IF_ERROR(cluster->EndLeftovers());
  RETURN_IF_ERROR(cluster->StartServer());
  RETURN_IF_ERROR(cluster->AwaitReady());
  RETURN_IF_ERROR(cluster->CreateDatabase());
  return cluster;
}

absl::Status PrivateCluster::Prepare() {
  RETURN_IF_ERROR(CheckSocketName(SocketDir()));
  connection_string_ = ConnectionString(SocketDir(), kUserAndDatabase);
  const std::string version = ReadSmallFile(ClusterDir() / "PG_VERSION");
  if (!version.empty()) settings_.search.major = NumberIn(version);
  // Before anything is made: a machine without PostgreSQL is left as it was.
  ASSIGN_OR_RETURN(installation_, FindPostgres(settings_.search));
  RETURN_IF_ERROR(TakeLock());
  RETURN_IF_ERROR(ChooseUser());
  if (version.empty()) RETURN_IF_ERROR(Initialize());
  RETURN_IF_ERROR(MakePrivateFolder(SocketDir()));
  return GiveTo(user_, SocketDir());
}

absl::Status PrivateCluster::TakeLock() {
  const fs::path& folder = settings_.data_dir;
  const fs::path lock_file = folder / "skald.lock";
  std::error_code error;
  if (!fs::exists(folder, error)) {
    RETURN_IF_ERROR(MakePrivateFolder(folder));
  } else if (!fs::exists(lock_file, error) && !error && !fs::is_empty(folder, error)) {
    return absl::FailedPreconditionError(fmt::format(
        "{} is neither empty nor a data directory of skald; name another one", folder.string()));
  }
  lock_fd_ = open(lock_file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (lock_fd_ < 0) return SystemError("open", lock_file);
  if (flock(lock_fd_, LOCK_EX | LOCK_NB) != 0) {
    const std::string holder = ReadSmallFile(lock_file);
    close(std::exchange(lock_fd_, -1));
    return absl::FailedPreconditionError(fmt::format("data directory {} is in use by process {}",
                                                     folder.string(), NumberIn(holder)));
  }
  const std::string us = fmt::format("{}\n", getpid());
  if (ftruncate(lock_fd_, 0) != 0 ||
      pwrite(lock_fd_, us.data(), us.size(), 0) != static_cast<ssize_t>(us.size())) {
    return SystemError("write", lock_file);
  }
  return absl::OkStatus();
}

absl::Status PrivateCluster::ChooseUser() {
  struct stat found = {};
  const bool exists = stat(ClusterDir().c_str(), &found) == 0;
  if (geteuid() != 0) {
    if (!exists || found.st_uid == geteuid()) return absl::OkStatus();
    return absl::PermissionDeniedError(fmt::format("{} belongs to the user with id {}; start as it",
                                                   ClusterDir().string(), found.st_uid));
  }
  if (exists && found.st_uid != 0) {
    const absl::StatusOr<ProcessUser> owner = FindUser(found.st_uid);
    user_ = owner.ok() ? *owner
                       : ProcessUser{.name = fmt::format("{}", found.st_uid),
                                     .uid = found.st_uid,
                                     .gid = found.st_gid};
    return absl::OkStatus();
  }
  absl::StatusOr<ProcessUser> user = FindUser("postgres");
  if (!user.ok()) user = FindUser("nobody");
  if (!user.ok()) {
    return absl::FailedPreconditionError(
        "PostgreSQL does not run as root, and there is neither a user postgres nor nobody");
  }
  user_ = *std::move(user);
  return absl::OkStatus();
}

// The cluster is made beside its place and then renamed, so that a half-made one is never used.
absl::Status PrivateCluster::Initialize() {
  const fs::path unfinished = settings_.data_dir / "postgres.new";
  std::error_code error;
  fs::remove_all(unfinished, error);
  if (error) return OfErrorCode("remove", unfinished, error);
  RETURN_IF_ERROR(GiveTo(user_, settings_.data_dir));
  base::LogInfo("postgres.initialized",
                {{"directory", ClusterDir().native()}, {"version", installation_.major}});
  ChildSettings initdb = {
      .command = {installation_.bin_dir / "initdb", "--pgdata", unfinished, "--username",
                  std::string(kUserAndDatabase), "--auth", "trust", "--encoding", "UTF8",
                  "--locale", "C", "--no-instructions"},
      .folder = settings_.data_dir,
      .user = user_,
      .death_signal = SIGTERM};
  if (!settings_.durable) initdb.command.push_back("--no-sync");
  ASSIGN_OR_RETURN(const CommandResult result, RunCommand(std::move(initdb), kInitTimeout));
  if (result.exit_code != 0) {
    return absl::UnavailableError(fmt::format("initdb of {} ended with {}: {}", unfinished.string(),
                                              result.exit_code, result.output));
  }
  std::ofstream configuration(unfinished / "postgresql.conf", std::ios::app);
  configuration << kServerDefaults << std::flush;
  if (!configuration) return SystemError("write", unfinished / "postgresql.conf");
  fs::rename(unfinished, ClusterDir(), error);
  if (error) return OfErrorCode("rename", unfinished, error);
  return absl::OkStatus();
}

absl::Status PrivateCluster::EndLeftovers() {
  return EndLeftoverServer({.cluster_dir = ClusterDir(),
                            .mark = SocketDir(),
                            .fast_timeout = settings_.stop_timeout,
                            .immediate_timeout = settings_.immediate_stop_timeout});
}

absl::Status PrivateCluster::StartServer() {
  std::error_code error;
  if (fs::file_size(LogFile(), error) > kLogBytesMax && !error) {
    fs::rename(LogFile(), settings_.data_dir / "postgres.log.1", error);
  }
  const int log_fd = open(LogFile().c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (log_fd < 0) return SystemError("open", LogFile());
  log_start_ = fs::file_size(LogFile(), error);

  ChildSettings child = {.command = {installation_.bin_dir / "postgres", "-D", ClusterDir(), "-k",
                                     SocketDir(), "-p", fmt::format("{}", kSocketPort), "-c",
                                     "listen_addresses=", "-c", "unix_socket_permissions=0700",
                                     "-c", "logging_collector=off", "-c", "log_destination=stderr"},
                         .folder = ClusterDir(),
                         .user = user_,
                         .output_fd = log_fd,
                         .death_signal = SIGINT};
  if (!settings_.durable) child.command.insert(child.command.end(), {"-c", "fsync=off"});
  for (const std::string& setting : settings_.server_settings) {
    child.command.push_back("-c");
    child.command.push_back(setting);
  }
  const absl::StatusOr<pid_t> pid = StartChild(child);
  close(log_fd);
  if (!pid.ok()) return pid.status();
  server_pid_ = *pid;
  return absl::OkStatus();
}

absl::Status PrivateCluster::AwaitReady() {
  const std::string connection = ConnectionString(SocketDir(), "postgres") + " connect_timeout=5";
  const steady_clock::time_point deadline = steady_clock::now() + settings_.start_timeout;
  while (PQping(connection.c_str()) != PQPING_OK) {
    if (WaitForEnd(server_pid_, kReadyCheckInterval)) {
      Reap();
      return absl::UnavailableError(
          fmt::format("PostgreSQL in {} did not start: {}", ClusterDir().string(), LogTail()));
    }
    if (steady_clock::now() >= deadline) {
      return absl::UnavailableError(
          fmt::format("PostgreSQL in {} does not accept connections after {} ms: {}",
                      ClusterDir().string(), settings_.start_timeout.count(), LogTail()));
    }
  }
  base::LogInfo("postgres.started", {{"pid", server_pid_},
                                     {"version", installation_.major},
                                     {"directory", ClusterDir().native()}});
  return absl::OkStatus();
}

absl::Status PrivateCluster::CreateDatabase() {
  const std::string target = ConnectionString(SocketDir(), "postgres") + " connect_timeout=10";
  const std::unique_ptr<PGconn, decltype(&PQfinish)> connection(PQconnectdb(target.c_str()),
                                                                &PQfinish);
  if (PQstatus(connection.get()) != CONNECTION_OK) {
    return absl::UnavailableError(fmt::format("cannot connect to PostgreSQL in {}: {}",
                                              ClusterDir().string(),
                                              PQerrorMessage(connection.get())));
  }
  ASSIGN_OR_RETURN(
      const int found,
      ExecuteSql(connection.get(),
                 fmt::format("SELECT 1 FROM pg_database WHERE datname = '{}'", kUserAndDatabase)));
  if (found > 0) return absl::OkStatus();
  return ExecuteSql(connection.get(), fmt::format("CREATE DATABASE {}", kUserAndDatabase)).status();
}

absl::Status PrivateCluster::EnsureRunning() {
  if (server_pid_ != 0 && !WaitForEnd(server_pid_, milliseconds(0))) return absl::OkStatus();
  if (lock_fd_ < 0) return absl::FailedPreconditionError("the cluster was stopped");
  if (server_pid_ != 0) {
    base::LogError("postgres.ended", {{"pid", server_pid_}, {"log", LogTail()}});
    Reap();
  }
  RETURN_IF_ERROR(EndLeftovers());
  RETURN_IF_ERROR(StartServer());
  return AwaitReady();
}

absl::Status PrivateCluster::Stop() {
  if (server_pid_ != 0) {
    kill(server_pid_, SIGINT);
    if (!WaitForEnd(server_pid_, settings_.stop_timeout)) {
      base::LogWarn("postgres.stop_overdue", {{"pid", server_pid_}});
      kill(server_pid_, SIGQUIT);
      if (!WaitForEnd(server_pid_, settings_.immediate_stop_timeout)) {
        return absl::DeadlineExceededError(
            fmt::format("PostgreSQL process {} does not end", server_pid_));
      }
    }
    base::LogInfo("postgres.stopped", {{"pid", server_pid_}});
    Reap();
  }
  if (lock_fd_ >= 0) {
    // The file stays: removing it would let two starts lock two files of one name.
    [[maybe_unused]] const int emptied = ftruncate(lock_fd_, 0);
    close(std::exchange(lock_fd_, -1));
  }
  return absl::OkStatus();
}

void PrivateCluster::Reap() {
  while (waitpid(server_pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  server_pid_ = 0;
}

std::string PrivateCluster::LogTail() const {
  std::error_code error;
  const uintmax_t bytes = fs::file_size(LogFile(), error);
  if (error) return "";
  uintmax_t from = log_start_;
  if (bytes > kLogTailBytesMax) from = std::max(from, bytes - kLogTailBytesMax);
  std::ifstream in(LogFile(), std::ios::binary);
  in.seekg(static_cast<std::streamoff>(from));
  return std::string(std::istreambuf_iterator<char>(in), {});
}

}  // namespace skald::app
