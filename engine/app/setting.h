// AddSetting: one setting of the server, on the command line, in the environment and in the file.
//
// "grpc-address" is --grpc-address, SKALD_GRPC_ADDRESS and grpc-address=… in the file.
#pragma once

#include <cctype>
#include <string>

#include <CLI/CLI.hpp>

namespace skald::app {

template <typename T>
CLI::Option* AddSetting(CLI::App& command, const std::string& name, T& value, const char* help) {
  std::string variable = "SKALD_";
  for (const char c : name) {
    variable.push_back(c == '-' ? '_' : static_cast<char>(std::toupper(c)));
  }
  return command.add_option("--" + name, value, help)->envname(variable)->capture_default_str();
}

}  // namespace skald::app
