// Sub-workflows in one another: twenty deep and more, down to the bound.
#include <gtest/gtest.h>

#include "engine/core/limits.h"
#include "tests/unit/runtime/loop_fixture.h"

namespace skald::runtime {
namespace {

class LoopNestingTest : public LoopFixture {
 protected:
  static std::string Sub(const std::string& name) {
    return absl::StrCat(R"({"name":"sub","taskReferenceName":"sub","type":"SUB_WORKFLOW",)",
                        R"("retryCount":0,"subWorkflowParam":{"name":")", name,
                        R"(","version":1}})");
  }
  core::State Read(const core::WorkflowId& id) {
    auto folded = Fold(*store_.Load(id), [this](std::int64_t number) { return ById(number); });
    EXPECT_TRUE(folded.ok());
    return folded.ok() ? (*folded)->state : core::State();
  }
};

TEST_F(LoopNestingTest, TwentyDeepCompletes) {
  auto definition = Define(R"({"name":"n","taskReferenceName":"n","type":"NOOP"})");
  for (int i = 1; i <= 20; ++i) definition = Define(Sub(absl::StrCat("d", i)));
  Boot();
  const core::WorkflowId id = Start(definition)->id;
  RunFor(2 * core::kSecondUs);
  EXPECT_EQ(Read(id).status, core::WorkflowStatus::kCompleted);
  EXPECT_EQ(store_.WorkflowIds().size(), 21U);
}

// A definition that names itself.
TEST_F(LoopNestingTest, BeyondTheBoundTheFamilyFailsAndSaysWhy) {
  const auto definition = Define(Sub("d1"));
  Boot();
  const core::WorkflowId id = Start(definition)->id;
  RunFor(5 * core::kSecondUs);
  EXPECT_EQ(store_.WorkflowIds().size(), std::size_t{core::kWorkflowNestingMax} + 1);
  const core::State state = Read(id);
  EXPECT_EQ(state.status, core::WorkflowStatus::kFailed);
  bool said = false;
  for (const core::WorkflowId& member : store_.WorkflowIds()) {
    const core::State one = Read(member);
    EXPECT_EQ(one.status, core::WorkflowStatus::kFailed);
    said = said || one.reason.find("kWorkflowNestingMax (50)") != std::string::npos;
  }
  EXPECT_TRUE(said);
}

}  // namespace
}  // namespace skald::runtime
