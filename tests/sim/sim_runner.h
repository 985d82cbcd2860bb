// SimRunner: runs the built-in steps of one simulated node: scripts, jq and the conditions of
// loops, with answers by chance, after a while or never.
//
// Single-threaded.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/ports/task_runner.h"

namespace skald::sim {

class World;

class SimRunner final : public ports::TaskRunner {
 public:
  // `world` outlives the runner.
  explicit SimRunner(World& world) : world_(world) {}
  ~SimRunner() override;

  std::vector<std::string> TaskTypes() const override {
    return {"INLINE", "LAMBDA", "JSON_JQ_TRANSFORM"};
  }
  std::size_t Capacity() const override { return 3; }
  void Run(ports::RunnerTask task, Done done) override;
  void Cancel(std::string_view task_id) override;

 private:
  void Answer(const std::string& task_id, ports::RunnerResult result);

  World& world_;
  std::map<std::string, Done> running_;
  // What is still to happen asks it whether the runner is there; shared with those events.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace skald::sim
