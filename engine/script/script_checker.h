// ScriptChecker: has scripts parsed by a host, as one more evaluation of a runner of scripts.
//
// Thread-safe. Bounds: kCheckMsMax for all scripts of one call, kCheckWaitMsMax of waiting for a
// host.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/ports/script_checker.h"
#include "engine/ports/task_runner.h"
#include "engine/script/limits.h"

namespace skald::script {

class ScriptChecker final : public ports::ScriptChecker {
 public:
  // `runner` runs INLINE tasks, and outlives the checker.
  explicit ScriptChecker(ports::TaskRunner& runner, std::uint32_t wait_ms_max = kCheckWaitMsMax)
      : runner_(runner), wait_ms_max_(wait_ms_max) {}

  absl::StatusOr<std::vector<std::string>> Check(const std::vector<std::string>& scripts) override;

 private:
  ports::TaskRunner& runner_;
  const std::uint32_t wait_ms_max_;
  std::atomic<std::uint64_t> last_{0};
};

}  // namespace skald::script
