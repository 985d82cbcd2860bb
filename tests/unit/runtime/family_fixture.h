// FamilyFixture: a LoopFixture for workflows within workflows, whose memory may be lost at a
// commit.
#pragma once

#include <memory>
#include <string>

#include "tests/unit/runtime/loop_fixture.h"

namespace skald::runtime {

class FamilyFixture : public LoopFixture {
 protected:
  static std::string Sub(const std::string& name, const std::string& more = "") {
    return absl::StrCat(R"({"name":"sub","taskReferenceName":"sub","type":"SUB_WORKFLOW",)",
                        R"("subWorkflowParam":{"name":")", name, R"(","version":1})", more, "}");
  }
  // A step whose failed child is not replaced by another.
  static std::string SubOnce(const std::string& name) { return Sub(name, R"(,"retryCount":0)"); }

  // As stored.
  std::shared_ptr<const core::State> Read(const core::WorkflowId& id) {
    auto folded = Fold(*store_.Load(id), [this](std::int64_t number) { return ById(number); });
    EXPECT_THAT(folded, ::skald::testing::IsOk());
    return std::make_shared<const core::State>((*folded)->state);
  }
  // The newest child of the parent's newest task; nil when there is none.
  core::WorkflowId ChildOf(const core::WorkflowId& parent) {
    core::WorkflowId child;
    const auto state = Read(parent);
    for (const core::Task& task : state->tasks) {
      if (!task.child.is_nil()) child = task.child;
    }
    return child;
  }
  // What the commit of that number holds is never heard of again, and the node forgets all.
  void LoseMemoryAt(int commit) {
    for (int i = 1; i < commit; ++i) {
      commit_fates_.push_back({.carried_out_after_us = 500, .answered_after_us = 1'000});
    }
    commit_fates_.push_back({.kind = memory::Fate::Kind::kUnknownLost, .answered_after_us = 1'000});
  }
};

}  // namespace skald::runtime
