// The client commands of `skald`. Each Add… function hangs its subcommands below the app; the
// chosen one leaves what is to be run in `chosen`, which returns the exit code (exit_codes.h).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/app/client.h"
#include <CLI/CLI.hpp>

namespace skald::app {

using Chosen = std::function<int()>;

void AddCatalogCommands(CLI::App& app, Chosen& chosen);
void AddWorkflowCommands(CLI::App& app, Chosen& chosen);
void AddOperatorCommands(CLI::App& workflow, Chosen& chosen);
void AddExecuteCommand(CLI::App& workflow, Chosen& chosen);
void AddMessageCommand(CLI::App& workflow, Chosen& chosen);
void AddBulkCommand(CLI::App& workflow, Chosen& chosen);
void AddVerifyCommand(CLI::App& workflow, Chosen& chosen);
void AddTestCommand(CLI::App& workflow, Chosen& chosen);
void AddAdminCommands(CLI::App& app, Chosen& chosen);

// --address, --namespace and -o, which every client command has.
std::shared_ptr<ClientOptions> AddClientOptions(CLI::App& command);

// The text itself, or with a leading '@' the content of that file ('@-': standard input).
absl::StatusOr<std::string> TextOrFile(const std::string& argument);
absl::StatusOr<std::string> ReadFile(const std::string& path);

// The documents of a file that holds one JSON object or an array of them, each as written. A text
// that is neither is returned whole: the server says what is wrong with it.
std::vector<std::string> SplitDocuments(const std::string& text);

// Prints an error that is not a server's, and returns its exit code.
int FailLocally(const absl::Status& status);

}  // namespace skald::app
