#include "engine/app/unknown_command.h"

namespace skald::app {

std::string UnknownCommand(const CLI::App& app) {
  const CLI::App* group = &app;
  std::string where;
  for (auto chosen = group->get_subcommands(); !chosen.empty(); chosen = group->get_subcommands()) {
    group = chosen.front();
    where += group->get_name() + ": ";
  }
  if (group->get_require_subcommand_min() == 0) return "";
  for (const std::string& word : group->remaining()) {
    if (word.empty() || word[0] == '-') continue;
    return where + "no such command: " + word + "; --help lists them";
  }
  return "";
}

}  // namespace skald::app
