// Sub-workflows in one another: twenty deep and more, down to the bound.
#include <gtest/gtest.h>

#include "engine/core/limits.h"
#include "tests/unit/runtime/family_fixture.h"

namespace skald::runtime {
namespace {

class LoopNestingTest : public FamilyFixture {};

TEST_F(LoopNestingTest, TwentyDeepCompletes) {
  auto definition = Define(R"({"name":"n","taskReferenceName":"n","type":"NOOP"})");
  for (int i = 1; i <= 20; ++i) definition = Define(SubOnce(absl::StrCat("d", i)));
  Boot();
  const core::WorkflowId id = Start(definition)->id;
  RunFor(2 * core::kSecondUs);
  EXPECT_EQ(Read(id)->status, core::WorkflowStatus::kCompleted);
  EXPECT_EQ(store_.WorkflowIds().size(), 21U);
}

// A definition that names itself.
TEST_F(LoopNestingTest, BeyondTheBoundTheFamilyFailsAndSaysWhy) {
  const auto definition = Define(SubOnce("d1"));
  Boot();
  const core::WorkflowId id = Start(definition)->id;
  RunFor(5 * core::kSecondUs);
  EXPECT_EQ(store_.WorkflowIds().size(), std::size_t{core::kWorkflowNestingMax} + 1);
  const core::State state = *Read(id);
  EXPECT_EQ(state.status, core::WorkflowStatus::kFailed);
  bool said = false;
  for (const core::WorkflowId& member : store_.WorkflowIds()) {
    const core::State one = *Read(member);
    EXPECT_EQ(one.status, core::WorkflowStatus::kFailed);
    said = said || one.reason.find("kWorkflowNestingMax (50") != std::string::npos;
  }
  EXPECT_TRUE(said);
}

}  // namespace
}  // namespace skald::runtime
