#include "engine/app/commands.h"

#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>

#include "engine/app/exit_codes.h"
#include "engine/core/json_check.h"
#include "engine/core/json_scan.h"

namespace skald::app {

std::shared_ptr<ClientOptions> AddClientOptions(CLI::App& command) {
  auto options = std::make_shared<ClientOptions>();  // shared: the chosen action outlives the parse
  command.add_option("--address", options->address, "host:port of the server")
      ->envname("SKALD_ADDRESS")
      ->capture_default_str();
  command.add_option("--namespace", options->name_space, "Namespace")
      ->envname("SKALD_NAMESPACE")
      ->capture_default_str();
  command.add_option("--timeout", options->timeout_seconds, "Seconds that a call may take")
      ->check(CLI::Range(1, 86'400))
      ->capture_default_str();
  const std::map<std::string, Format> formats = {{"text", Format::kText}, {"json", Format::kJson}};
  command.add_option("-o,--output", options->format, "text or json")
      ->transform(CLI::CheckedTransformer(formats));
  return options;
}

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  if (path == "-") {
    return std::string(std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>());
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::InvalidArgumentError(path + ": cannot be read");
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (file.bad()) return absl::InvalidArgumentError(path + ": cannot be read to its end");
  return text;
}

absl::StatusOr<std::string> TextOrFile(const std::string& argument) {
  if (argument.empty() || argument[0] != '@') return argument;
  return ReadFile(argument.substr(1));
}

std::vector<std::string> SplitDocuments(const std::string& text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string::npos || text[first] != '[' || !core::CheckJson(text).ok()) {
    return {text};
  }
  std::vector<std::string> documents;
  for (core::JsonWalk walk(core::TrimJson(text)); walk.Next();) {
    documents.emplace_back(walk.value());
  }
  return documents;
}

int FailLocally(const absl::Status& status) {
  std::fprintf(stderr, "skald: %s\n", std::string(status.message()).c_str());
  return ToExitCode(static_cast<int>(status.code()));
}

}  // namespace skald::app
