// write_histories FOLDER [SAMPLE]: makes a set of stored histories with the format of this build,
// or those of one sample. Workers, clocks and people are drawn from seeds, so that the same build
// writes the same files.
//
// write_histories FOLDER --scenarios [NAME…]: the workflows of the scenarios whose path contains a
// NAME, and of as many more as it takes until every kind of event is in some stored history.
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "engine/codec/events_json.h"
#include "engine/codec/pinned.h"
#include "engine/core/construct.h"
#include "engine/core/decide.h"
#include "engine/core/json_scan.h"
#include "tests/histories/history_file.h"
#include "tests/histories/scenario_histories.h"
#include "tests/support/paths.h"

namespace skald::testing {
namespace {

constexpr core::TimeUs kBegin = 1'700'000'000'000'000;
constexpr int kMovesMax = 400;
constexpr std::uint64_t kSeeds = 16;
constexpr int kReopeningsMax = 4;  // asked for, also where they are refused

struct Sample {
  const char* name;
  const char* definition;
  const char* later = nullptr;  // a JSON list of versions that it may go over to
  // People also skip steps, set variables, send messages, and go on with what has ended.
  bool operated = false;
};

constexpr Sample kSamples[] = {
    {"chain", R"({"name":"chain","version":1,"tasks":[
        {"name":"reserve","taskReferenceName":"reserve",
         "inputParameters":{"order":"${workflow.input.id}"}},
        {"name":"charge","taskReferenceName":"charge","retryCount":2,
         "inputParameters":{"stock":"${reserve.output}","note":"order ${workflow.input.id}"}},
        {"name":"ship","taskReferenceName":"ship","optional":true}],
        "outputParameters":{"shipped":"${ship.output}","why":"${charge.status}"}})"},
    {"saga", R"({"name":"saga","version":1,"tasks":[
        {"name":"reserve","taskReferenceName":"reserve","compensateWith":"release"},
        {"name":"charge","taskReferenceName":"charge","retryCount":1,
         "inputParameters":{"stock":"${reserve.output}"},
         "saga":{"compensation":{"name":"refund","retryCount":1,
           "inputParameters":{"id":"${charge.output}","why":"${saga.reason}"}}}},
        {"name":"ship","taskReferenceName":"ship","retryCount":0,"compensateWith":"recall"}]})"},
    {"trip", R"({"name":"trip","version":1,"saga":{"siblings":"BARRIER"},"tasks":[
        {"name":"quote","taskReferenceName":"quote","saga":{"kind":"READ_ONLY"}},
        {"name":"both","taskReferenceName":"both","type":"FORK_JOIN","forkTasks":[
          [{"name":"flight","taskReferenceName":"flight","retryCount":0,
            "compensateWith":"drop_flight"},
           {"name":"seat","taskReferenceName":"seat","retryCount":0,"compensateWith":"drop_seat"}],
          [{"name":"hotel","taskReferenceName":"hotel","retryCount":0,"compensateWith":"drop_hotel",
            "inputParameters":{"q":"${quote.output}"}}]]},
        {"name":"join","taskReferenceName":"joined","type":"JOIN","joinOn":["seat","hotel"]},
        {"name":"charge","taskReferenceName":"charge","retryCount":1,
         "saga":{"kind":"PIVOT","unknown":"PROBE","probe":{"name":"find_charge","retryCount":2}}},
        {"name":"issue","taskReferenceName":"issue","retryCount":1,
         "saga":{"kind":"RETRYABLE"}}]})"},
    {"alert",
     R"({"name":"alert","version":1,"timeoutSeconds":3,"timeoutPolicy":"ALERT_ONLY","tasks":[
        {"name":"slow","taskReferenceName":"slow","startDelay":4,"optional":true,
         "saga":{"kind":"COMPENSABLE","compensation":{"name":"undo_slow"},
                 "compensateOnFailure":true,
                 "unknown":"COMPENSATE","inFlight":"COMPENSATE_NOW"}},
        {"name":"next","taskReferenceName":"next","retryCount":1,"compensateWith":"undo_next"},
        {"name":"last","taskReferenceName":"last","retryCount":1,"saga":{"kind":"PIVOT"}}]})"},
    {"control",
     R"({"name":"control","version":1,"timeoutSeconds":4000,"timeoutPolicy":"TIME_OUT_WF",
        "variables":{"tries":0},"tasks":[
        {"name":"set","taskReferenceName":"set","type":"SET_VARIABLE",
         "inputParameters":{"way":"${workflow.input.way}"}},
        {"name":"way","taskReferenceName":"way","type":"SWITCH","evaluatorType":"value-param",
         "expression":"way","inputParameters":{"way":"${workflow.variables.way}"},
         "decisionCases":{"wait":[{"name":"w","taskReferenceName":"pause","type":"WAIT",
                                   "inputParameters":{"duration":"1 hour"}}],
                          "signal":[{"name":"w","taskReferenceName":"approval","type":"WAIT"}]},
         "defaultCase":[{"name":"t","taskReferenceName":"end","type":"TERMINATE",
           "inputParameters":{"terminationStatus":"FAILED","terminationReason":"no way"}}]},
        {"name":"work","taskReferenceName":"work","startDelay":5,
         "taskDefinition":{"retryCount":1,"timeoutSeconds":30,"responseTimeoutSeconds":20,
           "pollTimeoutSeconds":600,"timeoutPolicy":"RETRY","retryLogic":"EXPONENTIAL_BACKOFF",
           "retryDelaySeconds":2,"backoffJitterMs":500}}]})"},
    {"made", R"({"name":"made","version":1,"tasks":[
        {"name":"reserve","taskReferenceName":"reserve","compensateWith":"release"},
        {"name":"pick","taskReferenceName":"pick","type":"DYNAMIC","dynamicTaskNameParam":"what",
         "inputParameters":{"what":"pack","stock":"${reserve.output}"}},
        {"name":"fork","taskReferenceName":"fork","type":"FORK_JOIN_DYNAMIC",
         "dynamicForkTasksParam":"tasks","dynamicForkTasksInputParamName":"inputs",
         "inputParameters":{"inputs":{"a":{"n":1}},"tasks":[
           {"name":"label","taskReferenceName":"a","optional":true,"compensateWith":"peel"},
           {"name":"pack","taskReferenceName":"b"},
           {"name":"way","taskReferenceName":"c","type":"SWITCH","evaluatorType":"value-param",
            "expression":"way","inputParameters":{"way":"$${workflow.input.way}"},
            "decisionCases":{"wait":[{"name":"pack","taskReferenceName":"d"}]}}]}},
        {"name":"join","taskReferenceName":"join","type":"JOIN"},
        {"name":"ship","taskReferenceName":"ship","retryCount":1,"compensateWith":"recall"}]})"},
    {"loop", R"({"name":"loop","version":1,"tasks":[
        {"name":"until","taskReferenceName":"until","type":"DO_WHILE",
         "loopCondition":"$.work.n > 0","inputParameters":{"keepLastN":2},"loopOver":[
          {"name":"work","taskReferenceName":"work","retryCount":1,
           "inputParameters":{"i":"${until.output.iteration}"}},
          {"name":"each","taskReferenceName":"each","type":"DO_WHILE","items":[1,2],"loopOver":[
            {"name":"part","taskReferenceName":"part","optional":true,
             "inputParameters":{"item":"${each.output.loopItem}"}}]}]},
        {"name":"pack","taskReferenceName":"pack","inputParameters":{"all":"${until.output}"}}]})"},
    {"undone", R"({"name":"undone","version":1,"tasks":[
        {"name":"each","taskReferenceName":"each","type":"DO_WHILE","items":["a","b","c"],
         "loopOver":[
          {"name":"reserve","taskReferenceName":"reserve","compensateWith":"release",
           "inputParameters":{"item":"${each.output.loopItem}"}},
          {"name":"pick","taskReferenceName":"pick","type":"DYNAMIC","dynamicTaskNameParam":"what",
           "inputParameters":{"what":"pack"}}]},
        {"name":"ship","taskReferenceName":"ship","retryCount":0,"compensateWith":"recall"}]})"},
    {"parent", R"({"name":"parent","version":1,"failureWorkflow":"sorry","tasks":[
        {"name":"reserve","taskReferenceName":"reserve","compensateWith":"release"},
        {"name":"fork","taskReferenceName":"fork","type":"FORK_JOIN","forkTasks":[
          [{"name":"book","taskReferenceName":"book","type":"SUB_WORKFLOW",
            "subWorkflowParam":{"name":"booking","version":2},
            "inputParameters":{"stock":"${reserve.output}"}}],
          [{"name":"tell","taskReferenceName":"tell","type":"START_WORKFLOW",
            "inputParameters":{"startWorkflow":{"name":"note","input":{"n":1}}}},
           {"name":"side","taskReferenceName":"side","compensateWith":"no_side"}]]},
        {"name":"join","taskReferenceName":"join","type":"JOIN","joinOn":["book","side"]},
        {"name":"ship","taskReferenceName":"ship","retryCount":0,"compensateWith":"recall"}]})"},
    {"upgraded", R"({"name":"upgraded","version":1,"tasks":[
        {"name":"reserve","taskReferenceName":"reserve","compensateWith":"release"},
        {"name":"each","taskReferenceName":"each","type":"DO_WHILE","items":["a","b"],"loopOver":[
          {"name":"pick","taskReferenceName":"pick","type":"DYNAMIC","dynamicTaskNameParam":"what",
           "inputParameters":{"what":"pack"}}]},
        {"name":"fork","taskReferenceName":"fork","type":"FORK_JOIN","forkTasks":[
          [{"name":"label","taskReferenceName":"label","compensateWith":"peel"}],
          [{"name":"bill","taskReferenceName":"bill","compensateWith":"unbill"}]]},
        {"name":"join","taskReferenceName":"join","type":"JOIN","joinOn":["label","bill"]},
        {"name":"ship","taskReferenceName":"ship","retryCount":0,"compensateWith":"recall"}]})",
     R"([{"name":"upgraded","version":2,"timeoutSeconds":900,"timeoutPolicy":"TIME_OUT_WF","tasks":[
        {"name":"reserve","taskReferenceName":"reserve","compensateWith":"release"},
        {"name":"each","taskReferenceName":"each","type":"DO_WHILE","items":["a","b"],"loopOver":[
          {"name":"pick","taskReferenceName":"pick","type":"DYNAMIC","dynamicTaskNameParam":"what",
           "inputParameters":{"what":"pack"}},
          {"name":"weigh","taskReferenceName":"weigh","compensateWith":"forget",
           "inputParameters":{"of":"${pick.output}"}}]},
        {"name":"fork","taskReferenceName":"fork","type":"FORK_JOIN","forkTasks":[
          [{"name":"label","taskReferenceName":"label","compensateWith":"peel"},
           {"name":"check","taskReferenceName":"check","saga":{"kind":"READ_ONLY"}}],
          [{"name":"bill","taskReferenceName":"bill","compensateWith":"unbill"}]]},
        {"name":"join","taskReferenceName":"join","type":"JOIN","joinOn":["check","bill"]},
        {"name":"ship","taskReferenceName":"ship","retryCount":2,"compensateWith":"recall"}]},
       {"name":"upgraded","version":3,"tasks":[
        {"name":"reserve","taskReferenceName":"reserve","compensateWith":"release"},
        {"name":"each","taskReferenceName":"each","type":"DO_WHILE","items":["a","b"],"loopOver":[
          {"name":"pick","taskReferenceName":"pick","type":"DYNAMIC","dynamicTaskNameParam":"what",
           "inputParameters":{"what":"pack"}}]},
        {"name":"tell","taskReferenceName":"tell","saga":{"kind":"READ_ONLY"}}]}])"},
    {"reopened", R"({"name":"reopened","version":1,"tasks":[
        {"name":"reserve","taskReferenceName":"reserve","retryCount":0},
        {"name":"fork","taskReferenceName":"fork","type":"FORK_JOIN","forkTasks":[
          [{"name":"each","taskReferenceName":"each","type":"DO_WHILE","items":[1,2],"loopOver":[
             {"name":"part","taskReferenceName":"part","retryCount":0,"permissive":true}]}],
          [{"name":"book","taskReferenceName":"book","type":"SUB_WORKFLOW","retryCount":0,
            "subWorkflowParam":{"name":"booking","version":2}}]]},
        {"name":"join","taskReferenceName":"join","type":"JOIN","joinOn":["each","book"]},
        {"name":"ship","taskReferenceName":"ship","retryCount":0}]})",
     nullptr, true},
    {"skipped", R"({"name":"skipped","version":1,"variables":{"tries":0},
        "saga":{"undeclared":"READ_ONLY"},"tasks":[
        {"name":"reserve","taskReferenceName":"reserve"},
        {"name":"each","taskReferenceName":"each","type":"DO_WHILE","items":[1,2,3],"loopOver":[
          {"name":"part","taskReferenceName":"part","inputParameters":{
             "tries":"${workflow.variables.tries}"}},
          {"name":"check","taskReferenceName":"check","type":"HUMAN"}]},
        {"name":"ship","taskReferenceName":"ship","compensateWith":"recall"}]})",
     nullptr, true},
    {"messages", R"({"name":"messages","version":1,"tasks":[
        {"name":"three","taskReferenceName":"three","type":"DO_WHILE","items":[1,2,3],"loopOver":[
          {"name":"next","taskReferenceName":"next","type":"PULL_WORKFLOW_MESSAGES",
           "inputParameters":{"batchSize":2}},
          {"name":"work","taskReferenceName":"work","optional":true,
           "inputParameters":{"what":"${next.output.messages}"}}]},
        {"name":"rest","taskReferenceName":"rest","type":"PULL_WORKFLOW_MESSAGES",
         "inputParameters":{"batchSize":9,"blocking":false}}]})",
     nullptr, true},
    {"turns", R"({"name":"turns","version":1,
        "rateLimitConfig":{"rateLimitKey":"${workflow.input.id}","concurrentExecLimit":1},
        "tasks":[
        {"name":"price","taskReferenceName":"price","inputParameters":{"of":"${workflow.input.id}"},
         "cacheConfig":{"key":"${of}","ttlInSecond":60},
         "taskDefinition":{"retryCount":0,"concurrentExecLimit":2,"rateLimitPerFrequency":5,
           "rateLimitFrequencyInSeconds":10,"enforceSchema":true,
           "outputSchema":{"name":"o","type":"JSON","data":{"required":["n"]}}}},
        {"name":"call","taskReferenceName":"call","type":"HTTP","asyncComplete":true,
         "inputParameters":{"uri":"http://a/b","method":"POST"}},
        {"name":"way","taskReferenceName":"way","type":"DECISION","caseValueParam":"way",
         "inputParameters":{"way":"${workflow.input.way}"},
         "decisionCases":{"wait":[{"name":"left","taskReferenceName":"left","retryCount":0}]},
         "defaultCase":[{"name":"right","taskReferenceName":"right","retryCount":0}]},
        {"name":"one","taskReferenceName":"one","type":"EXCLUSIVE_JOIN","joinOn":["left"],
         "defaultExclusiveJoinTask":["right"]}]})",
     nullptr, true},
};

// What is registered: what steps made at run time ask for.
core::Payload Registered(const std::string& name) {
  if (name != "pack") return core::Payload();
  return core::Payload(R"({"name":"pack","retryCount":1,"compensateWith":"unpack"})");
}

// One workflow, driven by dice.
class Dice {
 public:
  // `pinned`: the definition that it begins with, then those that it may go over to.
  Dice(const std::vector<codec::Pinned>& pinned, bool operated, std::uint64_t seed)
      : operated_(operated), random_(seed) {
    file_.pinned = pinned.front().body;
    for (const codec::Pinned& one : pinned) {
      if (!definitions_.empty()) file_.later.push_back(one.body);
      auto definition = std::make_shared<core::Definition>(one.definition);
      definition->id = static_cast<std::int64_t>(definitions_.size()) + 1;
      definitions_.push_back(std::move(definition));
    }
    definition_ = definitions_.front();
  }

  HistoryFile Play() {
    static constexpr const char* kWays[] = {"wait", "signal", "neither"};
    core::StartWorkflow start;
    start.id = core::WorkflowId(base::UuidV7(kBegin / 1'000, random_(), random_()));
    start.input =
        core::Payload(std::string(R"({"id":"o-\u00e9","way":")") + kWays[Roll(3)] + "\"}");
    start.correlation_id = "sample";
    file_.workflow_id = start.id;
    Send(start);
    for (int move = 0; move < kMovesMax; ++move) {
      if (!IsTerminal(state_.status)) {
        Move();
      } else if (!operated_ || ++reopenings_ > kReopeningsMax) {
        break;
      } else {
        Reopen();
      }
    }
    file_.outcome = OutcomeOf(*definition_, state_);
    return std::move(file_);
  }

 private:
  std::uint64_t Roll(std::uint64_t sides) { return random_() % sides; }

  void Send(const core::Trigger& trigger) {
    const auto decision = core::Decide(*definition_, trigger, now_, state_);
    if (!decision.ok() || decision->events.empty()) return;
    for (const core::Event& event : decision->events) {
      if (auto next = core::NextDefinition(event.body)) definition_ = std::move(next);
    }
    ports::HistoryRow row;
    row.first_seq = decision->events.front().seq;
    row.at = decision->events.front().at;
    row.events = codec::EncodeEvents(decision->events);
    file_.rows.push_back(std::move(row));
    for (const core::Command& command : decision->commands) Obey(command);
  }

  void Obey(const core::Command& command) {
    if (const auto* offer = std::get_if<core::OfferTask>(&command)) Offer(*offer);
    if (const auto* withdraw = std::get_if<core::WithdrawTask>(&command)) {
      offered_.erase(withdraw->task);
    }
    if (const auto* cancel = std::get_if<core::CancelTask>(&command)) {
      if (Roll(2) == 0) Report(cancel->task, core::TaskStatus::kCanceled);
    }
    if (const auto* start = std::get_if<core::StartChild>(&command)) {
      if (!start->again) children_.emplace_back(start->task, start->child);
    }
    if (const auto* end = std::get_if<core::TerminateChild>(&command)) {
      Tell(end->task, end->child, core::WorkflowStatus::kTerminated, core::SagaStatus::kNone);
    }
    if (const auto* undo = std::get_if<core::UndoChild>(&command)) {
      Tell(undo->task, undo->child, core::WorkflowStatus::kFailed, core::SagaStatus::kCompensated);
    }
    if (const auto* retry = std::get_if<core::RetryChild>(&command)) {
      children_.emplace_back(retry->task, retry->child);
    }
    if (const auto* resolve = std::get_if<core::ResolveSteps>(&command)) {
      core::StepsResolved answer{.request = resolve->request, .definitions = {}};
      for (const std::string& name : resolve->names) answer.definitions[name] = Registered(name);
      Send(answer);
    }
  }

  // Sometimes a result is kept under its cache key.
  void Offer(const core::OfferTask& offer) {
    offered_.insert(offer.task);
    if (offer.cache_key.empty() || Roll(2) == 0) return;
    offered_.erase(offer.task);
    Send(core::ReuseResult{.task = offer.task, .output = core::Payload("{\"n\":7}")});
  }

  // How the workflow that carries out a task has ended.
  void Tell(core::TaskNumber task, const core::WorkflowId& child, core::WorkflowStatus status,
            core::SagaStatus saga) {
    core::ReportChild report{
        .task = task, .child = child, .condition = core::ChildCondition::kEnded};
    report.name = "booking";
    report.version = 2;
    report.status = status;
    report.saga_status = saga;
    report.asked = state_.has_task(task) ? state_.task(task).resumed_seq : 0;
    report.output = core::Payload("{\"n\":" + std::to_string(task) + "}");
    if (status != core::WorkflowStatus::kCompleted) report.reason = "it was not to be";
    Send(report);
  }

  // The oldest of them: it runs, waits for a person, cannot be started, or has ended.
  void HearOfChild() {
    const auto [task, child] = children_.front();
    const std::uint64_t roll = Roll(8);
    if (roll < 2) {
      const auto condition =
          roll == 0 ? core::ChildCondition::kRunning : core::ChildCondition::kParked;
      return Send(core::ReportChild{.task = task, .child = child, .condition = condition});
    }
    children_.erase(children_.begin());
    if (roll == 2) {
      return Send(core::ReportChild{.task = task,
                                    .child = child,
                                    .condition = core::ChildCondition::kRefused,
                                    .reason = "No such workflow defined. name=booking, version=2"});
    }
    if (roll == 3) {
      return Tell(task, child, core::WorkflowStatus::kFailed, core::SagaStatus::kFailedClean);
    }
    Tell(task, child, core::WorkflowStatus::kCompleted, core::SagaStatus::kCompleted);
  }

  // A person goes on with what has ended, or one of its sub-workflows was gone on with.
  void Reopen() {
    now_ += static_cast<core::DurationUs>(Roll(3'000'000));
    offered_.clear();
    switch (Roll(5)) {
      case 0:
        return Send(core::RestartWorkflow{.actor = "eve", .reason = "once more", .force = true});
      case 1:
        return Send(core::RetryWorkflow{.actor = "eve", .reason = "mended"});
      case 2:
        return Send(
            core::RetryWorkflow{.actor = "eve", .reason = "mended", .resume_sub_workflows = true});
      case 3:
        return ReopenForChild();
      default:
        return Send(core::RerunWorkflow{
            .actor = "eve",
            .reason = "it was wrong",
            .task = static_cast<core::TaskNumber>(1 + Roll(state_.tasks.size()))});
    }
  }

  void ReopenForChild() {
    for (const core::Task& task : state_.tasks) {
      if (task.child.is_nil()) continue;
      children_.emplace_back(task.number, task.child);
      return Send(core::ReportChild{.task = task.number,
                                    .child = task.child,
                                    .condition = core::ChildCondition::kRunning,
                                    .reopened = 100 + state_.seq});
    }
  }

  // What only some samples are for.
  void Interfere() {
    const std::string number = std::to_string(Roll(1'000));
    switch (Roll(4)) {
      case 0:
        return Send(core::UpdateVariables{.variables = core::Payload("{\"tries\":" + number + "}"),
                                          .actor = "fay",
                                          .reason = "so many"});
      case 1:
        return Send(core::SendMessage{.id = "m-" + number,
                                      .named = Roll(2) == 0,
                                      .payload = core::Payload("{\"m\":" + number + "}")});
      case 2:
        return Send(core::SkipTask{
            .reference = definition_->steps[Roll(definition_->steps.size())].reference,
            .output = core::Payload(Roll(2) == 0 ? "{\"skipped\":true}" : ""),
            .actor = "fay",
            .reason = "not needed"});
      default:
        return Send(core::AdmitWorkflow{});
    }
  }

  // A person ends what waits for one.
  void Update() {
    for (const core::Task& task : state_.tasks) {
      if (!core::AwaitsOutside(*definition_, state_, task)) continue;
      return Send(core::UpdateTask{
          .task = task.number,
          .status = Roll(4) == 0 ? core::TaskStatus::kFailed : core::TaskStatus::kCompleted,
          .output = core::Payload("{\"by\":\"gil\"}"),
          .reason = "looked at it",
          .actor = "gil",
          .merge_output = Roll(2) == 0});
    }
  }

  void Move() {
    now_ += static_cast<core::DurationUs>(Roll(3'000'000));
    if (operated_ && Roll(4) == 0) return Roll(3) == 0 ? Update() : Interfere();
    if (!children_.empty() && Roll(2) == 0) return HearOfChild();
    if (definitions_.size() > 1 && Roll(6) == 0) {
      return Send(core::UpgradeWorkflow{.definition = definitions_[Roll(definitions_.size())],
                                        .actor = "eve",
                                        .reason = "a better one"});
    }
    if (Roll(12) == 0) return People();
    if (!offered_.empty() && Roll(3) > 0) return Begin();
    std::vector<core::TaskNumber> running;
    for (const core::Task& task : state_.tasks) {
      const bool started = task.status == core::TaskStatus::kInProgress && task.fence != 0;
      if (started) running.push_back(task.number);
    }
    if (!running.empty()) return Work(running[Roll(running.size())]);
    if (state_.saga_status == core::SagaStatus::kParked || Roll(2) == 0) return People();
    if (offered_.empty() && state_.NextDueAt() != 0) {
      now_ = std::max(now_, state_.NextDueAt());
      Send(core::FireTimers{});
    }
  }

  void Begin() {
    const core::TaskNumber task = *offered_.begin();
    offered_.erase(task);
    Send(core::StartTask{.task = task,
                         .worker = "worker-1",
                         .incarnation = "i-1",
                         .barrier = state_.task(task).run % 2 == 0});
  }

  void Work(core::TaskNumber task) {
    switch (Roll(12)) {
      case 0:
        return Report(task, core::TaskStatus::kFailed);
      case 1:
        return Report(task, core::TaskStatus::kFailedWithTerminalError);
      case 2:
        return Send(core::LoseTask{
            .task = task,
            .fence = state_.task(task).fence,
            .timeout = Roll(2) == 0 ? core::Timeout::kLease : core::Timeout::kResponse});
      case 3:
        return Report(task, core::TaskStatus::kInProgress);
      default:
        return Report(task, core::TaskStatus::kCompleted);
    }
  }

  void Report(core::TaskNumber number, core::TaskStatus status) {
    const core::Task& task = state_.task(number);
    core::ReportResult result{.task = number, .fence = task.fence, .status = status};
    const bool hands_over = task.task_type == "HTTP" && status == core::TaskStatus::kCompleted;
    if (hands_over) result.status = core::TaskStatus::kInProgress;
    if (status == core::TaskStatus::kCompleted) {
      result.output = core::Payload("{\"n\":" + std::to_string(number) + ",\"t\":\"a \\\"b\\\"\"}");
    } else {
      result.reason = "attempt " + std::to_string(task.attempt) + " went wrong";
    }
    if (task.operation == core::Operation::kEvaluate) {
      result.output = core::Payload(Roll(3) > 0 ? "{\"result\":true}" : "{\"result\":false}");
    }
    if (task.operation == core::Operation::kCompensate) result.verdict = core::Verdict::kDone;
    if (task.operation == core::Operation::kProbe) {
      result.effect = Roll(2) == 0 ? core::Effect::kApplied : core::Effect::kNone;
    }
    Send(result);
  }

  void People() {
    switch (Roll(state_.saga_status == core::SagaStatus::kParked ? 7 : 3)) {
      case 0:
        Send(core::PauseWorkflow{"ann", "lunch"});
        return Send(core::ResumeWorkflow{"ann", "back"});
      case 1:
        return Send(core::SignalWorkflow{"", core::Payload("{\"ok\":true}"), "bob"});
      case 2:
        if (Roll(3) > 0) return;
        return Send(core::CompensateWorkflow{"cid", "customer changed their mind", Roll(2) == 0});
      case 3:
        return Operate(core::Verb::kRetry);
      case 4:
        return Operate(core::Verb::kSkip);
      case 5:
        return Operate(core::Verb::kSettle);
      default:
        return Operate(core::Verb::kResolve);
    }
  }

  void Operate(core::Verb verb) {
    for (const core::StepRun& run : state_.runs) {
      core::OperateSaga operate{.verb = verb, .actor = "dee", .reason = "looked at the ledger"};
      operate.reference = core::StepOf(*definition_, state_, run.step).reference;
      operate.effect = Roll(2) == 0 ? core::Effect::kApplied : core::Effect::kNone;
      if (verb != core::Verb::kSettle) operate.effect = core::Effect::kUnset;
      const core::EventSeq before = state_.seq;
      Send(operate);
      if (state_.seq != before) return;
    }
  }

  std::vector<std::shared_ptr<const core::Definition>> definitions_;
  std::shared_ptr<const core::Definition> definition_;  // that it has now
  const bool operated_;
  int reopenings_ = 0;
  std::mt19937_64 random_;
  core::State state_;
  core::TimeUs now_ = kBegin;
  std::set<core::TaskNumber> offered_;
  std::vector<std::pair<core::TaskNumber, core::WorkflowId>> children_;  // started, not ended
  HistoryFile file_;
};

absl::StatusOr<std::vector<codec::Pinned>> PinAll(const Sample& sample) {
  std::vector<std::string> definitions = {sample.definition};
  if (sample.later != nullptr) {
    for (core::JsonWalk walk(sample.later); walk.Next();) {
      definitions.emplace_back(walk.value());
    }
  }
  std::vector<codec::Pinned> result;
  for (const std::string& definition : definitions) {
    auto pinned = codec::PinDefinition(definition, nullptr, {});
    if (!pinned.ok()) return pinned.status();
    result.push_back(*std::move(pinned));
  }
  return result;
}

int Write(const std::filesystem::path& folder, const std::string& only) {
  std::filesystem::create_directories(folder);
  for (const Sample& sample : kSamples) {
    if (!only.empty() && only != sample.name) continue;
    const auto pinned = PinAll(sample);
    if (!pinned.ok()) {
      std::cerr << sample.name << ": " << pinned.status() << "\n";
      return 1;
    }
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
      const std::string name = std::string(sample.name) + "_" + std::to_string(seed) + ".json";
      const HistoryFile file = Dice(*pinned, sample.operated, seed * 7919 + sample.name[0]).Play();
      std::cout << name << ": " << file.rows.size() << " rows, " << file.outcome.front() << "\n";
      WriteFileOrDie(folder / name, FormatHistoryFile(file));
    }
  }
  return 0;
}

}  // namespace
}  // namespace skald::testing

int main(int argc, char** argv) {
  if (argc >= 3 && std::string_view(argv[2]) == "--scenarios") {
    return skald::testing::WriteScenarios(argv[1], {argv + 3, argv + argc});
  }
  if (argc != 2 && argc != 3) {
    std::cerr << "usage: write_histories FOLDER [SAMPLE | --scenarios [NAME...]]\n";
    return 2;
  }
  return skald::testing::Write(argv[1], argc == 3 ? argv[2] : "");
}
