#include "engine/grpc/worker_stream.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/base/log.h"
#include "engine/base/status.h"
#include "engine/core/limits.h"
#include "engine/grpc/convert.h"
#include "engine/grpc/worker_service.h"

namespace skald::grpc_edge {
namespace {

constexpr int kTaskTypesMax = 256;
constexpr std::uint32_t kCreditsMax = 100'000;
constexpr std::uint32_t kLeaseMsMin = 1'000;
constexpr std::uint32_t kLeaseMsMax = 3'600'000;
constexpr std::uint32_t kLeaseMsDefault = 30'000;
constexpr std::size_t kProgressMessageBytesMax = 1'024;

absl::Status CheckText(absl::string_view field, const std::string& text, std::size_t bytes_max) {
  if (!text.empty() && text.size() <= bytes_max) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("hello.", field, ": ", text.size(), " bytes, 1 to ", bytes_max, " expected"));
}

absl::Status CheckRange(absl::string_view field, std::uint64_t value, std::uint64_t min,
                        std::uint64_t max) {
  if (value >= min && value <= max) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(field, ": ", value, ", ", min, " to ", max, " expected"));
}

absl::Status CheckCounts(const v1::WorkRequest& request) {
  constexpr auto kMax = static_cast<int>(kEntriesPerMessageMax);
  const int largest = std::max({request.received_size(), request.results_size(),
                                request.heartbeats_size(), request.logs_size()});
  return CheckRange("entries of one kind in a message", static_cast<std::uint64_t>(largest), 0,
                    kMax);
}

absl::StatusOr<runtime::WorkerHello> ToHello(const v1::Hello& hello) {
  runtime::WorkerHello result;
  ASSIGN_OR_RETURN(result.name_space, ToNamespace(hello.namespace_()));
  RETURN_IF_ERROR(CheckText("worker_id", hello.worker_id(), core::kNameBytesMax));
  RETURN_IF_ERROR(CheckText("incarnation", hello.incarnation(), 64));
  RETURN_IF_ERROR(CheckRange("hello.task_types", static_cast<std::uint64_t>(hello.task_types_size()),
                             1, kTaskTypesMax));
  RETURN_IF_ERROR(CheckRange("hello.credits", hello.credits(), 1, kCreditsMax));
  RETURN_IF_ERROR(CheckRange("hello.held", static_cast<std::uint64_t>(hello.held_size()), 0,
                             kCreditsMax));
  const std::uint32_t lease_ms = hello.lease_ms() == 0 ? kLeaseMsDefault : hello.lease_ms();
  RETURN_IF_ERROR(CheckRange("hello.lease_ms", lease_ms, kLeaseMsMin, kLeaseMsMax));
  result.worker_id = hello.worker_id();
  result.incarnation = hello.incarnation();
  result.credits = hello.credits();
  result.lease_us = core::DurationUs{lease_ms} * core::kMillisecondUs;
  for (const v1::TaskTypeOffer& offer : hello.task_types()) {
    RETURN_IF_ERROR(CheckText("task_types.task_type", offer.task_type(), core::kNameBytesMax));
    if (!offer.domain().empty()) {
      RETURN_IF_ERROR(CheckText("task_types.domain", offer.domain(), core::kNameBytesMax));
    }
    result.task_types.push_back({offer.task_type(), offer.domain(), offer.barrier()});
  }
  for (const v1::TaskReceipt& held : hello.held()) {
    ASSIGN_OR_RETURN(runtime::TaskKey key, FromProto(held));
    result.held.push_back(key);
  }
  return result;
}

}  // namespace

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
    // The worker closed its half, or the connection broke.
    writer_->Close(absl::OkStatus());
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
  ASSIGN_OR_RETURN(runtime::WorkerHello greeting, ToHello(hello));
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
  RETURN_IF_ERROR(CheckCounts(request));
  if (request.has_hello()) RETURN_IF_ERROR(Begin(request.hello()));
  RETURN_IF_ERROR(HandleReceived(request));
  RETURN_IF_ERROR(HandleResults(request));
  RETURN_IF_ERROR(HandleHeartbeats(request));
  hub_.Keep(request.logs());
  if (request.has_credits()) {
    RETURN_IF_ERROR(CheckRange("credits", request.credits(), 0, kCreditsMax));
    engine_.SetCredits(session_, request.credits());
  }
  if (request.has_ping()) writer_->Pong(request.ping().nonce());
  if (request.drain()) engine_.Drain(session_);
  return absl::OkStatus();
}

absl::Status WorkerStream::HandleReceived(const v1::WorkRequest& request) {
  if (request.received().empty()) return absl::OkStatus();
  std::vector<runtime::TaskKey> tasks;
  tasks.reserve(static_cast<std::size_t>(request.received_size()));
  for (const v1::TaskReceipt& receipt : request.received()) {
    ASSIGN_OR_RETURN(runtime::TaskKey key, FromProto(receipt));
    tasks.push_back(key);
  }
  engine_.Received(session_, std::move(tasks));
  return absl::OkStatus();
}

absl::Status WorkerStream::HandleResults(const v1::WorkRequest& request) {
  if (request.results().empty()) return absl::OkStatus();
  std::vector<runtime::Result> results;
  results.reserve(static_cast<std::size_t>(request.results_size()));
  for (const v1::TaskResult& message : request.results()) {
    absl::StatusOr<runtime::Result> result = FromProto(message);
    if (result.ok()) {
      results.push_back(*std::move(result));
      continue;
    }
    v1::TaskReceipt task;
    task.set_task_id(message.task_id());
    task.set_fence(message.fence());
    writer_->Refuse(task, result.status());
    // The attempt did answer, but with something that cannot be kept: it fails, terminally, and
    // with an unknown effect, because what it did stands.
    auto key = FromProto(task);
    if (!key.ok()) continue;
    runtime::Result failed;
    failed.task = *key;
    failed.report.task = key->task;
    failed.report.fence = key->fence;
    failed.report.status = core::TaskStatus::kFailedWithTerminalError;
    failed.report.effect = core::Effect::kUnknown;
    failed.report.reason = absl::StrCat("the worker's result was malformed: ",
                                        result.status().message());
    results.push_back(std::move(failed));
  }
  engine_.Report(session_, std::move(results));
  return absl::OkStatus();
}

absl::Status WorkerStream::HandleHeartbeats(const v1::WorkRequest& request) {
  if (request.heartbeats().empty()) return absl::OkStatus();
  std::vector<runtime::Beat> beats;
  for (const v1::Heartbeat& heartbeat : request.heartbeats()) {
    v1::TaskReceipt receipt;
    receipt.set_task_id(heartbeat.task_id());
    receipt.set_fence(heartbeat.fence());
    ASSIGN_OR_RETURN(runtime::TaskKey key, FromProto(receipt));
    beats.push_back({key, std::min<std::uint32_t>(heartbeat.progress_percent(), 100),
                     heartbeat.progress_message().substr(0, kProgressMessageBytesMax)});
  }
  engine_.Heartbeat(session_, std::move(beats));
  return absl::OkStatus();
}

}  // namespace skald::grpc_edge
