// skald_floor: server, worker and driver of the floor; skald_bench starts one process of each.
//
//   skald_floor server DATABASE_URL
//   skald_floor worker ADDRESS
//   skald_floor driver ADDRESS WORKFLOWS
#include <cstdint>
#include <iostream>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "tests/bench/floor_client.h"
#include "tests/bench/floor_server.h"

namespace {

absl::Status Run(const std::vector<std::string>& arguments) {
  if (arguments.size() == 2 && arguments[0] == "server") {
    return skald::bench::RunFloorServer(arguments[1]);
  }
  if (arguments.size() == 2 && arguments[0] == "worker") {
    return skald::bench::RunFloorWorker(arguments[1]);
  }
  uint32_t workflows = 0;
  if (arguments.size() == 3 && arguments[0] == "driver" &&
      absl::SimpleAtoi(arguments[2], &workflows)) {
    return skald::bench::RunFloorDriver(arguments[1], workflows);
  }
  return absl::InvalidArgumentError(
      "usage: skald_floor server DATABASE_URL | worker ADDRESS | driver ADDRESS WORKFLOWS");
}

}  // namespace

int main(int argc, char** argv) {
  const absl::Status status = Run(std::vector<std::string>(argv + 1, argv + argc));
  if (!status.ok()) {
    std::cerr << "skald_floor: " << status << std::endl;
    return 1;
  }
  return 0;
}
