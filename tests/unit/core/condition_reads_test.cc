#include "engine/core/condition_reads.h"

#include <gtest/gtest.h>

namespace skald::core {
namespace {

TEST(ConditionReadsTest, CountsAndOtherStepsNeedNoResults) {
  for (const char* script :
       {"$.loop['iteration'] < 10", "$.loop.iteration < $.limit", "$.loop[\"loopIndex\"] == 3",
        "if ($.loop['iteration'] < 3 && $.a['ok']) { true; } else { false; }", "true", "$.a.b.c",
        "$['a']['x'] > 1 || $.loop.loopItem == 'last'"}) {
    EXPECT_FALSE(ReadsOwnResults(script, "loop")) << script;
  }
}

TEST(ConditionReadsTest, WhatMayReadResultsGetsThem) {
  for (const char* script :
       {"$.loop['2'].a", "$.loop[i]", "$.loop", "$.loop .iteration", "$['loop'][1]",
        "JSON.stringify($)", "var x = $; x.loop", "$['lo' + 'op'][1]", "eval('$.a')",
        "$.\\u006coop[1]", "Object.keys(this)", "x$.a", "`${$.loop[1]}`", "$.loop\xc3\xa9.a",
        "$.loop.iteration2", "$[\"loop]"}) {
    EXPECT_TRUE(ReadsOwnResults(script, "loop")) << script;
  }
}

}  // namespace
}  // namespace skald::core
