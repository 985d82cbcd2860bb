// The word that names no command is the word that is told.
#include "engine/app/unknown_command.h"

#include <gtest/gtest.h>

#include <vector>

namespace skald::app {
namespace {

// What is said of the words, which do not parse.
std::string Said(std::vector<std::string> reversed_words) {
  CLI::App app("test", "skald");
  app.require_subcommand(1);
  CLI::App* workflow = app.add_subcommand("workflow");
  workflow->require_subcommand(1);
  std::string id;
  workflow->add_subcommand("status")->add_option("id", id)->required();
  EXPECT_THROW(app.parse(std::move(reversed_words)),
               CLI::ParseError);  // CLI11 takes the last first
  return UnknownCommand(app);
}

TEST(UnknownCommandTest, TheWordIsNamed) {
  EXPECT_EQ(Said({"frob"}), "no such command: frob; --help lists them");
  EXPECT_EQ(Said({"frob", "workflow"}), "workflow: no such command: frob; --help lists them");
  EXPECT_EQ(Said({"w1", "frob", "workflow"}), "workflow: no such command: frob; --help lists them");
}

TEST(UnknownCommandTest, OtherMistakesAreNotOfCommands) {
  EXPECT_EQ(Said({}), "");
  EXPECT_EQ(Said({"workflow"}), "");
  EXPECT_EQ(Said({"--frob", "workflow"}), "");
  EXPECT_EQ(Said({"status", "workflow"}), "");
  EXPECT_EQ(Said({"two", "one", "status", "workflow"}), "");
}

}  // namespace
}  // namespace skald::app
