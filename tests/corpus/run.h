// Registers and runs the whole corpus on a server, in the manner in which the reference was driven.
//
// Single-threaded. Errors: what keeps the run as a whole from being made; what a server answers to
// one definition is its outcome.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/corpus/corpus.h"
#include "tests/e2e/server.h"
#include <boost/json.hpp>

namespace skald::corpus {

struct RunSettings {
  std::string server_address;  // for the workers
  std::string echo_address;    // where HTTP steps lead to
  // Definitions that the reference had and the corpus has not; registered only.
  std::vector<boost::json::object> others;
};

// One outcome per case, in their order.
absl::StatusOr<std::vector<Outcome>> RunCorpus(const testing::Api& api,
                                               const std::vector<Case>& cases,
                                               const RunSettings& settings);

}  // namespace skald::corpus
