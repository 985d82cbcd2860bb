#include "engine/grpc/worker_stream.h"

#include <utility>
#include <vector>

#include "engine/base/log.h"
#include "engine/base/status.h"
#include "engine/grpc/worker_requests.h"
#include "engine/grpc/worker_service.h"

namespace skald::grpc_edge {
WorkerStream::WorkerStream(WorkerHub& hub, runtime::Engine& engine, const StreamOptions& options)
    : hub_(hub),
      engine_(engine),
      options_(options),
      writer_(std::make_shared<StreamWriter>(this)),
      last_heard_ms_(MonotonicMs()),
      opened_ms_(last_heard_ms_),
      last_ping_ms_(last_heard_ms_) {
  hub_.Add(this);
  StartRead(&request_);
}

void WorkerStream::OnReadDone(bool ok) {
  if (!ok) {
    // The worker closed its half, the connection broke, or the bytes were no message: gRPC does not
    // tell which, and only the first is right, after a drain.
    writer_->Close(drained_ ? absl::OkStatus()
                            : absl::InvalidArgumentError(
                                  greeted_ ? "the stream ended without a drain, or a message on it "
                                             "was no WorkRequest"
                                           : "hello: expected in the first message"));
    return;
  }
  last_heard_ms_ = MonotonicMs();
  const absl::Status status = Handle(request_);
  if (!status.ok()) {
    base::LogWarn("worker.refused", {{"error", status.message()}});
    writer_->Close(status);
    return;
  }
  request_.Clear();
  StartRead(&request_);
}

void WorkerStream::OnWriteDone(bool ok) { writer_->OnWriteDone(ok); }

void WorkerStream::OnCancel() { writer_->Close(absl::CancelledError("the stream was cancelled")); }

void WorkerStream::OnDone() {
  hub_.Remove(this);
  writer_->Detach();
  if (const runtime::SessionId session = session_; session != 0) engine_.Detach(session);
  delete this;
}

void WorkerStream::Tick(std::int64_t now_ms) {
  const std::int64_t silent_ms = now_ms - last_heard_ms_;
  const std::int64_t bound_ms =
      std::int64_t{options_.ping_interval_ms} * options_.silent_intervals_max;
  if (!greeted_) {
    if (now_ms - opened_ms_ >= options_.hello_timeout_ms) {
      writer_->Close(absl::DeadlineExceededError("no hello came"));
    }
    return;
  }
  if (silent_ms >= bound_ms) {
    writer_->Close(absl::DeadlineExceededError("nothing was heard for three ping intervals"));
    return;
  }
  if (now_ms - last_ping_ms_ < options_.ping_interval_ms) return;
  last_ping_ms_ = now_ms;
  writer_->Ping(++ping_nonce_);
}

absl::Status WorkerStream::Begin(const v1::Hello& hello) {
  ASSIGN_OR_RETURN(runtime::WorkerHello greeting, ToHello(hello, options_.task_lease_ms));
  const core::DurationUs lease_us = greeting.lease_us;
  // Before Attach, so that nothing can be written ahead of it.
  writer_->Welcome(hub_.Welcome(lease_us));
  ASSIGN_OR_RETURN(const runtime::SessionId session, engine_.Attach(std::move(greeting), writer_));
  session_ = session;
  greeted_ = true;
  return absl::OkStatus();
}

absl::Status WorkerStream::Handle(const v1::WorkRequest& request) {
  if (request.has_hello() == greeted_) {
    return absl::InvalidArgumentError(greeted_ ? "hello: only in the first message"
                                               : "hello: expected in the first message");
  }
  RETURN_IF_ERROR(CheckBounds(request));
  if (request.has_hello()) RETURN_IF_ERROR(Begin(request.hello()));
  RETURN_IF_ERROR(HandleReceived(request));
  HandleResults(request);
  RETURN_IF_ERROR(HandleHeartbeats(request));
  hub_.Keep(request.logs());
  if (request.has_credits()) engine_.SetCredits(session_, request.credits());
  if (request.has_ping()) writer_->Pong(request.ping().nonce());
  if (request.drain() && !drained_) {
    drained_ = true;
    engine_.Drain(session_);
  }
  return absl::OkStatus();
}

absl::Status WorkerStream::HandleReceived(const v1::WorkRequest& request) {
  if (request.received().empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(std::vector<runtime::TaskKey> tasks, ToReceived(request));
  engine_.Received(session_, std::move(tasks));
  return absl::OkStatus();
}

void WorkerStream::HandleResults(const v1::WorkRequest& request) {
  if (request.results().empty()) return;
  ReadResults read = ToResults(request);
  for (const RefusedResult& refused : read.refused) writer_->Refuse(refused.task, refused.why);
  std::vector<runtime::Receipt> refused = engine_.Report(session_, std::move(read.results));
  if (!refused.empty()) writer_->Answer(std::move(refused));
}

absl::Status WorkerStream::HandleHeartbeats(const v1::WorkRequest& request) {
  if (request.heartbeats().empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(std::vector<runtime::Beat> beats, ToBeats(request));
  engine_.Heartbeat(session_, std::move(beats));
  return absl::OkStatus();
}

}  // namespace skald::grpc_edge
