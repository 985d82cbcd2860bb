// TimerHeap: the earliest of many moments, one per entry. Entries are part of what they wake, so
// that setting, moving and removing one allocates nothing and costs O(log n).
//
// Single-threaded. Does not own its entries: remove an entry before it dies. Entries due at the
// same moment come out in the order in which they were set.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/core/types.h"

namespace skald::runtime {

// Base of what can be put into a heap.
class HeapEntry {
 public:
  HeapEntry() = default;
  HeapEntry(const HeapEntry&) = delete;
  HeapEntry& operator=(const HeapEntry&) = delete;

  // 0 while it is in no heap.
  core::TimeUs due_at() const { return due_at_; }

 private:
  friend class TimerHeap;
  core::TimeUs due_at_ = 0;
  std::size_t position_ = 0;
};

class TimerHeap {
 public:
  // Adds the entry, or moves it. `due_at` 0 removes it.
  void Set(HeapEntry& entry, core::TimeUs due_at);
  void Remove(HeapEntry& entry);
  // Forgets all entries.
  void Clear();

  // Null when empty.
  HeapEntry* top() const { return slots_.empty() ? nullptr : slots_[0].entry; }
  // 0 when empty.
  core::TimeUs next_due_at() const { return slots_.empty() ? 0 : slots_[0].due_at; }
  std::size_t size() const { return slots_.size(); }

 private:
  struct Slot {
    core::TimeUs due_at;
    std::uint64_t order;
    HeapEntry* entry;
  };
  static bool Before(const Slot& a, const Slot& b) {
    return a.due_at != b.due_at ? a.due_at < b.due_at : a.order < b.order;
  }
  void Place(std::size_t position, const Slot& slot);
  void SiftUp(std::size_t position);
  void SiftDown(std::size_t position);

  std::uint64_t next_order_ = 0;
  std::vector<Slot> slots_;
};

}  // namespace skald::runtime
