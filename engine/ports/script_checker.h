// ScriptChecker: tells whether scripts parse, before a definition that has them is stored.
//
// Thread-safe. Source: conductor.md 1.6 (the script of a SWITCH or DECISION must parse).
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace skald::ports {

class ScriptChecker {
 public:
  virtual ~ScriptChecker() = default;

  // For each JavaScript text the parser's message; "" where it parses. Runs none of them. Blocks
  // for a bounded time.
  // UNAVAILABLE: nobody could tell in that time.
  virtual absl::StatusOr<std::vector<std::string>> Check(
      const std::vector<std::string>& scripts) = 0;
};

}  // namespace skald::ports
