#include "tests/sim/sim_client.h"

#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/sim/definitions.h"

namespace skald::sim {
namespace {

constexpr core::DurationUs kCareUs = 3 * core::kSecondUs;
constexpr int kOperationsMax = 6;
constexpr int kTurnLooksMax = 20;

}  // namespace

SimClient::SimClient(World& world, std::size_t index)
    : world_(world), index_(index), person_(world, index, [this] { return SomeNode(); }) {
  SimRandom& random = world.random();
  definition_ = world.SomeDefinition();
  input_ = random.Chance(960) ? absl::StrCat(R"({"n":)", index_ % 3, "}") : R"({"m":1})";
  if (random.Chance(250)) priority_ = static_cast<std::int32_t>(random.Below(100));
  by_sql_ = random.Chance(150);
  id_ = world.NewId();
  if (random.Chance(500)) {
    const std::vector<ports::KeyHolder> holder =
        world.store().ClaimKeys({{"default", absl::StrCat("key", index), id_, "digest"}});
    id_ = holder[0].id;
  }
  world.NoteRequested(id_);
  world.After(random.Between(0, 15'000) * kMs, [this] { Start(); });
  if (random.Chance(350)) {
    world.After(random.Between(500, 24'000) * kMs, [this] { Trouble(); });
  }
  for (std::uint64_t i = random.Below(6); i > 0; --i) {
    world.After(random.Between(300, 24'000) * kMs, [this] { Chore(); });
  }
  world.NotePriority(id_, priority_);
  world.After(kChaosUs + random.Between(0, 3'000) * kMs, [this] { Care(); });
}

std::string SimClient::Describe() const {
  return absl::StrCat("client ", index_, " workflow ", id_.ToString(), " ", definition_->name,
                      by_sql_ ? " by SQL" : "", started_ ? "" : ", start not answered");
}

runtime::Loop* SimClient::SomeNode() {
  for (std::size_t i = 0; i < world_.node_count(); ++i) {
    const std::size_t node = (node_ + i) % world_.node_count();
    runtime::Loop* loop = world_.Node(node);
    if (loop != nullptr) {
      node_ = node;
      return loop;
    }
  }
  return nullptr;
}

void SimClient::Start() {
  if (started_) return;
  if (by_sql_) return StartBySql();
  runtime::Loop* loop = SomeNode();
  if (loop == nullptr) {
    world_.After(300 * kMs, [this] { Start(); });
    return;
  }
  StartAt(*loop, world_.random().Chance(100));
}

void SimClient::StartBySql() {
  world_.probes().Met(Probe::kSqlStart);
  started_ = true;
  world_.store().RequestStart({.id = id_,
                               .name_space = "default",
                               .name = definition_->name,
                               .input = input_,
                               .priority = priority_});
}

bool SimClient::MayBeRefused(const absl::Status& status) const {
  const bool lacks = input_.find("\"n\"") == std::string::npos;
  if (absl::IsInvalidArgument(status)) return lacks && definition_->schemas.input != nullptr;
  return absl::IsFailedPrecondition(status) && definition_->turns.rejects;
}

void SimClient::NoteRefused() {
  world_.probes().Met(definition_->turns.rejects ? Probe::kTurnRefused : Probe::kInputRefused);
  refused_ = true;
  world_.NoteRefused(id_);
}

// By the client, so that a repeated start asks for the same: the types of domain workers, with and
// without another way out, or none.
core::Payload SimClient::Domains() const {
  static constexpr const char* kDomains[] = {"", R"({"*":"eu"})", R"({"t0":"eu,NO_DOMAIN"})",
                                             R"({"t1":"nobody,eu","u1":"NO_DOMAIN"})"};
  return core::Payload(kDomains[id_.bytes()[12] % 4]);
}

void SimClient::StartAt(runtime::Loop& loop, bool twice) {
  if (asked_) world_.probes().Met(Probe::kStartRepeated);
  if (twice) world_.probes().Met(Probe::kStartedTwiceSameKey);
  for (int i = 0; i < (twice ? 2 : 1); ++i) {
    runtime::StartRequest request{.name_space = "default",
                                  .definition = definition_,
                                  .start = {.id = id_,
                                            .input = core::Payload(input_),
                                            .priority = priority_,
                                            .task_to_domain = Domains()},
                                  .may_exist = asked_ || twice};
    loop.Start(std::move(request),
               [this, alive = alive_](const absl::StatusOr<runtime::Started>& started) {
                 if (*alive) OnStarted(started);
               });
  }
  asked_ = true;
}

void SimClient::OnStarted(const absl::StatusOr<runtime::Started>& started) {
  if (started.ok()) {
    started_ = true;
    refused_ = false;
    world_.NoteRequested(id_);
    return world_.CheckDurable(id_, 1, "start");
  }
  if (world_.tracing()) {
    world_.Trace(absl::StrCat("client ", index_, " start: ", started.status().ToString()));
  }
  const bool transient =
      absl::IsUnavailable(started.status()) || absl::IsResourceExhausted(started.status());
  if (MayBeRefused(started.status())) return started_ ? void() : NoteRefused();
  if (!transient) {
    return world_.Complain(absl::StrCat(Describe(), ": ", started.status().ToString()));
  }
  ++node_;
  world_.After(world_.random().Between(100, 800) * kMs, [this] { Start(); });
}

void SimClient::Send(core::Trigger trigger) { SendTo(id_, std::move(trigger)); }

void SimClient::SendTo(const core::WorkflowId& id, core::Trigger trigger) {
  runtime::Loop* loop = SomeNode();
  if (loop == nullptr) return;
  if (world_.tracing()) {
    world_.Trace(absl::StrCat("client ", index_, " sends trigger ", trigger.index()));
  }
  loop->Send("default", id, std::move(trigger),
             [this, alive = alive_](const absl::StatusOr<core::Answer>& answer) {
               if (!*alive) return;
               if (absl::IsUnavailable(answer.status())) ++node_;
               if (!absl::IsInternal(answer.status())) return;
               world_.Complain(absl::StrCat(Describe(), ": ", answer.status().ToString()));
             });
}

void SimClient::Trouble() {
  Probes& probes = world_.probes();
  if (world_.random().Chance(350)) return Reopen();
  switch (world_.random().Below(6)) {
    case 0:
      probes.Met(Probe::kPersonPaused);
      Send(core::PauseWorkflow{"op", "let me see"});
      world_.After(2 * core::kSecondUs, [this] { Send(core::ResumeWorkflow{"op", "seen"}); });
      break;
    case 1:
      probes.Met(Probe::kTerminated);
      Send(core::TerminateWorkflow{.actor = "op", .reason = "no more"});
      break;
    case 2:
      Send(core::CompensateWorkflow{.actor = "op", .reason = "undo it"});
      break;
    case 3:
      probes.Met(Probe::kSignaled);
      Send(core::SignalWorkflow{.payload = core::Payload(R"({"s":1})"), .actor = "op"});
      break;
    case 4:
      probes.Met(Probe::kPersonPaused);
      Send(core::PauseWorkflow{"op", "for long"});
      break;
    default:
      Send(Operation());
  }
  if (world_.random().Chance(400)) world_.After(3 * core::kSecondUs, [this] { Trouble(); });
}

// Itself, once its start was answered, and its kin, whether ended or not.
std::vector<core::WorkflowId> SimClient::Family() {
  std::vector<core::WorkflowId> family;
  for (const ports::WorkflowSummary& summary : world_.store().AllWorkflows()) {
    const bool own = summary.id == id_ && started_;
    if (own || world_.IsKinOf(index_, summary.id)) family.push_back(summary.id);
  }
  return family;
}

// One of them; nil when there is none.
core::WorkflowId SimClient::SomeKin() {
  const std::vector<core::WorkflowId> family = Family();
  return family.empty() ? core::WorkflowId() : family[world_.random().Below(family.size())];
}

// What people do in passing, also to what has ended or is not there yet.
void SimClient::Chore() {
  if (world_.calm()) return;
  if (world_.random().Chance(60)) return person_.Bulk(Family(), *definition_);
  if (world_.random().Chance(600)) return person_.Chore(id_, *definition_);
  const core::WorkflowId id = SomeKin();
  // What might be started again under its id is left alone.
  if (started_ && world_.random().Chance(100)) return person_.Delete(id);
  runtime::Loop* loop = SomeNode();
  if (id.is_nil() || loop == nullptr) return;
  loop->Get(id, [this, alive = alive_](
                    const absl::StatusOr<std::shared_ptr<const runtime::WorkflowView>>& view) {
    if (!*alive || !view.ok()) return;
    person_.AnswerWaiting(**view, 600);
    if (world_.random().Chance(400)) person_.Chore((*view)->state.id, *(*view)->definition);
  });
}

// Of the workflow's own definition, which nobody else's is mistaken for; null: the one it has.
std::shared_ptr<const core::Definition> SimClient::MaybeAnotherVersion(const core::WorkflowId& id) {
  SimRandom& random = world_.random();
  if (id != id_ || random.Chance(400)) return nullptr;
  return VersionOf(*definition_, static_cast<std::int32_t>(1 + random.Below(kVersions)));
}

// That failed, as a sub-workflow of it did; nil when there is none.
core::WorkflowId SimClient::SomeFailedParent() {
  std::set<core::WorkflowId> failed;
  for (const ports::WorkflowSummary& summary : world_.store().AllWorkflows()) {
    if (summary.status != core::WorkflowStatus::kFailed) continue;
    failed.insert(summary.id);
    if (failed.contains(summary.parent)) return summary.parent;
  }
  return {};
}

void SimClient::Reopen() {
  if (world_.calm()) return;
  SimRandom& random = world_.random();
  const core::WorkflowId id = SomeKin();
  if (id.is_nil()) return;
  switch (random.Below(5)) {
    case 0:
      SendTo(id, core::RestartWorkflow{.actor = "op",
                                       .reason = "again",
                                       .force = random.Chance(500),
                                       .definition = MaybeAnotherVersion(id)});
      break;
    case 1:
    case 2: {
      const core::WorkflowId parent = SomeFailedParent();
      const bool resume = !parent.is_nil() || random.Chance(500);
      SendTo(parent.is_nil() ? id : parent, core::RetryWorkflow{"op", "mended", resume});
      break;
    }
    default:
      SendTo(id, core::RerunWorkflow{.actor = "op",
                                     .reason = "wrong",
                                     .task = static_cast<core::TaskNumber>(1 + random.Below(6))});
  }
  if (random.Chance(700)) {
    world_.After(random.Between(500, 4'000) * kMs, [this] { Trouble(); });
  }
}

core::OperateSaga SimClient::Operation() {
  static constexpr core::Verb kVerbs[] = {core::Verb::kRetry, core::Verb::kRetry,
                                          core::Verb::kAbandon};
  return {.verb = kVerbs[world_.random().Below(3)], .actor = "op", .reason = "by hand"};
}

void SimClient::CheckStore() {
  finished_ = true;
  bool found = world_.deleted().contains(id_);
  const std::vector<ports::WorkflowSummary> all = world_.store().AllWorkflows();
  const std::set<core::WorkflowId> waiting =
      WithParkedKin(all, [this](const ports::WorkflowSummary& summary) {
        return world_.Operated(summary.id) >= kOperationsMax;
      });
  for (const ports::WorkflowSummary& summary : all) {
    const bool own = summary.id == id_;
    if (!own && !world_.IsKinOf(index_, summary.id)) continue;
    found |= own;
    if (core::IsTerminal(summary.status) || waiting.contains(summary.id)) continue;
    finished_ = false;
    if (!own) CareFor(summary.id);
  }
  if (!found && by_sql_ && started_ && world_.store().RefusedStarts().contains(id_)) {
    if (!refused_) NoteRefused();
  }
  finished_ &= found || refused_;
}

// Asks one node after the other: a workflow and its kin may belong to different ones.
void SimClient::CareFor(const core::WorkflowId& id) {
  const std::size_t node = cares_ % world_.node_count();
  runtime::Loop* loop = world_.Node(node);
  if (loop == nullptr) return;
  loop->Get(id, [this, node, alive = alive_](
                    const absl::StatusOr<std::shared_ptr<const runtime::WorkflowView>>& view) {
    if (!*alive || !view.ok()) return;
    node_ = node;
    Look(**view);
  });
}

void SimClient::Care() {
  ++cares_;
  CheckStore();
  if (!finished_) CareFor(id_);
  world_.After(kCareUs, [this] { Care(); });
}

void SimClient::Look(const runtime::WorkflowView& view) {
  const core::State& state = view.state;
  world_.CheckDurable(state.id, state.seq, "view");
  if (state.saga_status == core::SagaStatus::kParked) {
    // Some are left parked for good.
    int& operated = world_.Operated(state.id);
    if (operated++ < kOperationsMax && index_ % 2 == 0) {
      world_.probes().Met(Probe::kOperated);
      SendTo(state.id, Operation());
    } else {
      operated = kOperationsMax;
    }
    return;
  }
  if (state.paused_by_person) return SendTo(state.id, core::ResumeWorkflow{"op", "go on"});
  if (state.awaits_turn && ++turns_waited_ > kTurnLooksMax) {
    world_.probes().Met(Probe::kTurnGivenUp);
    return SendTo(state.id, core::TerminateWorkflow{.actor = "op", .reason = kTurnGivenUp});
  }
  person_.AnswerWaiting(view, 1'000);
}

}  // namespace skald::sim
