// What scripts and jq programs written for the reference server meet here: its wording of errors,
// and its jq.
#include <gtest/gtest.h>

#include "engine/script/graal_text.h"
#include "engine/script/jq_dialect.h"

namespace skald::script {
namespace {

TEST(GraalTextTest, NamesThePropertyReadOfNothing) {
  EXPECT_EQ(
      GraalText("TypeError: $.urls is null", "(function() {\n  return $.urls.length;\n})()", 2),
      "Error evaluating the script `TypeError: Cannot read property 'length' of null` at "
      "line 2");
  EXPECT_EQ(GraalText("TypeError: $.loop is undefined", "if ($.loop['iteration'] < 3) true", 1),
            "Error evaluating the script `TypeError: Cannot read property 'iteration' of "
            "undefined` at line 1");
  EXPECT_EQ(GraalText("TypeError: a is null", "ba.x + a.y", 1),
            "Error evaluating the script `TypeError: Cannot read property 'y' of null` at line 1");
}

TEST(GraalTextTest, LeavesWhatItCannotName) {
  EXPECT_EQ(GraalText("TypeError: a is null", "f(a)", 1),
            "Error evaluating the script `TypeError: a is null` at line 1");
  EXPECT_EQ(GraalText("TypeError: a is null", "a.b", 9),
            "Error evaluating the script `TypeError: a is null` at line 9");
  EXPECT_EQ(GraalText("TypeError: a is null", "a['b", 1),
            "Error evaluating the script `TypeError: a is null` at line 1");
  EXPECT_EQ(GraalText("ReferenceError: x is not defined", "x", 1),
            "Error evaluating the script `ReferenceError: x is not defined` at line 1");
  EXPECT_EQ(GraalText("TypeError: cyclic object value", "a", 0), "TypeError: cyclic object value");
}

TEST(JqDialectTest, PutsValuesIntoParentheses) {
  EXPECT_EQ(ParenthesizeValues(R"({a: .b // ".c", d: [1, {e: 2 + 3}], f})"),
            R"({a: ( .b // ".c"), d: ( [1, {e: ( 2 + 3)}]), f})");
  EXPECT_EQ(ParenthesizeValues(R"({"x:y": "a\(.b + {c: 1})}", (.k): .v | f(1; 2)})"),
            R"({"x:y": ( "a\(.b + {c: ( 1)})}"), (.k): ( .v | f(1; 2))})");
}

TEST(JqDialectTest, LeavesTheRest) {
  for (const char* program :
       {".[1:2] | .a // 1", ". as {a: $x, b: [$y, {c: $z}]} | $x", "# {a: 1}\n.", "\"{a: 1}", "}",
        "reduce .[] as [$a, {b: $c}] (0; . + $a)", ""}) {
    EXPECT_EQ(ParenthesizeValues(program), program);
  }
}

}  // namespace
}  // namespace skald::script
