#include "workers/sdk/session.h"

#include <algorithm>
#include <limits>

#include "engine/base/log.h"
#include "fmt/format.h"
#include "workers/sdk/limits.h"
#include "workers/sdk/wire.h"

namespace skald::sdk {
namespace {

using State = HeldTask::State;

constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max() / 2;

void SetName(const TaskData& task, v1::TaskReceipt& receipt) {
  receipt.set_task_id(task.task_id);
  receipt.set_fence(task.fence);
}

bool SaysSomething(const v1::WorkRequest& request) {
  return request.received_size() > 0 || request.results_size() > 0 ||
         request.heartbeats_size() > 0 || request.logs_size() > 0 || request.has_credits() ||
         request.has_ping() || request.has_pong() || request.drain();
}

}  // namespace

Session::Session(SessionOptions options, std::vector<TypeOffer> offers)
    : options_(std::move(options)), offers_(std::move(offers)) {}

// ---- streams
// ---------------------------------------------------------------------------------------

v1::WorkRequest Session::Open(std::int64_t now_ms) {
  welcomed_ = false;
  paused_ = false;
  drain_sent_ = false;
  pongs_.clear();
  receipts_.clear();
  next_ping_ms_ = kNever;
  deaf_at_ms_ = now_ms + kWelcomeTimeoutMs;
  round_ms_ = kNever;

  v1::WorkRequest request;
  v1::Hello& hello = *request.mutable_hello();
  hello.set_worker_id(options_.worker_id);
  hello.set_incarnation(options_.incarnation);
  hello.set_namespace_(options_.name_space);
  hello.set_credits(options_.credits);
  hello.set_lease_ms(options_.lease_ms);
  hello.set_sdk(options_.sdk);
  for (const TypeOffer& offer : offers_) {
    v1::TaskTypeOffer& entry = *hello.add_task_types();
    entry.set_task_type(offer.task_type);
    entry.set_domain(options_.domain);
    entry.set_barrier(offer.barrier);
  }
  for (auto& [key, task] : tasks_) {
    SetName(task->data, *hello.add_held());
    task->receipt_sent = true;
    task->due_ms = now_ms;
    if (task->state == State::kAnswered) Queue(task);
  }
  return request;
}

void Session::MarkHeard(std::int64_t now_ms) {
  if (ping_interval_ms_ > 0) deaf_at_ms_ = now_ms + kSilentPingIntervalsMax * ping_interval_ms_;
}

void Session::Welcome(const v1::Welcome& welcome) {
  welcomed_ = true;
  lease_ms_ = std::max<std::int64_t>(welcome.lease_ms(), 1);
  ping_interval_ms_ = std::max<std::int64_t>(welcome.ping_interval_ms(), kPingIntervalMsMin);
  next_ping_ms_ = 0;
  round_ms_ = 0;
  if (welcome.max_message_bytes() > kMessageBytesSpare) {
    message_bytes_max_ = welcome.max_message_bytes();
  }
}

absl::StatusOr<Intake> Session::Receive(v1::WorkResponse& response, std::int64_t now_ms) {
  if (response.has_welcome() == welcomed_) {
    return absl::InternalError(welcomed_ ? "the server sent a second welcome"
                                         : "the server's first message was no welcome");
  }
  if (response.has_welcome()) Welcome(response.welcome());
  MarkHeard(now_ms);
  Intake intake;
  intake.node_drains = response.drain();
  for (v1::Assignment& assignment : *response.mutable_assignments()) {
    Accept(assignment, now_ms, intake);
  }
  for (const v1::ResultReceipt& receipt : response.receipts()) Acknowledge(receipt, now_ms);
  for (const v1::CancelRequest& cancel : response.cancels()) Cancel(cancel);
  if (response.has_ping()) pongs_.push_back(response.ping().nonce());
  // More than was asked for would be an unbounded queue. Twice, because the server may not know yet
  // that credits went down.
  if (held() > std::size_t{2} * options_.credits) {
    return absl::InternalError(
        fmt::format("the server assigned {} tasks for {} credits", held(), options_.credits));
  }
  return intake;
}

HeldTask* Session::Find(std::string_view task_id, std::uint64_t fence) const {
  const auto found = tasks_.find(Key{task_id, fence});
  return found == tasks_.end() ? nullptr : found->second.get();
}

void Session::Accept(v1::Assignment& assignment, std::int64_t now_ms, Intake& intake) {
  if (const auto known = tasks_.find(Key{assignment.task_id(), assignment.fence()});
      known != tasks_.end()) {
    // It came twice: say again that it is here, or what came of it.
    if (known->second->state == State::kAnswered) return Queue(known->second);
    known->second->receipt_sent = false;
    receipts_.emplace_front(now_ms, known->second);
    return;
  }
  auto task = std::make_shared<HeldTask>();
  task->data = FromProto(assignment);
  std::int64_t lease_ms = lease_ms_;
  if (task->data.response_timeout_ms > 0) {
    lease_ms = std::min<std::int64_t>(lease_ms, task->data.response_timeout_ms);
  }
  task->beat_interval_ms = std::max(lease_ms / 3, kHeartbeatIntervalMsMin);
  task->due_ms = now_ms + task->beat_interval_ms;
  Wake(task->due_ms);
  receipts_.emplace_back(now_ms + kReceiptDelayMs, task);
  tasks_.emplace(Key{task->data.task_id, task->data.fence}, task);
  intake.tasks.push_back(std::move(task));
}

void Session::Acknowledge(const v1::ResultReceipt& receipt, std::int64_t now_ms) {
  const auto found = tasks_.find(Key{receipt.task_id(), receipt.fence()});
  if (found == tasks_.end()) return;
  HeldTask& task = *found->second;
  if (task.state != State::kAnswered) return;
  if (receipt.outcome() == v1::ResultReceipt::OUTCOME_RETRY) {
    task.due_ms = now_ms + std::clamp<std::int64_t>(receipt.retry_after_ms(), kRetryAfterMsMin,
                                                    kRetryAfterMsMax);
    return Wake(task.due_ms);
  }
  if (receipt.outcome() == v1::ResultReceipt::OUTCOME_INVALID) {
    base::LogError(
        "worker.result_refused",
        {{"task", receipt.task_id()}, {"type", task.data.type}, {"error", receipt.error()}});
  }
  --answered_;
  tasks_.erase(found);
}

void Session::Cancel(const v1::CancelRequest& cancel) {
  const auto found = tasks_.find(Key{cancel.task_id(), cancel.fence()});
  if (found == tasks_.end()) return;
  const HeldTaskPtr task = found->second;
  if (task->state == State::kAnswered) return;
  task->cancel.Cancel();
  // Never begun: it had no effect, and nobody else will answer.
  if (task->Begin()) Finish(task, ToProto(task->data, Result::Cancelled(Effect::kNone)));
}

// ---- tasks
// -----------------------------------------------------------------------------------------

void Session::Finish(const HeldTaskPtr& task, v1::TaskResult answer) {
  task->answer = std::move(answer);
  task->state = State::kAnswered;
  ++answered_;
  Queue(task);
}

void Session::Queue(const HeldTaskPtr& task) {
  if (task->sending) return;
  task->sending = true;
  outbox_.push_back(task);
}

void Session::Progress(std::string_view task_id, std::uint64_t fence, int percent,
                       std::string_view message) {
  const auto found = tasks_.find(Key{task_id, fence});
  if (found == tasks_.end()) return;
  HeldTask& task = *found->second;
  task.progress_percent = std::clamp(percent, 0, 100);
  task.progress_message = std::string(message.substr(0, kProgressBytesMax));
  if (!task.progress_pending) progress_.push_back(found->second);
  task.progress_pending = true;
}

void Session::Log(std::string_view task_id, std::uint64_t fence, std::int64_t at_us,
                  std::string_view message) {
  HeldTask* task = Find(task_id, fence);
  if (task == nullptr || ++task->log_lines > kLogLinesPerTaskMax) return;
  if (logs_.size() >= kLogLinesPendingMax) logs_.pop_front();
  v1::LogEntry& entry = logs_.emplace_back();
  entry.set_task_id(std::string(task_id));
  entry.set_at_us(at_us);
  entry.set_message(std::string(message.substr(0, kLogBytesMax)));
}

void Session::CancelAll() {
  for (auto& [key, task] : tasks_) task->cancel.Cancel();
}

// ---- what is to be said
// ----------------------------------------------------------------------------

bool Session::Fill(std::int64_t now_ms, v1::WorkRequest& request) {
  if (!welcomed_) return false;
  AddReceipts(now_ms, request);
  AddHeartbeats(now_ms, request);  // before the results: it may put some back into the outbox
  AddResults(now_ms, request);
  AddLogs(request);
  AddControl(now_ms, request);
  return SaysSomething(request);
}

void Session::AddReceipts(std::int64_t now_ms, v1::WorkRequest& request) {
  while (!receipts_.empty() && receipts_.front().first <= now_ms &&
         request.received_size() < kEntriesPerMessageMax) {
    HeldTask& task = *receipts_.front().second;
    // A result says it as well.
    if (task.state != State::kAnswered && !task.receipt_sent) {
      task.receipt_sent = true;
      SetName(task.data, *request.add_received());
    }
    receipts_.pop_front();
  }
}

void Session::AddResults(std::int64_t now_ms, v1::WorkRequest& request) {
  std::size_t bytes = 0;
  const std::size_t bytes_target =
      std::min<std::size_t>(kMessageBytesTarget, message_bytes_max_ - kMessageBytesSpare);
  while (!outbox_.empty() && request.results_size() < kEntriesPerMessageMax) {
    HeldTask& task = *outbox_.front();
    ShrinkIfTooLarge(task.answer);
    const std::size_t size = task.answer.output().size() + task.answer.reason().size();
    if (bytes > 0 && bytes + size > bytes_target) break;
    bytes += size;
    *request.add_results() = task.answer;
    task.sending = false;
    task.due_ms = now_ms + lease_ms_;
    Wake(task.due_ms);
    outbox_.pop_front();
  }
}

void Session::ShrinkIfTooLarge(v1::TaskResult& answer) const {
  if (answer.output().size() + kMessageBytesSpare <= message_bytes_max_) return;
  answer.set_reason(fmt::format("its output of {} bytes is over the server's limit of {}",
                                answer.output().size(), message_bytes_max_ - kMessageBytesSpare));
  if (answer.effect() == v1::EFFECT_UNSPECIFIED) answer.set_effect(v1::EFFECT_UNKNOWN);
  answer.set_status(v1::TaskResult::STATUS_FAILED_TERMINAL);
  answer.clear_output();
}

void Session::AddHeartbeats(std::int64_t now_ms, v1::WorkRequest& request) {
  for (const HeldTaskPtr& task : progress_) {
    task->progress_pending = false;
    if (task->state != State::kAnswered) task->due_ms = now_ms;
  }
  if (!progress_.empty()) round_ms_ = now_ms;
  progress_.clear();
  if (now_ms < round_ms_) return;
  std::int64_t next = kNever;
  for (auto& [key, task] : tasks_) {
    const bool full = request.heartbeats_size() >= kEntriesPerMessageMax;
    if (task->state == State::kAnswered) {
      if (task->sending) continue;
      if (task->due_ms > now_ms) {
        next = std::min(next, task->due_ms);
      } else {
        Queue(task);  // no receipt came
      }
    } else {
      next = std::min(next, full ? task->due_ms : RoundOf(*task, now_ms, request));
    }
  }
  round_ms_ = next;
}

// Adds the heartbeat of a held task if it is about due, and returns when the next one is.
std::int64_t Session::RoundOf(HeldTask& task, std::int64_t now_ms, v1::WorkRequest& request) {
  if (task.due_ms > now_ms + task.beat_interval_ms / 4) return task.due_ms;
  v1::Heartbeat& beat = *request.add_heartbeats();
  beat.set_task_id(task.data.task_id);
  beat.set_fence(task.data.fence);
  beat.set_progress_percent(static_cast<std::uint32_t>(task.progress_percent));
  beat.set_progress_message(task.progress_message);
  task.receipt_sent = true;
  task.due_ms = now_ms + task.beat_interval_ms;
  return task.due_ms;
}

void Session::AddLogs(v1::WorkRequest& request) {
  while (!logs_.empty() && request.logs_size() < kEntriesPerMessageMax) {
    *request.add_logs() = std::move(logs_.front());
    logs_.pop_front();
  }
}

void Session::AddControl(std::int64_t now_ms, v1::WorkRequest& request) {
  const bool too_much = answered_ >= (paused_ ? kUnacknowledgedMax / 2 : kUnacknowledgedMax);
  if (too_much != paused_) {
    paused_ = too_much;
    request.set_credits(paused_ ? 0 : options_.credits);
  }
  if (now_ms >= next_ping_ms_) {
    request.mutable_ping()->set_nonce(++ping_nonce_);
    next_ping_ms_ = now_ms + ping_interval_ms_ * 3 / 4;
  }
  if (!pongs_.empty()) {
    request.mutable_pong()->set_nonce(pongs_.back());
    pongs_.clear();
  }
  if (draining_ && !drain_sent_) {
    drain_sent_ = true;
    request.set_drain(true);
  }
}

std::int64_t Session::NextDueMs() const {
  std::int64_t due = std::min({deaf_at_ms_, next_ping_ms_, round_ms_});
  if (!receipts_.empty()) due = std::min(due, receipts_.front().first);
  return due;
}

}  // namespace skald::sdk
