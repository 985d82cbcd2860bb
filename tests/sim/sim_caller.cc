#include "tests/sim/sim_caller.h"

#include <utility>

#include "engine/base/check.h"
#include "tests/sim/world.h"

namespace skald::sim {
namespace {

bool Says(const ports::RunnerTask& task, std::string_view text) {
  return task.input.text().find(text) != std::string_view::npos;
}

}  // namespace

SimCaller::~SimCaller() {
  *alive_ = false;
  while (!calls_.empty()) GiveUp(calls_.begin()->first, "stopped");
}

void SimCaller::Run(ports::RunnerTask task, Done done) {
  CHECK(calls_.size() < Capacity());
  const std::string id = task.task_id;
  Call& call = calls_[id];
  CHECK(call.done == nullptr);
  call = {.task = std::move(task), .done = std::move(done)};
  SimRandom& random = world_.random();
  if (!world_.calm() && random.Chance(100)) {
    world_.probes().Met(Probe::kCallWithoutAnswer);
    static_cast<void>(Carry(call.task));
    call.sent = true;
    if (random.Chance(400)) return;  // no answer will come
  }
  world_.After(random.Between(1, 2'500) * core::kMillisecondUs, [this, id, alive = alive_] {
    if (*alive) Finish(id);
  });
}

ports::RunnerResult SimCaller::Carry(const ports::RunnerTask& task) {
  const bool undoes = Says(task, "http://undo");
  if (undoes) world_.probes().Met(Probe::kUndoneByCall);
  const Ledger::Outcome outcome = undoes ? world_.ledger().Undo(task.step_key)
                                         : world_.ledger().Act(task.step_key, world_.now(), 0);
  if (outcome.verdict == core::Verdict::kRejected) {
    return {.status = core::TaskStatus::kFailed, .reason = "sealed", .effect = core::Effect::kNone};
  }
  return {.status = Says(task, R"("asyncComplete":true)") ? core::TaskStatus::kInProgress
                                                          : core::TaskStatus::kCompleted,
          .output = core::Payload(R"({"response":{"statusCode":200}})")};
}

void SimCaller::Finish(const std::string& task_id) {
  const auto found = calls_.find(task_id);
  if (found == calls_.end()) return;
  SimRandom& random = world_.random();
  if (found->second.sent || !random.Chance(world_.calm() ? 60 : 160)) {
    return Answer(task_id, Carry(found->second.task));
  }
  // The connection broke before anything was sent, or who knows when.
  const bool unknown = random.Chance(300);
  if (unknown && random.Chance(500)) static_cast<void>(Carry(found->second.task));
  Answer(task_id, {.status = core::TaskStatus::kFailed,
                   .reason = "the connection broke",
                   .effect = unknown ? core::Effect::kUnknown : core::Effect::kNone});
}

void SimCaller::GiveUp(const std::string& task_id, const char* why) {
  const auto found = calls_.find(task_id);
  if (found == calls_.end()) return;
  Answer(task_id, {.status = core::TaskStatus::kFailed,
                   .reason = why,
                   .effect = found->second.sent ? core::Effect::kUnknown : core::Effect::kNone});
}

void SimCaller::Cancel(std::string_view task_id) { GiveUp(std::string(task_id), "canceled"); }

void SimCaller::Answer(const std::string& task_id, ports::RunnerResult result) {
  const auto found = calls_.find(task_id);
  if (found == calls_.end()) return;
  const Done done = std::move(found->second.done);
  calls_.erase(found);
  done(std::move(result));
}

}  // namespace skald::sim
