#include "engine/grpc/execution.h"

#include <grpc/support/time.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "engine/core/blocked.h"
#include "engine/core/bound.h"
#include "engine/grpc/convert.h"
#include "engine/grpc/task_id.h"

namespace skald::grpc_edge {
namespace {

// May change what a caller waits for.
bool Matters(const core::Event& event) {
  return std::visit(
      [](const auto& body) {
        using Body = std::decay_t<decltype(body)>;
        constexpr bool kPassing =
            std::is_same_v<Body, core::TaskReleased> || std::is_same_v<Body, core::TaskRequeued> ||
            std::is_same_v<Body, core::LateResult> || std::is_same_v<Body, core::VariablesSet> ||
            std::is_same_v<Body, core::TaskUpdated> || std::is_same_v<Body, core::SignalReceived> ||
            std::is_same_v<Body, core::TaskProgressed>;
        if constexpr (std::is_same_v<Body, core::TaskStarted>) return !body.child.is_nil();
        return !kPassing;
      },
      event.body);
}

}  // namespace

absl::Status CheckWaitFor(const v1::WaitFor& wait_for) {
  if (wait_for.wait_ms() > kExecuteWaitMsMax) {
    return absl::InvalidArgumentError(absl::StrCat(
        "wait_for.wait_ms: ", wait_for.wait_ms(), ", at most ",
        core::FixedBound("kExecuteWaitMsMax", kExecuteWaitMsMax, kLimitsHeader), " expected"));
  }
  if (wait_for.references_size() > kExecuteReferencesMax) {
    return absl::InvalidArgumentError(absl::StrCat(
        "wait_for.references: ", wait_for.references_size(), ", at most ",
        core::FixedBound("kExecuteReferencesMax", kExecuteReferencesMax, kLimitsHeader),
        " expected"));
  }
  return absl::OkStatus();
}

Execution::Execution(runtime::Engine& engine, WorkflowReader& reader, std::string name_space,
                     v1::WaitFor wait_for, Done done)
    : engine_(engine),
      reader_(reader),
      name_space_(std::move(name_space)),
      wait_for_(std::move(wait_for)),
      references_(wait_for_.references().begin(), wait_for_.references().end()),
      done_(std::move(done)) {}

void Execution::Wait(const core::WorkflowId& id, bool existed) {
  {
    const base::MutexLock lock(mutex_);
    if (done_ == nullptr) return;
    id_ = id;
    existed_ = existed;
    const std::uint32_t wait_ms =
        wait_for_.wait_ms() == 0 ? kExecuteWaitMsDefault : wait_for_.wait_ms();
    alarm_.Set(
        gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_millis(wait_ms, GPR_TIMESPAN)),
        // The alarm keeps its callback for as long as it lives, which is as long as this.
        [weak = weak_from_this()](bool rang) {
          const std::shared_ptr<Execution> self = weak.lock();
          if (rang && self != nullptr) self->OnTimeOut();
        });
  }
  StartWatching(id);
}

// The engine takes requests in order: what is read after the watch began holds everything that the
// watch does not tell.
void Execution::StartWatching(const core::WorkflowId& id) {
  {
    const base::MutexLock lock(mutex_);
    if (done_ == nullptr || watched_.contains(id)) return;
    if (watched_.size() >= kExecuteWorkflowsMax) return;
    watched_[id] = {};
  }
  const absl::StatusOr<runtime::WatchId> watch =
      engine_.Watch({.name_space = name_space_, .id = id}, shared_from_this());
  if (!watch.ok()) return Finish(watch.status());
  bool finished = false;
  {
    const base::MutexLock lock(mutex_);
    watched_[id].watch = *watch;
    finished = done_ == nullptr;
  }
  if (finished) return engine_.Unwatch(*watch);
  Look(id);
}

void Execution::Look(const core::WorkflowId& id) {
  {
    const base::MutexLock lock(mutex_);
    if (done_ == nullptr) return;
    Watched& watched = watched_[id];
    watched.changed = watched.reading;
    if (watched.reading) return;
    watched.reading = true;
  }
  reader_.Read(name_space_, id,
               [self = shared_from_this(), id](absl::StatusOr<WorkflowReader::View> view) {
                 self->Take(id, std::move(view));
               });
}

bool Execution::Tell(const std::vector<runtime::Notice>& notices) {
  {
    const base::MutexLock lock(mutex_);
    if (done_ == nullptr) return false;
  }
  for (const runtime::Notice& notice : notices) {
    if (std::any_of(notice.events.begin(), notice.events.end(), Matters)) Look(notice.id);
  }
  return true;
}

void Execution::Take(const core::WorkflowId& id, absl::StatusOr<WorkflowReader::View> view) {
  std::optional<Answer> answer;
  std::vector<core::WorkflowId> children;
  bool again = false;
  {
    const base::MutexLock lock(mutex_);
    if (done_ == nullptr) return;
    Watched& watched = watched_[id];
    watched.reading = false;
    again = std::exchange(watched.changed, false);
    if (view.ok()) {
      watched.view = *view;
      children = core::ActiveChildren(*(*view)->definition, (*view)->state);
      answer = AnswerOf(id, **view);
    } else if (id == id_ || !absl::IsNotFound(view.status())) {
      answer = view.status();
    }
    // A sub-workflow that is not found is not durable yet: the watch tells when it is.
  }
  if (answer.has_value()) return Finish(*std::move(answer));
  for (const core::WorkflowId& child : children) StartWatching(child);
  if (again) Look(id);
}

std::optional<Execution::Answer> Execution::AnswerOf(const core::WorkflowId& id,
                                                     const runtime::WorkflowView& view) const {
  v1::ExecuteResponse response;
  const core::State& state = view.state;
  core::TaskNumber task = 0;
  if (id == id_ && core::IsTerminal(state.status)) {
    response.set_answered(v1::ExecuteResponse::ANSWERED_ENDED);
  } else if (task = core::EndedTask(*view.definition, state, references_); task != 0) {
    response.set_answered(v1::ExecuteResponse::ANSWERED_TASK_ENDED);
  } else if (task = core::BlockedTask(*view.definition, state); task != 0) {
    response.set_answered(v1::ExecuteResponse::ANSWERED_BLOCKED);
  } else if (id == id_ && timed_out_) {
    response.set_answered(v1::ExecuteResponse::ANSWERED_TIME_OUT);
  } else {
    return std::nullopt;
  }
  const ViewOptions options{.without_payloads = wait_for_.without_payloads()};
  response.set_existed(existed_);
  const WorkflowReader::View& whole = watched_.at(id_).view;
  if (whole != nullptr) ToProto(*whole, options, *response.mutable_workflow());
  if (task == 0) return response;
  v1::Workflow owner;
  ToProto(view, options, owner);
  const std::string task_id = FormatTaskId(id, task);
  for (v1::Task& candidate : *owner.mutable_tasks()) {
    if (candidate.task_id() == task_id) *response.mutable_task() = std::move(candidate);
  }
  response.set_task_workflow_id(id.ToString());
  return response;
}

void Execution::OnTimeOut() {
  core::WorkflowId id;
  {
    const base::MutexLock lock(mutex_);
    timed_out_ = true;
    id = id_;
  }
  Look(id);
}

void Execution::GiveUp(const absl::Status& why) { Finish(why); }

void Execution::Finish(Answer answer) {
  Done done;
  std::vector<runtime::WatchId> watches;
  {
    const base::MutexLock lock(mutex_);
    done = std::exchange(done_, nullptr);
    if (done == nullptr) return;
    alarm_.Cancel();
    for (const auto& [id, watched] : watched_) {
      if (watched.watch != 0) watches.push_back(watched.watch);
    }
  }
  for (const runtime::WatchId watch : watches) engine_.Unwatch(watch);
  done(std::move(answer));
}

}  // namespace skald::grpc_edge
