// SimCaller: runs the HTTP and GRPC steps of one simulated node: calls of services whose effects
// the ledger keeps, which know a call by its step's key. They fail, take their time, take effect
// without an answer, or never answer.
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

class SimCaller final : public ports::TaskRunner {
 public:
  // `world` outlives the caller.
  explicit SimCaller(World& world) : world_(world) {}
  ~SimCaller() override;

  std::vector<std::string> TaskTypes() const override { return {"HTTP", "GRPC"}; }
  std::size_t Capacity() const override { return 4; }
  void Run(ports::RunnerTask task, Done done) override;
  void Cancel(std::string_view task_id) override;

 private:
  struct Call {
    ports::RunnerTask task;
    Done done;
    bool sent = false;  // it took effect, and the answer is still to come
  };

  // What the service does.
  ports::RunnerResult Carry(const ports::RunnerTask& task);
  void Finish(const std::string& task_id);
  void Answer(const std::string& task_id, ports::RunnerResult result);
  void GiveUp(const std::string& task_id, const char* why);

  World& world_;
  std::map<std::string, Call> calls_;
  // What is still to happen asks it whether the caller is there; shared with those events.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace skald::sim
