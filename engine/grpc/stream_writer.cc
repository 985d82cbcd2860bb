#include "engine/grpc/stream_writer.h"

#include <utility>

#include "engine/grpc/api_status.h"
#include "engine/grpc/convert.h"

namespace skald::grpc_edge {
namespace {

constexpr std::size_t kOverheadBytes = 300;  // ids, names and keys of one assignment, about
constexpr std::size_t kEntryBytes = 80;

std::size_t Bytes(const runtime::Assignment& assignment) {
  return kOverheadBytes + assignment.input.size() + assignment.original_input.size() +
         assignment.original_output.size();
}

bool IsFull(const v1::WorkResponse& message, std::size_t bytes) {
  return bytes >= kMessageBytesTarget ||
         static_cast<std::size_t>(message.assignments_size()) >= kAssignmentsPerMessageMax ||
         static_cast<std::size_t>(message.receipts_size()) >= kEntriesPerMessageMax ||
         static_cast<std::size_t>(message.cancels_size()) >= kEntriesPerMessageMax;
}

}  // namespace

v1::WorkResponse& StreamWriter::Room(std::size_t bytes) {
  // The front belongs to gRPC while it is being written.
  const bool back_is_closed = pending_.empty() || (writing_ && pending_.size() == 1) ||
                              IsFull(pending_.back().message, pending_.back().bytes);
  if (back_is_closed) pending_.emplace_back();
  pending_.back().bytes += bytes;
  pending_bytes_ += bytes;
  return pending_.back().message;
}

void StreamWriter::MaybeWrite() {
  if (reactor_ == nullptr || finished_ || writing_) return;
  if (pending_bytes_ > kPendingBytesMax) {
    Finish(runtime::OverloadError("pending_bytes_max", "the worker reads too slowly"));
    return;
  }
  if (pending_.empty()) {
    if (close_.has_value()) Finish(*close_);
    return;
  }
  writing_ = true;
  reactor_->StartWrite(&pending_.front().message);
}

void StreamWriter::Finish(const absl::Status& why) {
  finished_ = true;
  reactor_->Finish(ToGrpc(why));
}

void StreamWriter::OnWriteDone(bool ok) {
  base::MutexLock lock(mutex_);
  writing_ = false;
  pending_bytes_ -= pending_.front().bytes;
  pending_.pop_front();
  if (!ok) {
    // The peer is gone; the read half notices as well and the call ends there.
    pending_.clear();
    pending_bytes_ = 0;
    if (reactor_ != nullptr && !finished_) Finish(absl::CancelledError("the stream broke"));
    return;
  }
  MaybeWrite();
}

void StreamWriter::Detach() {
  base::MutexLock lock(mutex_);
  reactor_ = nullptr;
  pending_.clear();
  pending_bytes_ = 0;
}

void StreamWriter::Close(absl::Status why) {
  base::MutexLock lock(mutex_);
  if (!close_.has_value()) close_ = std::move(why);
  MaybeWrite();
}

void StreamWriter::Assign(std::vector<runtime::Assignment> assignments) {
  Deliver({}, std::move(assignments), {});
}

void StreamWriter::CancelTasks(std::vector<runtime::Cancel> cancels) {
  Deliver({}, {}, std::move(cancels));
}

void StreamWriter::Answer(std::vector<runtime::Receipt> receipts) {
  Deliver(std::move(receipts), {}, {});
}

void StreamWriter::Deliver(std::vector<runtime::Receipt> receipts,
                           std::vector<runtime::Assignment> assignments,
                           std::vector<runtime::Cancel> cancels) {
  base::MutexLock lock(mutex_);
  if (reactor_ == nullptr || finished_) return;
  for (const runtime::Receipt& receipt : receipts) {
    ToProto(receipt, *Room(kEntryBytes).add_receipts());
  }
  for (const runtime::Assignment& assignment : assignments) {
    ToProto(assignment, *Room(Bytes(assignment)).add_assignments());
  }
  for (const runtime::Cancel& cancel : cancels) {
    ToProto(cancel, *Room(kEntryBytes + cancel.reason.size()).add_cancels());
  }
  MaybeWrite();
}

void StreamWriter::Refuse(const v1::TaskReceipt& task, const absl::Status& why) {
  base::MutexLock lock(mutex_);
  v1::ResultReceipt& receipt = *Room(kEntryBytes + why.message().size()).add_receipts();
  receipt.set_task_id(task.task_id());
  receipt.set_fence(task.fence());
  receipt.set_outcome(v1::ResultReceipt::OUTCOME_INVALID);
  receipt.set_error(std::string(why.message()));
  MaybeWrite();
}

void StreamWriter::Welcome(v1::Welcome welcome) {
  base::MutexLock lock(mutex_);
  *Room(kEntryBytes).mutable_welcome() = std::move(welcome);
  MaybeWrite();
}

void StreamWriter::Ping(std::uint64_t nonce) {
  base::MutexLock lock(mutex_);
  Room(kEntryBytes).mutable_ping()->set_nonce(nonce);
  MaybeWrite();
}

void StreamWriter::Pong(std::uint64_t nonce) {
  base::MutexLock lock(mutex_);
  Room(kEntryBytes).mutable_pong()->set_nonce(nonce);
  MaybeWrite();
}

void StreamWriter::Drain() {
  base::MutexLock lock(mutex_);
  Room(kEntryBytes).set_drain(true);
  MaybeWrite();
}

}  // namespace skald::grpc_edge
