#include "engine/runtime/timer_heap.h"

#include <algorithm>

namespace skald::runtime {
namespace {

// Four children: half the depth of a binary heap, and siblings share a cache line or two.
constexpr std::size_t kArity = 4;

}  // namespace

void TimerHeap::Place(std::size_t position, const Slot& slot) {
  slots_[position] = slot;
  slot.entry->position_ = position;
}

void TimerHeap::SiftUp(std::size_t position) {
  const Slot slot = slots_[position];
  while (position > 0) {
    const std::size_t parent = (position - 1) / kArity;
    if (!Before(slot, slots_[parent])) break;
    Place(position, slots_[parent]);
    position = parent;
  }
  Place(position, slot);
}

void TimerHeap::SiftDown(std::size_t position) {
  const Slot slot = slots_[position];
  while (true) {
    const std::size_t first = position * kArity + 1;
    if (first >= slots_.size()) break;
    std::size_t least = first;
    const std::size_t last = std::min(first + kArity, slots_.size());
    for (std::size_t child = first + 1; child < last; ++child) {
      if (Before(slots_[child], slots_[least])) least = child;
    }
    if (!Before(slots_[least], slot)) break;
    Place(position, slots_[least]);
    position = least;
  }
  Place(position, slot);
}

void TimerHeap::Set(HeapEntry& entry, core::TimeUs due_at) {
  if (entry.due_at_ == due_at) return;
  if (due_at == 0) return Remove(entry);
  const bool fresh = entry.due_at_ == 0;
  const bool earlier = fresh || due_at < entry.due_at_;
  entry.due_at_ = due_at;
  const Slot slot{due_at, next_order_++, &entry};
  if (fresh) {
    slots_.push_back(slot);
    entry.position_ = slots_.size() - 1;
  } else {
    slots_[entry.position_] = slot;
  }
  if (earlier) {
    SiftUp(entry.position_);
  } else {
    SiftDown(entry.position_);
  }
}

void TimerHeap::Remove(HeapEntry& entry) {
  if (entry.due_at_ == 0) return;
  const std::size_t position = entry.position_;
  entry.due_at_ = 0;
  const Slot last = slots_.back();
  slots_.pop_back();
  if (last.entry == &entry) return;
  Place(position, last);
  SiftUp(position);
  SiftDown(last.entry->position_);
}

void TimerHeap::Clear() {
  for (const Slot& slot : slots_) slot.entry->due_at_ = 0;
  slots_.clear();
}

}  // namespace skald::runtime
