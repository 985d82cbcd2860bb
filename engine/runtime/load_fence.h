// LoadFence: tells whether something that was read from the journal may be out of date, because the
// workflow was in memory and left it again while the question was under way.
//
// Single-threaded. Remembers ids only while questions are under way.
#pragma once

#include <cstddef>

#include "absl/container/flat_hash_set.h"
#include "engine/core/types.h"

namespace skald::runtime {

class LoadFence {
 public:
  void Begin() { ++under_way_; }
  void End() {
    if (--under_way_ == 0) left_.clear();
  }
  void NoteLeft(const core::WorkflowId& id) {
    if (under_way_ > 0) left_.insert(id);
  }
  bool LeftSinceBegin(const core::WorkflowId& id) const { return left_.contains(id); }
  void Reset() {
    under_way_ = 0;
    left_.clear();
  }

  // Calls End when the answer has been used.
  class Ender {
   public:
    explicit Ender(LoadFence& fence) : fence_(fence) {}
    ~Ender() { fence_.End(); }
    Ender(const Ender&) = delete;
    Ender& operator=(const Ender&) = delete;

   private:
    LoadFence& fence_;
  };

 private:
  std::size_t under_way_ = 0;
  absl::flat_hash_set<core::WorkflowId> left_;
};

}  // namespace skald::runtime
