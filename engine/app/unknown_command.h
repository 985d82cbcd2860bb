// A word on the command line that names no command, found out before CLI11 says only that one is
// missing.
//
// Pure.
#pragma once

#include <string>

#include <CLI/CLI.hpp>

namespace skald::app {

// After a parse of `app` that failed: "workflow: no such command: frob; --help lists them" when
// the deepest command that was recognized wanted another one and was given that word; else "".
std::string UnknownCommand(const CLI::App& app);

}  // namespace skald::app
