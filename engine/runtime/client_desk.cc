#include "engine/runtime/client_desk.h"

#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "engine/ports/no_such_workflow.h"
#include "engine/runtime/limits.h"
#include "engine/runtime/overload.h"
#include "engine/runtime/task_secrets.h"

namespace skald::runtime {
namespace {

constexpr char kNotServing[] = "the node is loading its workflows";

}  // namespace

template <typename T>
void ClientDesk::Reply(const Workflow& workflow, Callback<T> done, absl::StatusOr<T> answer) {
  state_.committer.EffectsFor(workflow).AddReply(
      [done = std::move(done), answer = std::move(answer)](const absl::Status& durable) mutable {
        if (durable.ok()) {
          done(std::move(answer));
        } else {
          done(durable);
        }
      });
}

absl::Status ClientDesk::MayStart(const StartRequest& request) const {
  if (state_.phase != Phase::kServing) return ComeBackLater(kNotServing);
  if (!state_.shards.Serves(request.start.id.Slot())) {
    return ComeBackLater(
        absl::StrCat("workflow ", request.start.id.ToString(), " belongs to another node"));
  }
  const EngineOptions& options = state_.options;
  const char* limit = nullptr;
  if (state_.shards.workflow_count() >= options.active_workflows_max) {
    limit = "active_workflows_max";
  } else if (state_.matcher.task_count() >= options.queued_tasks_max) {
    limit = "queued_tasks_max";
  } else if (state_.committer.uncommitted_bytes() >=
             options.uncommitted_bytes_max / 100 * kStartsShareMax) {
    limit = "uncommitted_bytes_max";
  }
  if (limit == nullptr) return absl::OkStatus();
  return state_.refusals.Refuse(limit, "start a workflow");
}

void ClientDesk::Start(StartRequest request, Callback<Started> done) {
  const core::WorkflowId id = request.start.id;
  if (Workflow* known = state_.shards.Find(id); known != nullptr) {
    return AnswerExisting(*known, std::move(done));
  }
  if (const absl::Status may = MayStart(request); !may.ok()) return done(may);
  if (!request.may_exist) return Begin(std::move(request), std::move(done));
  loader_.With(id, [this, request = std::move(request),
                    done = std::move(done)](absl::StatusOr<Workflow*> workflow) mutable {
    if (workflow.ok()) return AnswerExisting(**workflow, std::move(done));
    if (!absl::IsNotFound(workflow.status())) return done(workflow.status());
    Begin(std::move(request), std::move(done));
  });
}

void ClientDesk::AnswerExisting(Workflow& workflow, Callback<Started> done) {
  Reply<Started>(workflow, std::move(done), Started{workflow.state.id, true});
}

void ClientDesk::Begin(StartRequest request, Callback<Started> done) {
  const core::WorkflowId id = request.start.id;
  if (absl::Status turn = decider_.CheckTurn(*request.definition, request.start); !turn.ok()) {
    return done(std::move(turn));
  }
  auto fresh = std::make_unique<Workflow>();
  fresh->definition = std::move(request.definition);
  fresh->state.id = id;
  Workflow& workflow = state_.shards.Add(std::move(fresh));
  const absl::StatusOr<core::Answer> answer =
      decider_.Decide(workflow, core::Trigger(std::move(request.start)));
  if (!answer.ok()) {
    state_.shards.Remove(id);
    return done(answer.status());
  }
  if (request.consumes_start_request) state_.committer.MarkConsumesStartRequest(workflow);
  Reply<Started>(workflow, std::move(done), Started{id, false});
}

void ClientDesk::Send(const std::string& name_space, const core::WorkflowId& id,
                      const core::Trigger& trigger, Callback<core::Answer> done) {
  if (state_.phase != Phase::kServing) return done(ComeBackLater(kNotServing));
  loader_.With(id, [this, name_space, trigger = trigger,
                    done = std::move(done)](absl::StatusOr<Workflow*> workflow) mutable {
    if (!workflow.ok()) return done(workflow.status());
    SendNow(**workflow, name_space, std::move(trigger), std::move(done));
  });
}

void ClientDesk::SendNow(Workflow& workflow, const std::string& name_space, core::Trigger trigger,
                         Callback<core::Answer> done) {
  if (workflow.state.start.name_space != name_space) {
    return done(ports::NoSuchWorkflow(workflow.state.id));
  }
  if (auto* update = std::get_if<core::UpdateTask>(&trigger)) {
    HideSecrets(*workflow.definition, workflow.state, state_.secrets, *update);
  }
  absl::StatusOr<core::Answer> answer = decider_.Decide(workflow, trigger);
  Reply<core::Answer>(workflow, std::move(done), std::move(answer));
}

void ClientDesk::Get(const core::WorkflowId& id,
                     Callback<std::shared_ptr<const WorkflowView>> done) {
  if (state_.phase != Phase::kServing) return done(ComeBackLater(kNotServing));
  loader_.With(id, [this, id, done = std::move(done)](absl::StatusOr<Workflow*> found) mutable {
    if (!found.ok()) return done(found.status());
    Workflow& workflow = **found;
    if (workflow.ended() && state_.committer.durable(workflow)) {
      return done(absl::NotFoundError(
          absl::StrCat("workflow ", id.ToString(), " has ended and is not in memory")));
    }
    auto view = std::make_shared<WorkflowView>();
    view->state = workflow.state;
    view->definition = workflow.definition;
    view->progress = workflow.progress;
    Reply<std::shared_ptr<const WorkflowView>>(workflow, std::move(done),
                                               std::shared_ptr<const WorkflowView>(view));
  });
}

}  // namespace skald::runtime
