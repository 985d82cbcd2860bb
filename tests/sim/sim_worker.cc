#include "tests/sim/sim_worker.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/sim/definitions.h"

namespace skald::sim {
namespace {

constexpr core::DurationUs kBeatUs = 1'300 * core::kMillisecondUs;
constexpr char kDomain[] = "eu";  // of the first worker, beside those without

runtime::TaskKey KeyOf(const runtime::Assignment& assignment) {
  return {assignment.workflow, assignment.task, assignment.fence};
}

std::string Text(const runtime::TaskKey& key) {
  return absl::StrCat(key.workflow.ToString().substr(24), "/", key.task, "#", key.fence);
}

}  // namespace

// One stream's end at the worker: what the engine says arrives a little later, if the stream holds.
class SimSink final : public runtime::WorkerSink {
 public:
  SimSink(SimWorker& worker, std::size_t node, std::string incarnation)
      : worker_(&worker), node_(node), incarnation_(std::move(incarnation)) {}

  void Cut() { worker_ = nullptr; }

  void Assign(std::vector<runtime::Assignment> assignments) override {
    if (worker_ == nullptr) return;
    for (const runtime::Assignment& assignment : assignments) {
      worker_->world_.NoteAssigned(assignment, incarnation_);
      Later(
          [assignment](SimWorker& worker, std::size_t node) { worker.OnAssign(node, assignment); });
    }
  }
  void CancelTasks(std::vector<runtime::Cancel> cancels) override {
    for (const runtime::Cancel& cancel : cancels) {
      Later([cancel](SimWorker& worker, std::size_t) { worker.OnCancel(cancel); });
    }
  }
  void Answer(std::vector<runtime::Receipt> receipts) override {
    for (const runtime::Receipt& receipt : receipts) {
      Later([receipt](SimWorker& worker, std::size_t node) { worker.OnReceipt(node, receipt); });
    }
  }
  void Close(absl::Status) override {
    if (worker_ != nullptr) worker_->OnClose(node_);
  }

  std::shared_ptr<SimSink> self;  // of the stream that holds it; cut with it

 private:
  void Later(std::function<void(SimWorker&, std::size_t)> what) {
    if (worker_ == nullptr) return;
    worker_->world_.After(worker_->world_.random().Between(50, 900),
                          [weak = weak_self(), what = std::move(what)] {
                            const std::shared_ptr<SimSink> sink = weak.lock();
                            if (sink && sink->worker_ != nullptr) what(*sink->worker_, sink->node_);
                          });
  }
  std::weak_ptr<SimSink> weak_self() const { return self; }

  SimWorker* worker_;
  const std::size_t node_;
  const std::string incarnation_;
};

SimWorker::SimWorker(World& world, std::size_t index)
    : world_(world), index_(index), streams_(world.node_count()) {
  Restart();
}

SimWorker::~SimWorker() { Die(); }

void SimWorker::Later(core::DurationUs delay_us, std::function<void()> what) {
  world_.After(delay_us, [this, process = process_, what = std::move(what)] {
    if (process == process_ && alive_) what();
  });
}

void SimWorker::Die() {
  alive_ = false;
  for (std::size_t node = 0; node < streams_.size(); ++node) BreakStream(node, true);
  held_.clear();
}

void SimWorker::Restart() {
  if (alive_) Die();
  alive_ = true;
  ++process_;
  incarnation_ = absl::StrCat("w", index_, ".", process_);
  for (std::size_t node = 0; node < streams_.size(); ++node) Connect(node);
  Later(kBeatUs, [this] { Keep(); });
}

void SimWorker::BreakStream(std::size_t node, bool noticed) {
  Stream& stream = streams_[node];
  if (stream.sink == nullptr) return;
  stream.sink->Cut();
  stream.sink->self = nullptr;
  stream.sink = nullptr;
  runtime::Loop* loop = world_.Node(node);
  const std::uint64_t process = stream.node_process;
  if (loop == nullptr || world_.node_process(node) != process) return;
  if (noticed) return loop->Detach(stream.session);
  // The edge finds out by its pings.
  world_.After(12 * core::kSecondUs, [&world = world_, node, process, session = stream.session] {
    runtime::Loop* later = world.Node(node);
    if (later != nullptr && world.node_process(node) == process) later->Detach(session);
  });
}

bool SimWorker::Connected(std::size_t node) const {
  return streams_[node].sink != nullptr && streams_[node].node_process == world_.node_process(node);
}

void SimWorker::Connect(std::size_t node) {
  runtime::Loop* loop = world_.Node(node);
  if (loop == nullptr || Connected(node)) return;
  runtime::WorkerHello hello{.name_space = "default",
                             .worker_id = absl::StrCat("worker", index_),
                             .incarnation = incarnation_,
                             .credits = static_cast<std::uint32_t>(2 + index_ * 3),
                             .lease_us = 5 * core::kSecondUs};
  for (const std::string& type : AllTaskTypes()) {
    hello.task_types.push_back({type, "", world_.barrier()});
    if (index_ == 0) hello.task_types.push_back({type, kDomain, world_.barrier()});
  }
  for (const auto& [key, held] : held_) hello.held.push_back(key);
  auto sink = std::make_shared<SimSink>(*this, node, incarnation_);
  sink->self = sink;
  const absl::StatusOr<runtime::SessionId> session = loop->Attach(std::move(hello), sink);
  if (!session.ok()) return;
  streams_[node] = {sink, *session, world_.node_process(node)};
  for (auto& [key, held] : held_) {
    if (held.finished) held.node = node, Send(key);
  }
}

void SimWorker::Keep() {
  for (std::size_t node = 0; node < streams_.size(); ++node) {
    if (!Connected(node)) Connect(node);
    if (!Connected(node)) continue;
    std::vector<runtime::Beat> beats;
    for (const auto& [key, held] : held_) {
      if (held.node == node && !held.finished && !held.silent) beats.push_back({key, 50, ""});
    }
    if (!beats.empty()) world_.Node(node)->Heartbeat(streams_[node].session, std::move(beats));
  }
  Later(kBeatUs, [this] { Keep(); });
}

void SimWorker::OnClose(std::size_t node) {
  streams_[node].sink->Cut();
  streams_[node].sink->self = nullptr;
  streams_[node].sink = nullptr;
  runtime::Loop* loop = world_.Node(node);
  if (loop != nullptr && world_.node_process(node) == streams_[node].node_process) {
    loop->Detach(streams_[node].session);
  }
}

void SimWorker::OnAssign(std::size_t node, const runtime::Assignment& assignment) {
  const runtime::TaskKey key = KeyOf(assignment);
  if (!assignment.domain.empty()) {
    world_.probes().Met(Probe::kTakenInADomain);
    if (index_ != 0 || assignment.domain != kDomain) {
      world_.Complain(
          absl::StrCat(Text(key), ": ", incarnation_, " got a task of domain ", assignment.domain));
    }
  }
  if (world_.tracing()) {
    world_.Trace(absl::StrCat(incarnation_, " takes ", Text(key), " ", assignment.task_type, " ",
                              assignment.step_key));
  }
  if (Connected(node)) world_.Node(node)->Received(streams_[node].session, {key});
  const auto known = held_.find(key);
  if (known != held_.end()) {
    world_.probes().Met(Probe::kRedelivered);
    known->second.node = node;
    if (known->second.finished) Send(key);
    return;
  }
  held_[key] = {.assignment = assignment, .node = node};
  Perform(key);
}

void SimWorker::Perform(const runtime::TaskKey& key) {
  SimRandom& random = world_.random();
  Held& held = held_[key];
  const std::uint64_t pick = world_.calm() ? 0 : random.Below(1'000);
  core::DurationUs takes_us = random.Between(1, 300) * kMs;
  if (pick >= 900 && pick < 940) takes_us = random.Between(4, 12) * core::kSecondUs;
  if (pick >= 940 && pick < 980) {
    held.silent = true;
    takes_us = random.Between(6, 20) * core::kSecondUs;
  }
  if (pick >= 980) return;  // hangs, but beats
  Later(takes_us, [this, key] { Finish(key); });
}

core::ReportResult SimWorker::Act(const Held& held) {
  const runtime::Assignment& task = held.assignment;
  core::ReportResult result{.task = task.task, .fence = task.fence};
  Ledger& ledger = world_.ledger();
  if (task.operation == core::Operation::kProbe) {
    const bool seals = world_.calm() || world_.random().Chance(500);
    result.effect = seals ? ledger.LookAndSeal(task.step_key) : ledger.Look(task.step_key);
    result.output = core::Payload("{}");
    return result;
  }
  const Ledger::Outcome outcome = task.operation == core::Operation::kCompensate
                                      ? ledger.Undo(task.step_key)
                                      : ledger.Act(task.step_key, world_.now(), task.not_after);
  result.verdict = outcome.verdict;
  const bool conforms = world_.calm() || !world_.random().Chance(30);
  result.output = core::Payload(absl::StrCat(conforms ? R"({"v":)" : R"({"w":)", task.task,
                                             R"(,"of":")", task.workflow.ToString(), "\"}"));
  if (outcome.verdict == core::Verdict::kRejected) {
    result.status = core::TaskStatus::kFailed;
    result.effect = core::Effect::kNone;
    result.reason = "sealed or too late";
  }
  return result;
}

core::ReportResult SimWorker::FailInstead(const Held& held) {
  SimRandom& random = world_.random();
  core::ReportResult result{.task = held.assignment.task, .fence = held.assignment.fence};
  result.reason = "it would not";
  result.status =
      random.Chance(250) ? core::TaskStatus::kFailedWithTerminalError : core::TaskStatus::kFailed;
  // An attempt before may have taken effect, of which this one knows nothing.
  result.effect = random.Chance(250) ? core::Effect::kUnknown : core::Effect::kNone;
  return result;
}

void SimWorker::Finish(const runtime::TaskKey& key) {
  const auto found = held_.find(key);
  if (found == held_.end() || found->second.finished) return;
  Held& held = found->second;
  SimRandom& random = world_.random();
  if (held.silent) world_.probes().Met(Probe::kLateEffect);
  const bool fails = random.Chance(world_.calm() ? 60 : 160);
  const bool gives_back = !fails && !world_.calm() && random.Chance(20);
  if (gives_back) {
    held.result = {.task = key.task,
                   .fence = key.fence,
                   .status = core::TaskStatus::kInProgress,
                   .callback_after_us = 400 * kMs};
  } else {
    held.result = fails ? FailInstead(held) : Act(held);
  }
  held.finished = true;
  Send(key);
  if (random.Chance(30)) Later(40 * kMs, [this, key] { Send(key); });
}

void SimWorker::Send(const runtime::TaskKey& key) {
  const auto found = held_.find(key);
  if (found == held_.end() || !found->second.finished) return;
  const std::size_t node = found->second.node;
  Later(world_.random().Between(50, 900), [this, key, node] {
    const auto held = held_.find(key);
    if (held == held_.end() || !Connected(node)) return;
    if (world_.tracing()) {
      world_.Trace(absl::StrCat(incarnation_, " answers ", Text(key), " ",
                                std::string(core::Name(held->second.result.status))));
    }
    world_.Node(node)->Report(streams_[node].session, {{key, held->second.result}});
  });
}

void SimWorker::OnCancel(const runtime::Cancel& cancel) {
  const runtime::TaskKey key{cancel.workflow, cancel.task, cancel.fence};
  const auto found = held_.find(key);
  if (cancel.superseded) world_.probes().Met(Probe::kCancelSuperseded);
  if (found == held_.end() || found->second.finished) return;
  if (world_.random().Chance(400)) return;  // goes on
  Held& held = found->second;
  held.result = {.task = key.task,
                 .fence = key.fence,
                 .status = core::TaskStatus::kCanceled,
                 .effect = core::Effect::kNone};
  held.finished = true;
  Send(key);
}

void SimWorker::OnReceipt(std::size_t node, const runtime::Receipt& receipt) {
  const auto found = held_.find(receipt.task);
  if (found == held_.end()) return;
  const bool again =
      absl::IsUnavailable(receipt.status) || absl::IsResourceExhausted(receipt.status);
  if (world_.tracing()) {
    world_.Trace(absl::StrCat(incarnation_, " told of ", Text(receipt.task), ": ",
                              receipt.status.ToString(), receipt.superseded ? " superseded" : ""));
  }
  if (again) {
    world_.probes().Met(Probe::kReceiptRetry);
    // Another node may own the workflow by now.
    found->second.node = (node + 1) % streams_.size();
    Later(300 * kMs, [this, key = receipt.task] { Send(key); });
    return;
  }
  if (receipt.superseded) world_.probes().Met(Probe::kSupersededReceipt);
  if (receipt.status.ok() && !receipt.superseded) world_.NoteRecorded(receipt.task);
  held_.erase(found);
}

}  // namespace skald::sim
