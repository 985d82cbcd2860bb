// EchoWorkers: completes every task of the given types with its input and {"echo": <reference>}, on
// the worker library, over as many streams as the number of types needs.
//
// Serves from construction to destruction, on threads of its own.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "workers/sdk/worker.h"

namespace skald::corpus {

// The input with "echo" set, as JSON text. What is no object counts as an empty one.
std::string Echo(std::string_view input, const std::string& reference);

class EchoWorkers {
 public:
  EchoWorkers(const std::string& address, const std::set<std::string>& task_types);
  ~EchoWorkers();
  EchoWorkers(const EchoWorkers&) = delete;
  EchoWorkers& operator=(const EchoWorkers&) = delete;

 private:
  std::vector<std::unique_ptr<sdk::Worker>> workers_;
  std::vector<std::thread> threads_;
};

}  // namespace skald::corpus
