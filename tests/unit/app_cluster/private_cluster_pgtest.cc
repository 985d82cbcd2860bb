#include <libpq-fe.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "engine/app/leftover_processes.h"
#include "engine/app/private_cluster.h"
#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/paths.h"
#include "tests/support/private_postgres.h"
#include "tests/support/status_matchers.h"

namespace skald::app {
namespace {

namespace fs = std::filesystem;
using ::skald::testing::IsOk;
using ::skald::testing::QueryOrDie;
using ::skald::testing::StatusIs;
using std::chrono::milliseconds;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr milliseconds kPatience{60'000};

class PrivateClusterTest : public ::testing::Test {
 protected:
  // A server whose owner was killed may still be writing into the folder that goes now.
  ~PrivateClusterTest() override {
    for (const pid_t pid : ProcessesIn(DataDir() / "postgres")) WaitForEnd(pid, kPatience);
  }

  fs::path DataDir() const { return folder_.path() / "data"; }

  absl::StatusOr<std::unique_ptr<PrivateCluster>> TryStart() const {
    return PrivateCluster::Start(
        {.data_dir = DataDir(), .server_settings = {"shared_buffers=16MB"}, .durable = false});
  }

  std::unique_ptr<PrivateCluster> Start() const {
    auto cluster = TryStart();
    EXPECT_THAT(cluster, IsOk());
    return cluster.ok() ? *std::move(cluster) : nullptr;
  }

  // A process that starts the cluster, runs one statement and then waits to be killed. Returns when
  // that is done.
  pid_t StartInAnotherProcess(const std::string& sql) const {
    std::array<int, 2> done = {};
    EXPECT_EQ(pipe(done.data()), 0);
    const pid_t pid = fork();
    if (pid == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      auto cluster = TryStart();
      if (!cluster.ok()) _exit(1);
      QueryOrDie((*cluster)->connection_string(), sql);
      [[maybe_unused]] const ssize_t written = write(done[1], "!", 1);
      for (;;) pause();
    }
    close(done[1]);
    char answer = 0;
    EXPECT_EQ(read(done[0], &answer, 1), 1) << "the other process could not start the cluster";
    close(done[0]);
    return pid;
  }

  static void KillAndReap(pid_t pid) {
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
  }

 private:
  testing::TempDir folder_;
};

TEST_F(PrivateClusterTest, NewClusterIsDurableAndPrivate) {
  const auto started =
      PrivateCluster::Start({.data_dir = DataDir(), .server_settings = {"shared_buffers=16MB"}});
  ASSERT_THAT(started, IsOk());
  const std::string& server = (*started)->connection_string();
  EXPECT_EQ(QueryOrDie(server, "SHOW fsync"), "on");
  EXPECT_EQ(QueryOrDie(server, "SHOW synchronous_commit"), "on");
  EXPECT_EQ(QueryOrDie(server, "SHOW listen_addresses"), "");
  EXPECT_EQ(QueryOrDie(server, "SHOW server_encoding"), "UTF8");
  EXPECT_EQ(QueryOrDie(server, "SHOW lc_collate"), "C");
  EXPECT_EQ(QueryOrDie(server, "SELECT current_database()"), "skald");
  EXPECT_EQ(QueryOrDie(server, "SHOW shared_buffers"), "16MB");
  EXPECT_EQ(fs::status(DataDir() / "socket").permissions(), fs::perms::owner_all);
}

TEST_F(PrivateClusterTest, ServerIsOurChildInItsOwnSession) {
  const auto cluster = Start();
  ASSERT_NE(cluster, nullptr);
  EXPECT_EQ(getsid(cluster->server_pid()), cluster->server_pid());
  EXPECT_EQ(waitpid(cluster->server_pid(), nullptr, WNOHANG), 0) << "not a running child";
}

TEST_F(PrivateClusterTest, RootStartsItAsAnotherUser) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root";
  const auto cluster = Start();
  ASSERT_NE(cluster, nullptr);
  struct stat process = {};
  ASSERT_EQ(stat(fmt::format("/proc/{}", cluster->server_pid()).c_str(), &process), 0);
  EXPECT_NE(process.st_uid, 0u);
}

TEST_F(PrivateClusterTest, RestartFindsEverythingAgain) {
  auto cluster = Start();
  ASSERT_NE(cluster, nullptr);
  QueryOrDie(cluster->connection_string(), "CREATE TABLE kept AS SELECT 42 AS value");
  ASSERT_THAT(cluster->Stop(), IsOk());
  EXPECT_EQ(cluster->server_pid(), 0);
  EXPECT_THAT(cluster->Stop(), IsOk()) << "twice is as good as once";
  EXPECT_THAT(ProcessesIn(DataDir() / "postgres"), IsEmpty());

  cluster = Start();
  ASSERT_NE(cluster, nullptr);
  EXPECT_EQ(QueryOrDie(cluster->connection_string(), "SELECT value FROM kept"), "42");
}

TEST_F(PrivateClusterTest, SecondStartIsRefusedWithTheProcessId) {
  const pid_t owner = StartInAnotherProcess("SELECT 1");
  EXPECT_THAT(TryStart(), StatusIs(absl::StatusCode::kFailedPrecondition,
                                   HasSubstr(fmt::format("in use by process {}", owner))));
  KillAndReap(owner);
}

TEST_F(PrivateClusterTest, ServerEndsWithItsKilledOwnerAndTheNextStartFindsItsData) {
  const pid_t owner = StartInAnotherProcess("CREATE TABLE kept AS SELECT 42 AS value");
  const pid_t server = ProcessesIn(DataDir() / "postgres").front();
  KillAndReap(owner);

  const auto cluster = Start();
  ASSERT_NE(cluster, nullptr);
  EXPECT_TRUE(WaitForEnd(server, milliseconds(0))) << "two servers on one folder";
  EXPECT_EQ(QueryOrDie(cluster->connection_string(), "SELECT value FROM kept"), "42");
}

TEST_F(PrivateClusterTest, ServerThatDoesNotNoticeItsOwnersDeathIsEnded) {
  const pid_t owner = StartInAnotherProcess("CREATE TABLE kept AS SELECT 42 AS value");
  const pid_t server = ProcessesIn(DataDir() / "postgres").front();
  kill(server, SIGSTOP);
  KillAndReap(owner);
  // It has had its signal by now, but does nothing until it is woken, after the short patience.
  auto settings = PrivateClusterSettings{.data_dir = DataDir(),
                                         .server_settings = {"shared_buffers=16MB"},
                                         .durable = false,
                                         .stop_timeout = milliseconds(50),
                                         .immediate_stop_timeout = milliseconds(50)};
  const auto refused = PrivateCluster::Start(settings);
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kDeadlineExceeded,
                                HasSubstr(fmt::format("process {}", server))));
  kill(server, SIGCONT);

  const auto cluster = Start();
  ASSERT_NE(cluster, nullptr);
  EXPECT_EQ(QueryOrDie(cluster->connection_string(), "SELECT value FROM kept"), "42");
}

TEST_F(PrivateClusterTest, KilledServerIsStartedAgain) {
  const auto cluster = Start();
  ASSERT_NE(cluster, nullptr);
  QueryOrDie(cluster->connection_string(), "CREATE TABLE kept AS SELECT 42 AS value");
  EXPECT_THAT(cluster->EnsureRunning(), IsOk());
  const pid_t before = cluster->server_pid();
  kill(before, SIGKILL);
  ASSERT_TRUE(WaitForEnd(before, kPatience));

  EXPECT_THAT(cluster->EnsureRunning(), IsOk());
  EXPECT_NE(cluster->server_pid(), before);
  EXPECT_EQ(QueryOrDie(cluster->connection_string(), "SELECT value FROM kept"), "42");
}

TEST_F(PrivateClusterTest, StoppedClusterIsNotStartedAgain) {
  const auto cluster = Start();
  ASSERT_NE(cluster, nullptr);
  ASSERT_THAT(cluster->Stop(), IsOk());
  EXPECT_THAT(cluster->EnsureRunning(), StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(PrivateClusterTest, ServerThatSomebodyElseStartedIsLeftAlone) {
  ASSERT_THAT(Start()->Stop(), IsOk());
  const auto installation = FindPostgres({});
  ASSERT_THAT(installation, IsOk());
  const auto user = FindUser("postgres");
  ChildSettings foreign = {
      .command = {installation->bin_dir / "postgres", "-D", DataDir() / "postgres", "-k", DataDir(),
                  "-c", "listen_addresses="},
      .death_signal = SIGQUIT};
  if (geteuid() == 0 && user.ok()) foreign.user = *user;
  const auto server = StartChild(foreign);
  ASSERT_THAT(server, IsOk());
  const std::string theirs = fmt::format("host={} user=skald dbname=skald", DataDir().string());
  for (int i = 0; PQping(theirs.c_str()) != PQPING_OK; ++i) {
    ASSERT_FALSE(WaitForEnd(*server, milliseconds(50)));
    ASSERT_LT(i, 1000);
  }

  EXPECT_THAT(TryStart(),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr(fmt::format("process {}, which skald did not start", *server))));
  EXPECT_FALSE(WaitForEnd(*server, milliseconds(0)));
  kill(*server, SIGQUIT);
  waitpid(*server, nullptr, 0);
}

// The number in a stale pid file may by now belong to any other program.
TEST_F(PrivateClusterTest, PidFileThatNamesAnotherProgramIsRemoved) {
  ASSERT_THAT(Start()->Stop(), IsOk());
  const pid_t other = fork();
  if (other == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) pause();
  }
  testing::WriteFileOrDie(DataDir() / "postgres" / "postmaster.pid",
                          fmt::format("{}\n{}\n", other, (DataDir() / "postgres").string()));

  EXPECT_NE(Start(), nullptr);
  EXPECT_FALSE(WaitForEnd(other, milliseconds(0))) << "another program was ended";
  KillAndReap(other);
}

TEST_F(PrivateClusterTest, HalfMadeClusterIsMadeAnew) {
  ASSERT_THAT(Start()->Stop(), IsOk());
  fs::rename(DataDir() / "postgres", DataDir() / "postgres.new");
  fs::remove(DataDir() / "postgres.new" / "global" / "pg_control");
  EXPECT_NE(Start(), nullptr);
}

TEST_F(PrivateClusterTest, FolderWithOtherThingsIsRefusedAndLeftAsItWas) {
  fs::create_directory(DataDir());
  testing::WriteFileOrDie(DataDir() / "letter.txt", "dear");
  EXPECT_THAT(TryStart(), StatusIs(absl::StatusCode::kFailedPrecondition,
                                   HasSubstr("neither empty nor a data directory")));
  EXPECT_EQ(std::distance(fs::directory_iterator(DataDir()), fs::directory_iterator()), 1);
}

TEST_F(PrivateClusterTest, NameTooLongForASocketIsRefused) {
  const auto cluster = PrivateCluster::Start({.data_dir = DataDir() / std::string(100, 'x')});
  EXPECT_THAT(cluster, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("too long")));
}

TEST_F(PrivateClusterTest, ServerThatDoesNotStartSaysWhy) {
  const auto cluster = PrivateCluster::Start(
      {.data_dir = DataDir(), .server_settings = {"shared_buffers=lots"}, .durable = false});
  EXPECT_THAT(cluster, StatusIs(absl::StatusCode::kUnavailable,
                                AllOf(HasSubstr("did not start"), HasSubstr("\"lots\""))));
}

TEST_F(PrivateClusterTest, NameWithQuotesAndSpacesWorks) {
  const auto cluster =
      PrivateCluster::Start({.data_dir = DataDir() / "it's a\\b", .durable = false});
  ASSERT_THAT(cluster, IsOk());
  EXPECT_EQ(QueryOrDie((*cluster)->connection_string(), "SELECT 1"), "1");
}

TEST_F(PrivateClusterTest, FolderThatTheServersUserCannotEnterIsOneClearError) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root";
  fs::create_directory(DataDir());
  fs::permissions(DataDir(), fs::perms::owner_all);
  const auto cluster = PrivateCluster::Start({.data_dir = DataDir() / "below"});
  EXPECT_THAT(cluster,
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("cannot enter the folder")));
}

TEST_F(PrivateClusterTest, MissingPostgresIsOneLineThatNamesThePackage) {
  PrivateClusterSettings settings = {.data_dir = DataDir()};
  settings.search = {.debian_root = DataDir() / "none", .path = DataDir() / "none"};
  const auto cluster = PrivateCluster::Start(settings);
  EXPECT_THAT(cluster,
              StatusIs(absl::StatusCode::kUnavailable,
                       AllOf(HasSubstr("apt-get install postgresql-15"), Not(HasSubstr("\n")))));
  EXPECT_FALSE(fs::exists(DataDir())) << "nothing may be left behind";
}

TEST_F(PrivateClusterTest, ClusterOfAnotherVersionNeedsThatVersion) {
  ASSERT_THAT(Start()->Stop(), IsOk());
  testing::WriteFileOrDie(DataDir() / "postgres" / "PG_VERSION", "99\n");
  EXPECT_THAT(TryStart(), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("postgresql-99")));
}

}  // namespace
}  // namespace skald::app
