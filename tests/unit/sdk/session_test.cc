// One test per rule of docs/worker-protocol.md that binds the worker; the rule is the test's
// comment.
#include "workers/sdk/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"
#include "workers/sdk/limits.h"
#include "workers/sdk/wire.h"

namespace skald::sdk {
namespace {

using ::skald::testing::IsOk;
using ::skald::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr std::int64_t kLeaseMs = 30'000;
constexpr std::int64_t kPingMs = 2'000;

class SessionTest : public ::testing::Test {
 protected:
  SessionTest() { OpenStream(); }

  void OpenStream() {
    hello_ = session_.Open(now_).hello();
    v1::WorkResponse response;
    response.mutable_welcome()->set_ping_interval_ms(kPingMs);
    response.mutable_welcome()->set_lease_ms(kLeaseMs);
    response.mutable_welcome()->set_max_message_bytes(1 << 20);
    EXPECT_THAT(session_.Receive(response, now_), IsOk());
    Said();
  }

  // Everything that the session has to say now, in one message.
  v1::WorkRequest Said() {
    v1::WorkRequest all;
    v1::WorkRequest one;
    while (session_.Fill(now_, one)) {
      all.MergeFrom(one);
      one.Clear();
    }
    return all;
  }

  static v1::WorkResponse Assign(const std::string& id, std::uint64_t fence = 1,
                                 std::uint32_t response_timeout_ms = 0) {
    v1::WorkResponse response;
    v1::Assignment& assignment = *response.add_assignments();
    assignment.set_task_id(id);
    assignment.set_fence(fence);
    assignment.set_task_type("t");
    assignment.set_response_timeout_ms(response_timeout_ms);
    return response;
  }

  std::vector<HeldTaskPtr> Receive(v1::WorkResponse response) {
    auto intake = session_.Receive(response, now_);
    EXPECT_THAT(intake, IsOk());
    return intake.ok() ? std::move(intake->tasks) : std::vector<HeldTaskPtr>();
  }

  HeldTaskPtr Take(const std::string& id, std::uint32_t response_timeout_ms = 0) {
    auto tasks = Receive(Assign(id, 1, response_timeout_ms));
    EXPECT_THAT(tasks, SizeIs(1));
    EXPECT_TRUE(tasks.at(0)->Begin());
    return tasks.at(0);
  }

  void Finish(const HeldTaskPtr& task, Result result = Result::Completed("{}")) {
    session_.Finish(task, ToProto(task->data, std::move(result)));
  }

  static v1::WorkResponse Receipt(const std::string& id, v1::ResultReceipt::Outcome outcome,
                                  std::uint32_t retry_after_ms = 0) {
    v1::WorkResponse response;
    v1::ResultReceipt& receipt = *response.add_receipts();
    receipt.set_task_id(id);
    receipt.set_fence(1);
    receipt.set_outcome(outcome);
    receipt.set_retry_after_ms(retry_after_ms);
    return response;
  }

  static v1::WorkResponse CancelOf(const std::string& id) {
    v1::WorkResponse response;
    response.add_cancels()->set_task_id(id);
    response.mutable_cancels(0)->set_fence(1);
    return response;
  }

  std::int64_t now_ = 1'000'000;
  Session session_{{.worker_id = "w", .incarnation = "i", .name_space = "n", .credits = 4},
                   {{.task_type = "t", .barrier = true}}};
  v1::Hello hello_;
};

// The first message of a stream is the hello, and nothing follows it before the welcome.
TEST_F(SessionTest, SaysNothingBeforeTheWelcome) {
  Session session({.worker_id = "w", .incarnation = "i", .credits = 4}, {{.task_type = "t"}});
  const v1::WorkRequest first = session.Open(now_);
  EXPECT_EQ(first.hello().task_types(0).task_type(), "t");
  v1::WorkRequest request;
  EXPECT_FALSE(session.Fill(now_ + 5'000, request));
  EXPECT_FALSE(session.Deaf(now_ + kWelcomeTimeoutMs - 1));
  EXPECT_TRUE(session.Deaf(now_ + kWelcomeTimeoutMs));
}

TEST_F(SessionTest, HelloTellsTypesCreditsAndBarrier) {
  EXPECT_EQ(hello_.worker_id(), "w");
  EXPECT_EQ(hello_.incarnation(), "i");
  EXPECT_EQ(hello_.namespace_(), "n");
  EXPECT_EQ(hello_.credits(), 4u);
  ASSERT_EQ(hello_.task_types_size(), 1);
  EXPECT_TRUE(hello_.task_types(0).barrier());
  EXPECT_EQ(hello_.held_size(), 0);
}

// The server's first message is the welcome, and there is one.
TEST_F(SessionTest, RefusesAServerThatWelcomesTwiceOrNotAtAll) {
  v1::WorkResponse again;
  again.mutable_welcome();
  EXPECT_THAT(session_.Receive(again, now_),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("welcome")));
  session_.Open(now_);
  v1::WorkResponse none;
  EXPECT_THAT(session_.Receive(none, now_),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("welcome")));
}

// An assignment is acknowledged by a receipt, or by its result if that is ready first.
TEST_F(SessionTest, AcknowledgesAnAssignmentSoonUnlessItsResultDoes) {
  const HeldTaskPtr slow = Take("slow");
  const HeldTaskPtr quick = Take("quick");
  Finish(quick);
  EXPECT_EQ(Said().results_size(), 1);
  now_ += kReceiptDelayMs;
  const v1::WorkRequest said = Said();
  ASSERT_EQ(said.received_size(), 1);
  EXPECT_EQ(said.received(0).task_id(), "slow");
  EXPECT_EQ(said.received(0).fence(), 1u);
}

// An assignment that comes twice is run once, and acknowledged again.
TEST_F(SessionTest, RunsADuplicatedAssignmentOnce) {
  const HeldTaskPtr task = Take("a");
  now_ += kReceiptDelayMs;
  Said();
  EXPECT_THAT(Receive(Assign("a")), SizeIs(0));
  EXPECT_EQ(Said().received_size(), 1);
  Finish(task);
  EXPECT_EQ(Said().results_size(), 1);
  EXPECT_THAT(Receive(Assign("a")), SizeIs(0));
  EXPECT_EQ(Said().results_size(), 1);
}

// A newer fence is another dispatch: it is run, and answered for itself.
TEST_F(SessionTest, RunsANewerDispatchOfTheSameTask) {
  Take("a");
  const auto again = Receive(Assign("a", 2));
  ASSERT_THAT(again, SizeIs(1));
  EXPECT_TRUE(again[0]->Begin());
  Finish(again[0]);
  EXPECT_EQ(Said().results(0).fence(), 2u);
}

// A result is kept until its receipt, and sent again on the next stream; the hello lists it as
// held.
TEST_F(SessionTest, KeepsAResultUntilItsReceiptAcrossStreams) {
  Finish(Take("a"), Result::Completed(R"({"x":1})"));
  EXPECT_EQ(Said().results_size(), 1);
  OpenStream();
  ASSERT_EQ(hello_.held_size(), 1);
  EXPECT_EQ(hello_.held(0).task_id(), "a");
  // OpenStream swallowed what was said; another stream says it again.
  session_.Open(now_);
  v1::WorkResponse welcome;
  welcome.mutable_welcome()->set_lease_ms(kLeaseMs);
  ASSERT_THAT(session_.Receive(welcome, now_), IsOk());
  const v1::WorkRequest said = Said();
  ASSERT_EQ(said.results_size(), 1);
  EXPECT_EQ(said.results(0).output(), R"({"x":1})");
  Receive(Receipt("a", v1::ResultReceipt::OUTCOME_RECORDED));
  EXPECT_TRUE(session_.idle());
}

// Every outcome but RETRY ends the matter.
TEST_F(SessionTest, ForgetsAResultAfterAnyFinalReceipt) {
  for (const auto outcome :
       {v1::ResultReceipt::OUTCOME_RECORDED, v1::ResultReceipt::OUTCOME_SUPERSEDED,
        v1::ResultReceipt::OUTCOME_UNKNOWN_TASK, v1::ResultReceipt::OUTCOME_INVALID}) {
    Finish(Take("a"));
    Said();
    EXPECT_FALSE(session_.idle());
    Receive(Receipt("a", outcome));
    EXPECT_TRUE(session_.idle()) << outcome;
  }
}

// OUTCOME_RETRY: send it again after retry_after_ms, on the same stream.
TEST_F(SessionTest, SendsAResultAgainWhenTold) {
  Finish(Take("a"));
  Said();
  Receive(Receipt("a", v1::ResultReceipt::OUTCOME_RETRY, 500));
  now_ += 499;
  EXPECT_EQ(Said().results_size(), 0);
  EXPECT_LE(session_.NextDueMs(), now_ + 1);
  now_ += 1;
  EXPECT_EQ(Said().results_size(), 1);
}

// A receipt that was lost: the result is sent again after a lease.
TEST_F(SessionTest, SendsAResultAgainWhenNoReceiptComesForALease) {
  Finish(Take("a"));
  Said();
  now_ += kLeaseMs;
  EXPECT_EQ(Said().results_size(), 1);
}

// A heartbeat per held task at least every third of its lease, from the reception to the result.
TEST_F(SessionTest, SendsHeartbeatsWithinAThirdOfTheLease) {
  const HeldTaskPtr task = Take("a");
  std::int64_t last = now_;
  int beats = 0;
  for (; now_ < 1'000'000 + 3 * kLeaseMs; now_ += 50) {
    if (Said().heartbeats_size() == 0) continue;
    EXPECT_LE(now_ - last, kLeaseMs / 3);
    last = now_;
    ++beats;
  }
  EXPECT_GE(beats, 8);
  Finish(task);
  now_ += kLeaseMs - 1;
  EXPECT_EQ(Said().heartbeats_size(), 0);
}

TEST_F(SessionTest, SendsHeartbeatsFasterForAShorterResponseTimeout) {
  Take("a", 3'000);
  EXPECT_LE(session_.NextDueMs(), now_ + 1'000);
  now_ += 1'000;
  EXPECT_EQ(Said().heartbeats_size(), 1);
}

TEST_F(SessionTest, ProgressLeavesAtOnceAndTravelsWithLaterHeartbeats) {
  Take("a");
  session_.Progress("a", 1, 40, "packing");
  v1::WorkRequest said = Said();
  ASSERT_EQ(said.heartbeats_size(), 1);
  EXPECT_EQ(said.heartbeats(0).progress_percent(), 40u);
  EXPECT_EQ(said.heartbeats(0).progress_message(), "packing");
  EXPECT_EQ(Said().heartbeats_size(), 0);
  now_ += kLeaseMs / 3;
  EXPECT_EQ(Said().heartbeats(0).progress_percent(), 40u);
}

// At most 1 000 entries of a kind in a message.
TEST_F(SessionTest, SplitsWhatIsTooMuchForAMessage) {
  Session session({.worker_id = "w", .incarnation = "i", .credits = 5'000}, {{.task_type = "t"}});
  session.Open(now_);
  v1::WorkResponse response;
  response.mutable_welcome()->set_lease_ms(kLeaseMs);
  response.mutable_welcome()->set_ping_interval_ms(kPingMs);
  for (int i = 0; i < 2'500; ++i) {
    *response.add_assignments() = Assign("t" + std::to_string(i)).assignments(0);
  }
  ASSERT_THAT(session.Receive(response, now_), IsOk());
  now_ += kLeaseMs / 3;
  int beats = 0;
  v1::WorkRequest request;
  while (session.Fill(now_, request)) {
    EXPECT_LE(request.heartbeats_size(), kEntriesPerMessageMax);
    EXPECT_LE(request.received_size(), kEntriesPerMessageMax);
    beats += request.heartbeats_size();
    request.Clear();
  }
  EXPECT_EQ(beats, 2'500);
}

// A message stays below max_message_bytes.
TEST_F(SessionTest, SplitsResultsByBytesAndFailsWhatCannotFit) {
  for (int i = 0; i < 4; ++i) {
    Finish(Take("t" + std::to_string(i)),
           Result::Completed("\"" + std::string(500'000, 'x') + "\""));
  }
  v1::WorkRequest request;
  int results = 0;
  while (session_.Fill(now_, request)) {
    EXPECT_LT(request.ByteSizeLong(), std::size_t{1} << 20);
    results += request.results_size();
    request.Clear();
  }
  EXPECT_EQ(results, 4);
  for (int i = 0; i < 4; ++i) {
    Receive(Receipt("t" + std::to_string(i), v1::ResultReceipt::OUTCOME_RECORDED));
  }
  Finish(Take("huge"), Result::Completed("\"" + std::string(2 << 20, 'x') + "\""));
  const v1::WorkRequest said = Said();
  EXPECT_EQ(said.results(0).status(), v1::TaskResult::STATUS_FAILED_TERMINAL);
  EXPECT_EQ(said.results(0).effect(), v1::EFFECT_APPLIED);
  EXPECT_THAT(said.results(0).reason(), HasSubstr("bytes"));
}

// A task that is cancelled before it began is answered CANCELED, effect NONE, and never begins.
TEST_F(SessionTest, AnswersACancelOfAWaitingTask) {
  const auto tasks = Receive(Assign("a"));
  Receive(CancelOf("a"));
  EXPECT_FALSE(tasks.at(0)->Begin());
  const v1::WorkRequest said = Said();
  ASSERT_EQ(said.results_size(), 1);
  EXPECT_EQ(said.results(0).status(), v1::TaskResult::STATUS_CANCELED);
  EXPECT_EQ(said.results(0).effect(), v1::EFFECT_NONE);
}

// A running one is told; its own answer counts, whatever it is.
TEST_F(SessionTest, PassesACancelOnToARunningTask) {
  const HeldTaskPtr task = Take("a");
  Receive(CancelOf("a"));
  EXPECT_TRUE(task->cancel.cancelled());
  EXPECT_EQ(Said().results_size(), 0);
  Finish(task);
  EXPECT_EQ(Said().results(0).status(), v1::TaskResult::STATUS_COMPLETED);
}

TEST_F(SessionTest, IgnoresCancelsAndReceiptsOfTasksItDoesNotHold) {
  Receive(CancelOf("nobody"));
  Receive(Receipt("nobody", v1::ResultReceipt::OUTCOME_RECORDED));
  Take("a");
  Receive(Receipt("a", v1::ResultReceipt::OUTCOME_SUPERSEDED));  // not answered yet
  EXPECT_EQ(session_.held(), 1u);
}

// Either side pings; a silent server is given up after three intervals.
TEST_F(SessionTest, PingsAnswersPingsAndNoticesSilence) {
  now_ += kPingMs;
  EXPECT_TRUE(Said().has_ping());
  v1::WorkResponse ping;
  ping.mutable_ping()->set_nonce(77);
  Receive(ping);
  EXPECT_EQ(Said().pong().nonce(), 77u);
  EXPECT_FALSE(session_.Deaf(now_ + kSilentPingIntervalsMax * kPingMs - 1));
  EXPECT_TRUE(session_.Deaf(now_ + kSilentPingIntervalsMax * kPingMs));
}

// Drain is said once per stream.
TEST_F(SessionTest, SaysDrainOncePerStream) {
  session_.Drain();
  EXPECT_TRUE(Said().drain());
  EXPECT_FALSE(Said().drain());
  session_.Open(now_);
  v1::WorkResponse welcome;
  welcome.mutable_welcome()->set_lease_ms(kLeaseMs);
  ASSERT_THAT(session_.Receive(welcome, now_), IsOk());
  EXPECT_TRUE(Said().drain());
}

// A server that ignores credits is refused, for the queue is bounded by them.
TEST_F(SessionTest, RefusesFarMoreTasksThanItsCredits) {
  v1::WorkResponse response;
  for (int i = 0; i < 9; ++i) {
    *response.add_assignments() = Assign("t" + std::to_string(i)).assignments(0);
  }
  EXPECT_THAT(session_.Receive(response, now_),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("credits")));
}

// Log lines are cut and bounded per task.
TEST_F(SessionTest, BoundsLogLines) {
  Take("a");
  for (int i = 0; i < 2 * kLogLinesPerTaskMax; ++i) {
    session_.Log("a", 1, 5, std::string(2 * kLogBytesMax, 'x'));
  }
  const v1::WorkRequest said = Said();
  EXPECT_EQ(said.logs_size(), kLogLinesPerTaskMax);
  EXPECT_EQ(said.logs(0).message().size(), kLogBytesMax);
}

}  // namespace
}  // namespace skald::sdk
