// ParkedClient: fills an engine with workflows that sleep. Single-threaded, every call blocks.
#pragma once

#include <grpcpp/channel.h>

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace skald::bench {

class ParkedClient {
 public:
  explicit ParkedClient(const std::string& address);

  // Returns once the engine says that it is ready; DEADLINE_EXCEEDED after two minutes.
  absl::Status AwaitReady();

  // Starts `workflows` workflows, half of which wait for a signal and half for an hour.
  absl::Status Start(uint32_t workflows);

  // Waits until the engine holds at most `active_max` workflows in memory and returns how many it
  // holds; DEADLINE_EXCEEDED after two minutes.
  absl::StatusOr<uint64_t> AwaitParked(uint64_t active_max);

 private:
  std::shared_ptr<grpc::Channel> channel_;
};

}  // namespace skald::bench
