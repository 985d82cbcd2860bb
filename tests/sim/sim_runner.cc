#include "tests/sim/sim_runner.h"

#include <utility>

#include "engine/base/check.h"
#include "tests/sim/world.h"

namespace skald::sim {
namespace {

ports::RunnerResult ResultByChance(SimRandom& random) {
  if (random.Chance(60)) {
    return {.status = core::TaskStatus::kFailed, .reason = "the script threw"};
  }
  // Conditions hold less often than not, so that loops end.
  return {.output = core::Payload(random.Chance(400) ? R"({"result":true})" : R"({"result":0})")};
}

}  // namespace

SimRunner::~SimRunner() {
  *alive_ = false;
  while (!running_.empty()) {
    Answer(running_.begin()->first, {.status = core::TaskStatus::kFailed, .reason = "stopped"});
  }
}

void SimRunner::Run(ports::RunnerTask task, Done done) {
  CHECK(running_.size() < Capacity());
  const std::string id = task.task_id;
  CHECK(running_.emplace(id, std::move(done)).second);
  SimRandom& random = world_.random();
  if (random.Chance(200)) return Answer(id, ResultByChance(random));
  // One that never answers keeps its place until the engine asks it to stop.
  if (!world_.calm() && random.Chance(30)) return;
  world_.After(random.Between(1, 3'000) * core::kMillisecondUs,
               [this, id, alive = alive_, result = ResultByChance(random)] {
                 if (*alive) Answer(id, result);
               });
}

void SimRunner::Cancel(std::string_view task_id) {
  Answer(std::string(task_id), {.status = core::TaskStatus::kFailed, .reason = "canceled"});
}

void SimRunner::Answer(const std::string& task_id, ports::RunnerResult result) {
  const auto found = running_.find(task_id);
  if (found == running_.end()) return;
  const Done done = std::move(found->second);
  running_.erase(found);
  done(std::move(result));
}

}  // namespace skald::sim
