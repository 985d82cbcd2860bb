#include "engine/grpc/watch_stream.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>
#include <variant>

#include "engine/base/status.h"
#include "engine/grpc/api_status.h"
#include "engine/grpc/convert.h"
#include "engine/runtime/batch.h"

namespace skald::grpc_edge {
namespace {

void AddEvent(const core::Event& event, const core::MaskedFields& masked,
              v1::WatchResponse::Notice& notice) {
  ToProto(event, masked, *notice.add_events());
  if (const auto* ended = std::get_if<core::WorkflowEnded>(&event.body)) {
    notice.set_ended_as(ToProto(ended->status));
    notice.set_saga_status(ToProto(ended->saga_status));
  }
}

std::size_t RoughBytes(const runtime::Notice& notice) {
  std::size_t bytes = 0;
  for (const core::Event& event : notice.events) bytes += runtime::RoughBytes(event);
  return bytes;
}

std::size_t RoughBytes(const std::vector<runtime::Notice>& notices) {
  std::size_t bytes = 0;
  for (const runtime::Notice& notice : notices) bytes += RoughBytes(notice);
  return bytes;
}

// After an end, by a person or a parent.
bool GoesOn(const core::Event& event) {
  return std::holds_alternative<core::WorkflowReopened>(event.body) ||
         std::holds_alternative<core::SagaFaulted>(event.body);
}

}  // namespace

void WatchQueue::Take(const core::WorkflowId& id, const core::Definition& definition,
                      const std::string& correlation_id, const std::vector<core::Event>& events) {
  v1::WatchResponse::Notice notice;
  bool ends = false;
  for (const core::Event& event : events) {
    if (options_.one_workflow && event.seq <= last_seq_) continue;
    if (options_.one_workflow) last_seq_ = event.seq;
    const bool is_end = std::holds_alternative<core::WorkflowEnded>(event.body);
    ends = (ends || is_end) && !GoesOn(event);
    if (is_end || !options_.ends_only) AddEvent(event, definition.masked, notice);
  }
  if (notice.events().empty()) return;
  notice.set_workflow_id(id.ToString());
  notice.set_correlation_id(correlation_id);
  notices_.push_back({.notice = std::move(notice)});
  if (ends && options_.one_workflow) end_ = absl::OkStatus();
}

bool WatchQueue::Tell(const std::vector<runtime::Notice>& notices) {
  base::MutexLock lock(mutex_);
  if (reactor_ == nullptr || finished_ || end_.has_value()) return false;
  const std::size_t bytes = RoughBytes(notices);
  const char* limit = nullptr;
  if (notices_.size() + early_.size() + notices.size() > kWatchNoticesMax) {
    limit = "watch_notices_max";
  } else if (pending_bytes_ + early_bytes_ + bytes > kWatchBytesMax) {
    limit = "watch_bytes_max";
  }
  if (limit != nullptr) {
    end_ = runtime::OverloadError(limit, "the watcher reads too slowly");
    DropPending();
    MaybeWrite();
    return false;
  }
  if (!caught_up_) {
    early_.insert(early_.end(), notices.begin(), notices.end());
    early_bytes_ += bytes;
    return true;
  }
  for (const runtime::Notice& notice : notices) TakeTold(notice);
  MaybeWrite();
  return true;
}

void WatchQueue::TakeTold(const runtime::Notice& notice) {
  const std::size_t bytes = RoughBytes(notice);
  const std::size_t count = notices_.size();
  Take(notice.id, *notice.definition, notice.correlation_id, notice.events);
  if (notices_.size() == count) return;
  notices_.back().told_bytes = bytes;
  pending_bytes_ += bytes;
}

void WatchQueue::TakeEarly() {
  caught_up_ = true;
  for (const runtime::Notice& notice : early_) TakeTold(notice);
  early_.clear();
  early_bytes_ = 0;
}

void WatchQueue::DropPending() {
  notices_.clear();
  early_.clear();
  pending_bytes_ = early_bytes_ = 0;
}

void WatchQueue::Begin() {
  base::MutexLock lock(mutex_);
  announce_ = true;
  if (!options_.one_workflow) TakeEarly();
  MaybeWrite();
}

void WatchQueue::Catch(const runtime::WorkflowView& view, std::vector<core::Event> events) {
  base::MutexLock lock(mutex_);
  if (reactor_ == nullptr) return;
  Take(view.state.id, *view.definition, view.state.start.correlation_id, events);
  TakeEarly();
  // Asked to go on after the end: nothing more will come.
  if (core::IsTerminal(view.state.status) && !end_.has_value()) end_ = absl::OkStatus();
  MaybeWrite();
}

void WatchQueue::Fail(const absl::Status& why) {
  base::MutexLock lock(mutex_);
  if (!end_.has_value()) end_ = why;
  DropPending();
  MaybeWrite();
}

void WatchQueue::MaybeWrite() {
  if (reactor_ == nullptr || finished_ || writing_) return;
  if (!announce_ && notices_.empty()) {
    if (!end_.has_value()) return;
    finished_ = true;
    reactor_->Finish(ToGrpc(*end_));
    return;
  }
  outgoing_.Clear();
  if (announce_) {
    announce_ = false;
    outgoing_.set_watching(true);
  } else {
    const std::size_t count = std::min(notices_.size(), kNoticesPerMessageMax);
    for (std::size_t i = 0; i < count; ++i) {
      *outgoing_.add_notices() = std::move(notices_.front().notice);
      pending_bytes_ -= notices_.front().told_bytes;
      notices_.pop_front();
    }
  }
  writing_ = true;
  reactor_->StartWrite(&outgoing_);
}

void WatchQueue::OnWriteDone(bool ok) {
  base::MutexLock lock(mutex_);
  writing_ = false;
  if (!ok) {
    DropPending();
    announce_ = false;
    if (!end_.has_value()) end_ = absl::CancelledError("the stream broke");
  }
  MaybeWrite();
}

void WatchQueue::Detach() {
  base::MutexLock lock(mutex_);
  reactor_ = nullptr;
  DropPending();
}

WatchStream::WatchStream(const v1::WatchRequest& request, runtime::Engine& engine,
                         WorkflowReader& reader, BlockingPool& pool)
    : engine_(engine),
      queue_(std::make_shared<WatchQueue>(
          this, WatchQueue::Options{!request.workflow_id().empty(), request.ends_only()})) {
  auto filter = ToFilter(request);
  if (!filter.ok()) {
    queue_->Fail(filter.status());
    return;
  }
  const std::string name_space = filter->name_space;
  const core::WorkflowId id = filter->id;
  const absl::StatusOr<runtime::WatchId> watch = engine_.Watch(*std::move(filter), queue_);
  if (!watch.ok()) {
    queue_->Fail(watch.status());
    return;
  }
  watch_ = *watch;
  // The engine takes requests in order: when this one is answered, the watch is in place, and the
  // history read afterwards holds every event that the watch came too late for, those of a commit
  // that was under way included.
  if (id.is_nil()) {  // nothing is read: what is to come is enough
    engine_.CheckReady([queue = queue_](const absl::Status& /*ready*/) { queue->Begin(); });
    return;
  }
  engine_.AfterCommits([queue = queue_, &reader, &pool, name_space, id,
                        after = request.after_seq()](const absl::Status& durable) {
    if (!durable.ok()) return queue->Fail(durable);
    queue->Begin();
    const absl::Status queued = pool.Run([queue, &reader, name_space, id, after] {
      auto view = reader.ReadStored(name_space, id);
      auto events = view.ok()
                        ? reader.ReadEvents(id, after, std::numeric_limits<std::size_t>::max())
                        : absl::StatusOr<std::vector<core::Event>>(view.status());
      if (!events.ok()) {
        queue->Fail(events.status());
        return;
      }
      queue->Catch(**view, *std::move(events));
    });
    if (!queued.ok()) queue->Fail(queued);
  });
}

absl::StatusOr<runtime::WatchFilter> WatchStream::ToFilter(const v1::WatchRequest& request) {
  runtime::WatchFilter filter;
  ASSIGN_OR_RETURN(filter.name_space, ToNamespace(request.namespace_()));
  if (!request.workflow_id().empty()) {
    ASSIGN_OR_RETURN(filter.id, ToWorkflowId(request.workflow_id()));
  }
  filter.name = request.name();
  filter.correlation_id = request.correlation_id();
  filter.ends_only = request.ends_only();
  return filter;
}

void WatchStream::OnDone() {
  queue_->Detach();
  if (watch_.has_value()) engine_.Unwatch(*watch_);
  delete this;
}

}  // namespace skald::grpc_edge
