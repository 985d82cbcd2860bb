// StartIntake: carries out the starts that applications asked for in SQL.
//
// The journal announces them; they are read, begun under the id that the application got, and go
// away with the batch that holds the start. A request that can never be carried out (its definition
// was deleted meanwhile) is refused: the store keeps it aside with the reason. Single-threaded,
// works on the LoopState it is given.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/runtime/client_desk.h"
#include "engine/runtime/loop_state.h"

namespace skald::runtime {

class StartIntake {
 public:
  StartIntake(LoopState& state, ClientDesk& clients) : state_(state), clients_(clients) {}
  ~StartIntake();

  // Listens from now on, until it is destroyed.
  void Listen();
  // A shard is served from now on: its requests are read.
  void Serve(const ports::Shard& shard);
  void Forget();

  void Tick();
  core::TimeUs next_wake_at() const { return retry_at_; }

 private:
  struct Source {
    ports::SlotRange slots;
    bool wanted = false;
    bool asking = false;
  };
  struct Resolved {
    ports::StartRequest request;
    absl::StatusOr<std::shared_ptr<const core::Definition>> definition;
  };
  void Ask(std::int32_t shard_id, Source& source);
  void OnRead(std::int32_t shard_id, std::size_t rows_asked,
              absl::StatusOr<std::vector<Resolved>> requests);
  // False: it has to be tried again soon.
  bool Begin(Resolved resolved);
  void Refuse(const core::WorkflowId& id, const absl::Status& why);

  LoopState& state_;
  ClientDesk& clients_;
  std::map<std::int32_t, Source> sources_;
  // Begun, and perhaps still to be seen by a read: a read that began before their batch was durable
  // shows them again.
  std::map<core::WorkflowId, BatchNumber> begun_;
  std::set<core::WorkflowId> refusing_;  // on the way to the store
  core::TimeUs retry_at_ = 0;
  bool listening_ = false;
};

}  // namespace skald::runtime
