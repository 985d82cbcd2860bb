// Task domains at a whole loop (conductor.md 3.4).
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/unit/runtime/loop_fixture.h"

namespace skald::runtime {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class LoopDomainsTest : public LoopFixture {
 protected:
  void StartIn(const std::string& domains, const std::string& name = "d1") {
    loop_->Start({.name_space = "default",
                  .definition = *ByName(name),
                  .start = {.id = NewId(), .task_to_domain = core::Payload(domains)}},
                 [](const absl::StatusOr<Started>& answer) { ASSERT_TRUE(answer.ok()); });
    Settle();
  }
  TestWorker ConnectIn(const std::string& domain, const std::string& incarnation,
                       std::uint32_t credits = 10) {
    WorkerHello hello{.name_space = "default",
                      .worker_id = incarnation,
                      .incarnation = incarnation,
                      .task_types = {{"a", domain, true}},
                      .credits = credits};
    TestWorker worker;
    worker.sink = std::make_shared<RecordingSink>();
    worker.session = loop_->Attach(std::move(hello), worker.sink).value_or(0);
    Settle();
    return worker;
  }
  static std::vector<std::string> DomainsOf(const TestWorker& worker) {
    std::vector<std::string> domains;
    for (const Assignment& one : worker.sink->assignments) domains.push_back(one.domain);
    return domains;
  }
};

TEST_F(LoopDomainsTest, WorkerSeesTheTasksOfItsDomainOnly) {
  Define(Simple("a"));
  Boot();
  const TestWorker plain = ConnectIn("", "w1");
  const TestWorker eu = ConnectIn("eu", "w2");
  StartIn(R"({"a":"eu"})");
  StartIn(R"({"*":"eu","a":"NO_DOMAIN"})");
  StartIn(R"({"a":"us"})");
  StartIn("");
  EXPECT_THAT(DomainsOf(plain), ElementsAre("", ""));
  EXPECT_THAT(DomainsOf(eu), ElementsAre("eu"));
}

TEST_F(LoopDomainsTest, FirstDomainWithAWorkerIsChosen) {
  Define(Simple("a"));
  Boot();
  const TestWorker eu = ConnectIn("eu", "w2");
  const TestWorker us = ConnectIn("us", "w3");
  StartIn(R"({"a":"asia,us,eu"})");
  StartIn(R"({"a":"eu, us"})");
  EXPECT_THAT(DomainsOf(us), ElementsAre("us"));
  EXPECT_THAT(DomainsOf(eu), ElementsAre("eu"));
}

// conductor.md 3.4: a domain counts as active for 10 s after its worker was seen last.
TEST_F(LoopDomainsTest, DomainStaysActiveForAWhile) {
  Define(Simple("a"));
  Boot();
  const TestWorker eu = ConnectIn("eu", "w2");
  const TestWorker us = ConnectIn("us", "w3");
  loop_->Detach(eu.session);
  RunFor(9 * core::kSecondUs);
  StartIn(R"({"a":"eu,us"})");
  EXPECT_THAT(us.sink->assignments, IsEmpty()) << "it waits for eu";
  RunFor(2 * core::kSecondUs);
  StartIn(R"({"a":"eu,us"})");
  EXPECT_THAT(us.sink->assignments, SizeIs(1));
  const TestWorker again = ConnectIn("eu", "w4");
  EXPECT_THAT(again.sink->assignments, SizeIs(1));
}

TEST_F(LoopDomainsTest, LastOfTheListWhenNoneIsActive) {
  Define(Simple("a"));
  Boot();
  StartIn(R"({"a":"eu,NO_DOMAIN"})");
  StartIn(R"({"a":"eu,us"})");
  const TestWorker plain = ConnectIn("", "w1");
  EXPECT_THAT(DomainsOf(plain), ElementsAre(""));
  const TestWorker us = ConnectIn("us", "w2");
  EXPECT_THAT(DomainsOf(us), ElementsAre("us"));
}

TEST_F(LoopDomainsTest, WaitingTasksMoveWhenAWorkerOfAnEarlierDomainComes) {
  Define(Simple("a"));
  Boot();
  for (int i = 0; i < 3; ++i) StartIn(R"({"a":"eu,us"})");
  const TestWorker eu = ConnectIn("eu", "w1", 2);
  EXPECT_THAT(DomainsOf(eu), ElementsAre("eu", "eu"));
  const TestWorker us = ConnectIn("us", "w2");
  EXPECT_THAT(us.sink->assignments, IsEmpty()) << "the third waits for eu";
  loop_.reset();
  Boot();
  const TestWorker after = ConnectIn("eu", "w3");
  EXPECT_THAT(DomainsOf(after), ElementsAre("eu")) << "chosen again after a restart";
}

TEST_F(LoopDomainsTest, DomainIsKeptWithTheTask) {
  Define(Simple("a"));
  Boot();
  const TestWorker eu = ConnectIn("eu", "w1");
  StartIn(R"({"a":"eu"})");
  ASSERT_THAT(eu.sink->assignments, SizeIs(1));
  const auto view = Get(eu.sink->assignments[0].workflow);
  Settle();
  EXPECT_EQ((***view)->state.task(1).domain, "eu");
  EXPECT_EQ((***view)->state.start.task_to_domain.text(), R"({"a":"eu"})");
}

}  // namespace
}  // namespace skald::runtime
