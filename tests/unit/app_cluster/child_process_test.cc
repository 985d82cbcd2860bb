#include "engine/app/child_process.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace skald::app {
namespace {

using ::skald::testing::IsOk;
using ::skald::testing::StatusIs;
using std::chrono::milliseconds;
using ::testing::EndsWith;
using ::testing::HasSubstr;

constexpr milliseconds kChildPatience{30'000};

absl::StatusOr<CommandResult> RunShell(const std::string& script) {
  return RunCommand({.command = {"/bin/sh", "-c", script}}, kChildPatience);
}

TEST(ChildProcessTest, BothOutputsAndTheExitCodeComeBack) {
  const auto result = RunShell("echo out; echo err >&2; exit 3");
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(result->exit_code, 3);
  EXPECT_EQ(result->output, "out\nerr\n");
}

TEST(ChildProcessTest, ChildEndedByASignalShowsItsNumber) {
  const auto result = RunShell("kill -TERM $$");
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(result->exit_code, 128 + SIGTERM);
}

TEST(ChildProcessTest, LongOutputKeepsItsEnd) {
  const auto result = RunShell("yes | head -c 1000000; echo last");
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(result->output.size(), kCommandOutputBytesMax);
  EXPECT_THAT(result->output, EndsWith("last\n"));
}

TEST(ChildProcessTest, EnvironmentIsNotPassedOn) {
  setenv("PGDATA", "/elsewhere", 1);
  const auto result = RunShell("echo data=$PGDATA locale=$LC_ALL");
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(result->output, "data= locale=C\n");
}

TEST(ChildProcessTest, BlockedSignalsAreNotPassedOn) {
  sigset_t blocked;
  sigset_t before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  sigprocmask(SIG_BLOCK, &blocked, &before);
  const auto result = RunShell("kill -TERM $$; echo survived");
  sigprocmask(SIG_SETMASK, &before, nullptr);
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(result->exit_code, 128 + SIGTERM);
}

TEST(ChildProcessTest, ChildThatTakesTooLongIsKilled) {
  EXPECT_THAT(RunCommand({.command = {"/bin/sleep", "600"}}, milliseconds(20)),
              StatusIs(absl::StatusCode::kDeadlineExceeded, HasSubstr("/bin/sleep")));
}

TEST(ChildProcessTest, MissingProgramIsNotFound) {
  EXPECT_THAT(StartChild({.command = {"/nowhere/program"}}),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("/nowhere/program")));
}

TEST(ChildProcessTest, MissingFolderIsNotFound) {
  EXPECT_THAT(StartChild({.command = {"/bin/true"}, .folder = "/nowhere"}),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("enter the folder")));
}

TEST(ChildProcessTest, ProgramThatMayNotBeRunIsPermissionDenied) {
  EXPECT_THAT(StartChild({.command = {"/etc/passwd"}}),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("run the program")));
}

TEST(ChildProcessTest, RootCanRunAsAnotherUser) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root";
  const auto nobody = FindUser("nobody");
  ASSERT_THAT(nobody, IsOk());
  const auto result =
      RunCommand({.command = {"/usr/bin/id", "-un"}, .user = *nobody}, kChildPatience);
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(result->output, "nobody\n");
}

TEST(ChildProcessTest, UnknownUserIsNotFound) {
  EXPECT_THAT(FindUser("no_such_user_here"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(FindUser(uid_t{3'999'999'999}), StatusIs(absl::StatusCode::kNotFound));
}

TEST(ChildProcessTest, EndIsSeenWithoutReaping) {
  const auto pid = StartChild({.command = {"/bin/true"}});
  ASSERT_THAT(pid, IsOk());
  EXPECT_TRUE(WaitForEnd(*pid, kChildPatience));
  EXPECT_EQ(waitpid(*pid, nullptr, 0), *pid);
  EXPECT_TRUE(WaitForEnd(*pid, milliseconds(0))) << "a process that is gone has ended";
}

}  // namespace
}  // namespace skald::app
