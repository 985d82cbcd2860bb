// Settings from a file, the environment and the command line, in that order.
#include "engine/app/config_file.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "engine/app/server_config.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace skald::app {
namespace {

using ::skald::testing::IsOk;
using ::skald::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

class ConfigFileTest : public ::testing::Test {
 protected:
  ConfigFileTest() : app_("", "skald") {
    server_ = app_.add_subcommand("server");
    AddServerOptions(*server_, config_);
  }
  ~ConfigFileTest() override {
    unsetenv("SKALD_PARK_AFTER_MS");
    std::filesystem::remove(path_);
  }

  // The command line, then the file.
  absl::Status Read(const std::string& file, const std::string& flags = "") {
    std::ofstream(path_) << file;
    app_.parse("server " + flags);
    return ReadConfigFile(*server_, path_);
  }

  const std::string path_ = ::testing::TempDir() + "/config_file_test." +
                            ::testing::UnitTest::GetInstance()->current_test_info()->name();
  ServerConfig config_;
  CLI::App app_;
  CLI::App* server_ = nullptr;
};

TEST_F(ConfigFileTest, FileGoesBeforeTheDefaults) {
  ASSERT_THAT(Read("park-after-ms=1234\n# a remark\nnode-name = \"n 1\"\n"), IsOk());
  EXPECT_EQ(config_.park_after_ms, 1234U);
  EXPECT_EQ(config_.node_name, "n 1");
  EXPECT_EQ(config_.node_lease_ms, 10'000U);
}

TEST_F(ConfigFileTest, EnvironmentGoesBeforeTheFile) {
  setenv("SKALD_PARK_AFTER_MS", "7", 1);
  ASSERT_THAT(Read("park-after-ms=1234\n"), IsOk());
  EXPECT_EQ(config_.park_after_ms, 7U);
}

TEST_F(ConfigFileTest, FlagGoesBeforeEnvironmentAndFile) {
  setenv("SKALD_PARK_AFTER_MS", "7", 1);
  ASSERT_THAT(Read("park-after-ms=1234\ninbox-max=500\n", "--park-after-ms 9"), IsOk());
  EXPECT_EQ(config_.park_after_ms, 9U);
  EXPECT_EQ(config_.inbox_max, 500U);
}

TEST_F(ConfigFileTest, WhatTheServerDoesNotHaveIsRefused) {
  EXPECT_THAT(Read("park-after=1\n"), StatusIs(absl::StatusCode::kInvalidArgument,
                                               AllOf(HasSubstr(path_), HasSubstr("park-after:"))));
}

TEST_F(ConfigFileTest, AFileNamesNoFileAndAsksForNothing) {
  EXPECT_THAT(Read("config=/x\n"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("config")));
  EXPECT_THAT(Read("print-config=true\n"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("print-config")));
}

TEST_F(ConfigFileTest, SectionsAreRefused) {
  EXPECT_THAT(Read("[server]\npark-after-ms=1\n"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("sections")));
  EXPECT_THAT(Read("server.park-after-ms=1\n"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("server.park-after-ms")));
}

TEST_F(ConfigFileTest, ValuesAreHeldToTheirBounds) {
  EXPECT_THAT(Read("inbox-max=1\n"), StatusIs(absl::StatusCode::kInvalidArgument,
                                              AllOf(HasSubstr(path_), HasSubstr("inbox-max"))));
}

TEST_F(ConfigFileTest, ASettingStandsThereOnce) {
  EXPECT_THAT(Read("inbox-max=1000\nnode-name=a\ninbox-max=2000\n"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("inbox-max: given twice")));
}

TEST_F(ConfigFileTest, AValueThatACommentCutsIsRefused) {
  EXPECT_THAT(Read("node-name=\"a#b\"\n"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("node-name")));
}

TEST_F(ConfigFileTest, AFileThatIsNotThereIsRefused) {
  app_.parse("server");
  EXPECT_THAT(ReadConfigFile(*server_, "/no/such/file"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("/no/such/file")));
  EXPECT_THAT(ReadConfigFile(*server_, ::testing::TempDir()),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("folder")));
}

TEST_F(ConfigFileTest, PrintedSettingsAreReadBack) {
  app_.parse("server --park-after-ms 9 --node-name \"n 1\" --egress-allow \"a.org:443, *.b.org\"");
  const std::string printed = server_->config_to_str(true, true);
  CLI::App again("", "skald");
  CLI::App* server = again.add_subcommand("server");
  ServerConfig read;
  AddServerOptions(*server, read);
  again.parse("server");
  std::ofstream(path_) << printed;
  ASSERT_THAT(ReadConfigFile(*server, path_), IsOk()) << printed;
  EXPECT_EQ(read.park_after_ms, 9U);
  EXPECT_EQ(read.node_name, "n 1");
  EXPECT_EQ(read.calls.egress_allow, config_.calls.egress_allow);
  EXPECT_EQ(server->config_to_str(true, true), printed);
}

}  // namespace
}  // namespace skald::app
