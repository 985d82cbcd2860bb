#include "engine/runtime/start_intake.h"

#include <memory>
#include <string>
#include <utility>

#include "engine/base/log.h"
#include "engine/runtime/limits.h"

namespace skald::runtime {
namespace {

// Overload and an unreachable store pass; anything else would be the same for ever.
bool MayPass(const absl::Status& status) {
  return status.ok() || absl::IsUnavailable(status) || absl::IsResourceExhausted(status) ||
         absl::IsUnknown(status) || absl::IsAborted(status) || absl::IsCancelled(status) ||
         absl::IsDeadlineExceeded(status);
}

}  // namespace

StartIntake::~StartIntake() {
  if (listening_) state_.journal.OnStartRequest(nullptr);
}

void StartIntake::Listen() {
  listening_ = true;
  state_.journal.OnStartRequest([this, inbox = state_.inbox] {
    inbox->PostCompletion([this] {
      for (auto& [shard_id, source] : sources_) source.wanted = true;
    });
  });
}

void StartIntake::Serve(const ports::Shard& shard) {
  sources_[shard.shard_id] = {.slots = shard.slots, .wanted = true};
}

void StartIntake::Forget() {
  sources_.clear();
  begun_.clear();
  refusing_.clear();
  retry_at_ = 0;
}

void StartIntake::Tick() {
  if (retry_at_ != 0 && retry_at_ <= state_.now) {
    retry_at_ = 0;
    for (auto& [shard_id, source] : sources_) source.wanted = true;
  }
  for (auto& [shard_id, source] : sources_) {
    if (source.wanted && !source.asking) Ask(shard_id, source);
  }
}

void StartIntake::Ask(std::int32_t shard_id, Source& source) {
  source.wanted = false;
  source.asking = true;
  // A read that begins now does not see requests whose batch is durable: those may be forgotten,
  // unless another read is still under way.
  bool others_asking = false;
  for (const auto& [id, other] : sources_) others_asking |= id != shard_id && other.asking;
  if (!others_asking) {
    std::erase_if(begun_, [&](const auto& begun) {
      return begun.second <= state_.committer.durable_batch();
    });
  }
  const std::size_t rows_asked = kStartRequestsPageSize + refusing_.size() + begun_.size();
  state_.journal.LoadStartRequests(
      source.slots, rows_asked,
      [this, shard_id, rows_asked, generation = state_.generation, inbox = state_.inbox,
       find =
           state_.definition_by_name](absl::StatusOr<std::vector<ports::StartRequest>> requests) {
        absl::StatusOr<std::vector<Resolved>> resolved = std::vector<Resolved>();
        if (!requests.ok()) resolved = requests.status();
        for (std::size_t i = 0; requests.ok() && i < requests->size(); ++i) {
          ports::StartRequest& request = (*requests)[i];
          auto definition = find(request.name_space, request.name, request.version);
          resolved->push_back({std::move(request), std::move(definition)});
        }
        inbox->PostCompletion(
            [this, shard_id, rows_asked, generation, resolved = std::move(resolved)]() mutable {
              if (generation != state_.generation) return;
              OnRead(shard_id, rows_asked, std::move(resolved));
            });
      });
}

void StartIntake::OnRead(std::int32_t shard_id, std::size_t rows_asked,
                         absl::StatusOr<std::vector<Resolved>> requests) {
  Source& source = sources_[shard_id];
  source.asking = false;
  bool retry = !requests.ok();
  if (requests.ok()) {
    source.wanted |= requests->size() >= rows_asked;
    for (Resolved& resolved : *requests) retry |= !Begin(std::move(resolved));
  }
  if (retry) retry_at_ = state_.now + kJournalRetryUs;
}

bool StartIntake::Begin(Resolved resolved) {
  ports::StartRequest& request = resolved.request;
  if (begun_.contains(request.id) || state_.shards.Find(request.id) != nullptr) return true;
  if (!resolved.definition.ok()) {
    if (MayPass(resolved.definition.status())) return false;
    Refuse(request.id, resolved.definition.status());
    return true;
  }
  StartRequest start;
  start.name_space = request.name_space;
  start.definition = *resolved.definition;
  start.start = {.id = request.id,
                 .input = core::Payload(std::move(request.input)),
                 .correlation_id = std::move(request.correlation_id),
                 .idempotency_key = std::move(request.idempotency_key),
                 .priority = request.priority,
                 .traceparent = std::move(request.traceparent),
                 .task_to_domain = core::Payload(std::move(request.task_to_domain))};
  start.consumes_start_request = true;
  const core::WorkflowId id = request.id;
  // What cannot begin is answered before the call returns.
  const auto outcome = std::make_shared<absl::Status>();
  clients_.Start(std::move(start), [id, outcome](const absl::StatusOr<Started>& started) {
    *outcome = started.status();
    if (started.ok() || absl::IsUnavailable(started.status())) return;
    base::LogWarn("start_request.delayed",
                  {{"workflow", id.ToString()}, {"status", started.status().ToString()}});
  });
  if (const Workflow* workflow = state_.shards.Find(id); workflow != nullptr) {
    begun_[id] = workflow->last_batch;
    return true;
  }
  if (MayPass(*outcome)) return false;
  Refuse(id, *outcome);
  return true;
}

void StartIntake::Refuse(const core::WorkflowId& id, const absl::Status& why) {
  if (!refusing_.insert(id).second) return;
  base::LogError("start_request.refused",
                 {{"workflow", id.ToString()}, {"status", why.ToString()}});
  state_.metrics.StartRequestRefused();
  state_.journal.RefuseStartRequest(
      id, std::string(why.message()),
      [this, id, generation = state_.generation, inbox = state_.inbox](absl::Status status) {
        inbox->PostCompletion([this, id, generation, status = std::move(status)] {
          if (generation != state_.generation) return;
          refusing_.erase(id);
          // It is read again, and refused again.
          if (!status.ok()) retry_at_ = state_.now + kJournalRetryUs;
        });
      });
}

}  // namespace skald::runtime
