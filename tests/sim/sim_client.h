// SimClient: a client that wants one workflow: starts it (by key, by SQL or plainly, and again when
// it is not answered), troubles it while there is chaos, and brings it to an end afterwards.
//
// Single-threaded. The world outlives it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/runtime/engine.h"
#include "tests/sim/sim_person.h"
#include "tests/sim/world.h"

namespace skald::sim {

class SimClient {
 public:
  SimClient(World& world, std::size_t index);

  // The workflow has ended, or is parked for a person.
  bool finished() const { return finished_; }
  std::string Describe() const;

 private:
  void Start();
  void StartBySql();
  // True when the definition's rules may have refused the start.
  bool MayBeRefused(const absl::Status& status) const;
  void NoteRefused();
  core::Payload Domains() const;
  void StartAt(runtime::Loop& loop, bool twice);
  void OnStarted(const absl::StatusOr<runtime::Started>& started);
  void Trouble();
  void Chore();
  std::vector<core::WorkflowId> Family();
  core::WorkflowId SomeKin();
  std::shared_ptr<const core::Definition> MaybeAnotherVersion(const core::WorkflowId& id);
  core::WorkflowId SomeFailedParent();
  void Reopen();
  void Send(core::Trigger trigger);
  void SendTo(const core::WorkflowId& id, core::Trigger trigger);
  void Care();
  void CareFor(const core::WorkflowId& id);
  void Look(const runtime::WorkflowView& view);
  void CheckStore();
  core::OperateSaga Operation();
  runtime::Loop* SomeNode();

  World& world_;
  const std::size_t index_;
  core::WorkflowId id_;
  std::shared_ptr<const core::Definition> definition_;
  std::string input_;
  std::int32_t priority_ = 0;
  bool by_sql_ = false;
  bool asked_ = false;  // a start was sent before
  bool started_ = false;
  bool refused_ = false;  // by the rules of the definition
  bool finished_ = false;
  int turns_waited_ = 0;  // looks at it while it waited for its turn
  std::size_t node_ = 0;  // that answered last
  std::size_t cares_ = 0;
  SimPerson person_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // shared with answers under way
};

}  // namespace skald::sim
