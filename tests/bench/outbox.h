// Outbox: what waits to be written to one gRPC stream, where one write may be under way at a time.
//
// While a write is under way, further messages are merged into one, so a busy stream sends few,
// large messages and an idle one sends at once. Thread-safe. The bound is the caller's: each
// message in an outbox belongs to a workflow in flight, whose number the driver limits.
//
//   if (Batch* next = outbox.Put(std::move(batch))) StartWrite(next);
//   void OnWriteDone(bool) { if (Batch* next = outbox.WriteDone()) StartWrite(next); }
#pragma once

#include <utility>

#include "engine/base/mutex.h"

namespace skald::bench {

// `Message` needs Append(Message& into, Message&& from), found by argument-dependent lookup.
template <typename Message>
class Outbox {
 public:
  // Returns the message to write now, or null when a write is under way. The pointer stays valid
  // until WriteDone.
  Message* Put(Message&& message) {
    base::MutexLock lock(mutex_);
    if (writing_) {
      Append(pending_, std::move(message));
      has_pending_ = true;
      return nullptr;
    }
    writing_ = true;
    current_ = std::move(message);
    return &current_;
  }

  // To be called when a write has ended. Returns the next message to write, or null.
  Message* WriteDone() {
    base::MutexLock lock(mutex_);
    if (!has_pending_) {
      writing_ = false;
      return nullptr;
    }
    current_.Clear();
    std::swap(current_, pending_);
    has_pending_ = false;
    return &current_;
  }

 private:
  base::Mutex mutex_;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool has_pending_ ABSL_GUARDED_BY(mutex_) = false;
  Message current_ ABSL_GUARDED_BY(mutex_);
  Message pending_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace skald::bench
