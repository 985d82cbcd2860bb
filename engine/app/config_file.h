// ReadConfigFile: settings of a command from a file, below those of its command line and
// environment.
//
// The file holds lines `name=value`, named as the long options without dashes in front (TOML or INI
// as CLI11 reads them, without sections); '#' begins a comment, within quotes too. What
// --print-config prints is such a file, but for the password of the database, which is masked.
#pragma once

#include <string>

#include "absl/status/status.h"
#include <CLI/CLI.hpp>

namespace skald::app {

// To be called after the command line was parsed: an option that stood there or in the environment
// keeps its value. INVALID_ARGUMENT, naming file and key: the file cannot be read, is malformed,
// names a setting that `command` does not have, names one twice, or a value is out of bounds; then
// `command` holds some of the file's values and is of no further use.
absl::Status ReadConfigFile(CLI::App& command, const std::string& path);

}  // namespace skald::app
