// LoadFence: tells whether something that was read from the journal may be out of date, because the
// workflow was in memory and left it again while the question was under way.
//
// Single-threaded. Remembers ids only while questions are under way. Each question has its own
// ticket: what left before it began does not concern it, however many others overlap.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>

#include "absl/container/flat_hash_map.h"
#include "engine/core/types.h"

namespace skald::runtime {

class LoadFence {
 public:
  using Ticket = std::uint64_t;

  Ticket Begin() {
    under_way_.insert(next_);
    return next_++;
  }
  void End(Ticket ticket) {
    under_way_.erase(ticket);
    if (under_way_.empty()) {
      left_.clear();
    } else if (left_.size() >= kSweepAt) {
      absl::erase_if(left_, [&](const auto& left) { return left.second <= *under_way_.begin(); });
    }
  }
  void NoteLeft(const core::WorkflowId& id) {
    if (!under_way_.empty()) left_[id] = next_;
  }
  bool LeftSince(Ticket ticket, const core::WorkflowId& id) const {
    const auto left = left_.find(id);
    return left != left_.end() && left->second > ticket;
  }
  void Reset() {
    under_way_.clear();
    left_.clear();
  }

 private:
  static constexpr std::size_t kSweepAt = 10'000;

  Ticket next_ = 1;
  std::set<Ticket> under_way_;
  // The ticket that was next when the workflow left.
  absl::flat_hash_map<core::WorkflowId, Ticket> left_;
};

}  // namespace skald::runtime
