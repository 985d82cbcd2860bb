// SimPerson: what people do to running workflows beside starting and ending them: messages,
// updates, skips, variables; and the answers to what waits for somebody.
//
// Every trigger carries a marker of its own, by which the verdict finds it in the history: an
// actor, or a message's id. Single-threaded. The world outlives it.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/runtime/engine.h"
#include "tests/sim/world.h"

namespace skald::sim {

class SimPerson {
 public:
  // Finds a node to talk to; null when there is none.
  using FindNode = std::function<runtime::Loop*()>;
  SimPerson(World& world, std::size_t index, FindNode find_node)
      : world_(world), index_(index), find_node_(std::move(find_node)) {}
  ~SimPerson() { *alive_ = false; }

  // One of them, by chance.
  void Chore(const core::WorkflowId& id, const core::Definition& definition);
  // One verb for all of them at the same moment, whatever they are doing.
  void Bulk(const std::vector<core::WorkflowId>& ids, const core::Definition& definition);
  // Takes what has ended out of the store; what has not is refused.
  void Delete(const core::WorkflowId& id);
  // Ends what waits in the workflow: all of it, or each by that chance.
  void AnswerWaiting(const runtime::WorkflowView& view, unsigned per_mille);

 private:
  std::string Marker();
  void Send(const core::WorkflowId& id, core::Trigger trigger, const std::string& marker);
  void SendMessage(const core::WorkflowId& id);
  void SendAgain(const core::WorkflowId& id, core::SendMessage message);
  void Upgrade(const core::WorkflowId& id, const core::Definition& definition);
  void Skip(const core::WorkflowId& id, const core::Definition& definition);
  void Answer(const runtime::WorkflowView& view, const core::Task& task);
  void Update(const runtime::WorkflowView& view, const core::Task& task);

  World& world_;
  const std::size_t index_;
  const FindNode find_node_;
  int markers_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // shared with answers under way
};

}  // namespace skald::sim
