// What the command line says of a start: `skald workflow start | execute`.
//
// Not thread-safe; filled while the command line is read.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "skald/v1/workflow.pb.h"
#include <CLI/CLI.hpp>

namespace skald::app {

struct StartArguments {
  std::string name, definition, input, key, key_strategy, correlation_id, traceparent;
  std::vector<std::string> domains;  // "TYPE=DOMAIN[,DOMAIN…]"
  int version = 0;
  int priority = 0;
};

// Shared: the chosen action outlives the parse.
std::shared_ptr<StartArguments> AddStartArguments(CLI::App& command);

// INVALID_ARGUMENT: a file cannot be read, a domain of another form.
absl::StatusOr<v1::StartRequest> ToRequest(const StartArguments& arguments,
                                           const std::string& name_space);

}  // namespace skald::app
