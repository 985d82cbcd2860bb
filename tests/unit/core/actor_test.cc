// Whatever a person asks of a running or ended workflow is an event with actor and reason. Each
// verb is asked of a workflow that takes it, and both are looked for in one of the events that it
// made.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "tests/unit/core/saga_world.h"

namespace skald::core {
namespace {

constexpr char kWho[] = "who";
constexpr char kWhy[] = "why";

const char* const kPlain = R"({"name":"w","tasks":[
    {"name":"a","taskReferenceName":"a","type":"WAIT"},
    {"name":"b","taskReferenceName":"b"}]})";
const char* const kPull = R"({"name":"w","tasks":[
    {"name":"a","taskReferenceName":"a","type":"PULL_WORKFLOW_MESSAGES"}]})";

// Both steps can be undone.
std::string Saga(const std::string& settings = "{}", const std::string& more = "") {
  return R"({"name":"w","saga":)" + settings + R"(,"tasks":[
    {"name":"a","taskReferenceName":"a","compensateWith":"undo_a"},
    {"name":"b","taskReferenceName":"b","compensateWith":"undo_b")" +
         more + "}]}";
}

void Nothing(SagaWorld&) {}
void Pause(SagaWorld& world) { ASSERT_TRUE(world.Send(PauseWorkflow{.actor = "x"}).ok()); }
void End(SagaWorld& world) { ASSERT_TRUE(world.Send(TerminateWorkflow{.actor = "x"}).ok()); }
void DoA(SagaWorld& world) { world.Succeed("a"); }
void TakeB(SagaWorld& world) {
  ASSERT_TRUE(world.Send(SignalWorkflow{.actor = "x"}).ok());
  ASSERT_TRUE(world.Begin(world.Live("b")));
}
// The undo of `a` waits for a person, who is to say how it came out.
void ParkUndo(SagaWorld& world) {
  world.Succeed("a");
  world.Fail("b");
  world.Finish("a", TaskStatus::kFailedWithTerminalError, Operation::kCompensate);
}
// It is not known whether `a` took effect.
void ParkUnknown(SagaWorld& world) {
  world.set_barrier(false);
  const TaskNumber task = world.Live("a");
  ASSERT_TRUE(world.Begin(task));
  ReportResult result = world.ResultOf(task, TaskStatus::kFailedWithTerminalError);
  result.effect = Effect::kUnknown;
  ASSERT_TRUE(world.Send(result).ok());
}
// Past the pivot there is no way back, and the next step has failed.
void ParkForward(SagaWorld& world) {
  world.Succeed("a");
  world.Fail("b");
}

struct ActorCase {
  std::string name;
  std::string definition;
  std::function<void(SagaWorld&)> before;
  Trigger trigger;
};

OperateSaga Operate(Verb verb, const std::string& reference, Effect effect = Effect::kUnset) {
  return {.verb = verb, .reference = reference, .effect = effect, .actor = kWho, .reason = kWhy};
}

SignalWorkflow Signal(TaskStatus status) {
  return {.actor = kWho, .reason = kWhy, .status = status};
}

UpdateTask Update(TaskStatus status) {
  return {.reference = "b",
          .status = status,
          .output = Payload(R"({"x":1})"),
          .reason = kWhy,
          .actor = kWho};
}

TerminateWorkflow Terminate(bool abandon = false) {
  return {.actor = kWho, .reason = kWhy, .abandon = abandon};
}

UpgradeWorkflow Upgrade() {
  Definition next = MustParse(kPlain);
  next.id = 2;
  next.version = 2;
  return {.definition = std::make_shared<const Definition>(std::move(next)),
          .actor = kWho,
          .reason = kWhy};
}

const char* const kPivotDefinition = R"({"name":"w","tasks":[
    {"name":"a","taskReferenceName":"a","saga":{"kind":"PIVOT"}},
    {"name":"b","taskReferenceName":"b","saga":{"kind":"RETRYABLE"}}]})";
const char* const kIgnore = R"({"onTerminate":"IGNORE"})";

std::vector<ActorCase> Cases() {
  return {
      {"signal", kPlain, Nothing, Signal(TaskStatus::kCompleted)},
      {"signal FAILED", kPlain, Nothing, Signal(TaskStatus::kFailed)},
      {"signal CANCELED", kPlain, Nothing, Signal(TaskStatus::kCanceled)},
      {"signal IN_PROGRESS", kPlain, Nothing, Signal(TaskStatus::kInProgress)},
      {"update COMPLETED", kPlain, TakeB, Update(TaskStatus::kCompleted)},
      {"update FAILED", kPlain, TakeB, Update(TaskStatus::kFailed)},
      {"update for good", kPlain, TakeB, Update(TaskStatus::kFailedWithTerminalError)},
      {"update CANCELED", kPlain, TakeB, Update(TaskStatus::kCanceled)},
      {"update IN_PROGRESS", kPlain, TakeB, Update(TaskStatus::kInProgress)},
      {"message", kPull, Nothing, SendMessage{.id = "m", .actor = kWho, .reason = kWhy}},
      {"pause", kPlain, Nothing, PauseWorkflow{kWho, kWhy}},
      {"resume", kPlain, Pause, ResumeWorkflow{kWho, kWhy}},
      {"terminate", kPlain, Nothing, Terminate()},
      {"terminate a saga", Saga(), DoA, Terminate()},
      {"terminate without undo", Saga(kIgnore), DoA, Terminate()},
      {"terminate and abandon", Saga(), DoA, Terminate(true)},
      {"compensate", Saga(), DoA, CompensateWorkflow{kWho, kWhy}},
      {"compensate past the pivot", kPivotDefinition, DoA, CompensateWorkflow{kWho, kWhy, true}},
      {"operate retry", Saga(), ParkUndo, Operate(Verb::kRetry, "a")},
      {"operate retry of all", Saga(), ParkUndo, Operate(Verb::kRetry, "")},
      {"operate resolve", Saga(), ParkUndo, Operate(Verb::kResolve, "a")},
      {"operate skip", Saga(), ParkUndo, Operate(Verb::kSkip, "a")},
      {"operate abandon", Saga(), ParkUndo, Operate(Verb::kAbandon, "")},
      {"operate settle", Saga(), ParkUnknown, Operate(Verb::kSettle, "a", Effect::kNone)},
      {"operate retry forward", kPivotDefinition, ParkForward, Operate(Verb::kRetry, "b")},
      {"operate resolve forward", kPivotDefinition, ParkForward, Operate(Verb::kResolve, "b")},
      {"operate skip forward", kPivotDefinition, ParkForward, Operate(Verb::kSkip, "b")},
      {"operate abandon forward", kPivotDefinition, ParkForward, Operate(Verb::kAbandon, "")},
      {"restart", kPlain, End, RestartWorkflow{kWho, kWhy}},
      {"retry", kPlain, End, RetryWorkflow{kWho, kWhy}},
      {"rerun", kPlain, End, RerunWorkflow{.actor = kWho, .reason = kWhy, .reference = "a"}},
      {"skip", kPlain, Nothing, SkipTask{.reference = "b", .actor = kWho, .reason = kWhy}},
      {"variables", kPlain, Nothing, UpdateVariables{Payload(R"({"x":1})"), kWho, kWhy}},
      {"upgrade", kPlain, Nothing, Upgrade()}};
}

// An event whose actor and reason are these.
bool SaysWhoAndWhy(const Event& event) {
  return std::visit(
      [](const auto& body) {
        if constexpr (requires { body.actor == body.reason; }) {
          return body.actor == kWho && body.reason == kWhy;
        }
        return false;
      },
      event.body);
}

template <std::size_t kIndex = 0>
void AddVerbs(std::set<std::size_t>& verbs) {
  if constexpr (kIndex < std::variant_size_v<Trigger>) {
    using Body = std::variant_alternative_t<kIndex, Trigger>;
    if constexpr (requires(Body body) { body.actor; }) {
      static_assert(requires(Body body) { body.reason; }, "who asks may say why");
      verbs.insert(kIndex);
    }
    AddVerbs<kIndex + 1>(verbs);
  }
}

TEST(ActorTest, EveryVerbLeavesActorAndReasonInTheHistory) {
  for (const ActorCase& one : Cases()) {
    SCOPED_TRACE(one.name);
    SagaWorld world(MustParse(one.definition));
    world.Start();
    one.before(world);
    const std::size_t known = world.history().size();

    const absl::StatusOr<Answer> answer = world.Send(one.trigger);

    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(*answer, Answer::kRecorded);
    int found = 0;
    for (std::size_t i = known; i < world.history().size(); ++i) {
      found += SaysWhoAndWhy(world.history()[i]) ? 1 : 0;
    }
    EXPECT_GE(found, 1);
  }
}

TEST(ActorTest, NoVerbIsLeftOut) {
  std::set<std::size_t> verbs, asked;
  AddVerbs(verbs);
  for (const ActorCase& one : Cases()) asked.insert(one.trigger.index());
  EXPECT_EQ(asked, verbs);
}

}  // namespace
}  // namespace skald::core
