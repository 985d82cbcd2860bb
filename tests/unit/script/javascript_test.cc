// What a script may rely on (conductor.md 2.17), on a real host.

#include <string>

#include "gmock/gmock.h"
#include "tests/unit/script/runner_fixture.h"

namespace skald::script {
namespace {

using core::TaskStatus;
using ::testing::HasSubstr;

class JavaScriptTest : public RunnerTest {};

TEST_F(JavaScriptTest, LastExpressionIsTheValue) {
  EXPECT_EQ(ValueOf("1; 2; 'x' + 3"), R"({"result":"x3"})");
  EXPECT_EQ(ValueOf("(function(){ return $.a + 1; })();", R"(,"a":41)"), R"({"result":42})");
  EXPECT_EQ(ValueOf("function e(){ return [$.a]; } e();", R"(,"a":1)"), R"({"result":[1]})");
}

TEST_F(JavaScriptTest, InputIsReachedAsInAMap) {
  constexpr std::string_view kInput = R"(,"a":{"b":[10,{"c d":"x"}]})";
  EXPECT_EQ(ValueOf("$.a.b[0] + $['a']['b'][1]['c d']", kInput), R"({"result":"10x"})");
  EXPECT_EQ(ValueOf("$.missing === undefined"), R"({"result":true})");
  EXPECT_EQ(ValueOf("$.expression.length"), R"({"result":19})");
}

TEST_F(JavaScriptTest, NumbersThatAreWholeComeOutAsIntegers) {
  EXPECT_EQ(ValueOf("[3.0, 7/2, 1e15, -0, 0.1+0.2, 2**53]"),
            R"({"result":[3,3.5,1000000000000000,0,0.30000000000000004,9007199254740992]})");
}

TEST_F(JavaScriptTest, UndefinedAndWhatIsNoJsonBecomeNull) {
  EXPECT_EQ(ValueOf("undefined"), R"({"result":null})");
  EXPECT_EQ(ValueOf("var x = 1;"), R"({"result":null})");
  EXPECT_EQ(ValueOf("[undefined, NaN, Infinity, () => 1]"), R"({"result":[null,null,null,null]})");
}

TEST_F(JavaScriptTest, ModernLanguage) {
  EXPECT_EQ(ValueOf("const f = (a, ...r) => `${a}:${r.length}`; let {x = 5, ...y} = {z: 1};"
                    "class C { #p = 2; get p() { return this.#p ?? 0; } };"
                    "[f(1, 2, 3), x, y?.z, new C().p, [3, 1].at(-1), 10n.toString(),"
                    " new Map([[1, 2]]).get(1), Object.entries({k: 1}).flat()]"),
            R"({"result":["1:2",5,1,2,1,"10",2,["k",1]]})");
}

TEST_F(JavaScriptTest, DatesAndRegularExpressions) {
  EXPECT_EQ(ValueOf("new Date(0)"), R"({"result":"1970-01-01T00:00:00.000Z"})");
  EXPECT_EQ(ValueOf("[new Date(2026, 0, 1).toISOString(), new Date().getTimezoneOffset(),"
                    " Date.now() > 1.7e12]"),
            R"({"result":["2026-01-01T00:00:00.000Z",0,true]})");
  EXPECT_EQ(ValueOf("'2026-11-21'.replace(/(?<y>\\d+)-(\\d+)/u, '$2/$<y>')"),
            R"({"result":"11/2026-21"})");
}

TEST_F(JavaScriptTest, PromisesAreServedBeforeTheResultIsRead) {
  EXPECT_EQ(ValueOf("const out = {}; Promise.resolve(7).then(v => { out.v = v; }); out"),
            R"({"result":{"v":7}})");
}

TEST_F(JavaScriptTest, TextSurvives) {
  EXPECT_EQ(ValueOf("$.t + '\\u20ac'", ",\"t\":\"\xC3\xA9\xF0\x9F\x98\x80\\n\""),
            "{\"result\":\"\xC3\xA9\xF0\x9F\x98\x80\\n\xE2\x82\xAC\"}");
  EXPECT_EQ(ValueOf("'\xF0\x9F\x98\x80'.substring(0, 1)"), "{\"result\":\"\xEF\xBF\xBD\"}");
}

TEST_F(JavaScriptTest, NothingButTheLanguageIsThere) {
  EXPECT_EQ(ValueOf("['print','console','load','read','quit','os','require','process','Java',"
                    "'Polyglot','SharedArrayBuffer','WebAssembly','setTimeout','fetch','gc']"
                    ".filter(n => n in globalThis)"),
            R"({"result":[]})");
  EXPECT_EQ(Run(InlineTask("import('/etc/passwd'); 1")).status, TaskStatus::kCompleted);
  EXPECT_EQ(Run(InlineTask("import x from '/etc/passwd'")).status,
            TaskStatus::kFailedWithTerminalError);
}

TEST_F(JavaScriptTest, NothingIsLeftForTheNextScript) {
  ScriptRunnerOptions options = Options();
  options.hosts = options.hosts_max = 1;
  Start(options);
  EXPECT_EQ(ValueOf("var a = 1; b = 2; globalThis.c = 3; Object.prototype.d = 4;"
                    "Array.prototype.map = () => 'spoiled'; JSON.stringify = () => 'spoiled';"
                    "Date = null; undefined; 1"),
            R"({"result":1})");
  EXPECT_EQ(ValueOf("[typeof a, typeof b, typeof c, typeof ({}).d, [1].map(x => x + 1)[0],"
                    " JSON.stringify(1), typeof Date]"),
            R"({"result":["undefined","undefined","undefined","undefined",2,"1","function"]})");
}

TEST_F(JavaScriptTest, SameScriptStartsAnewEachTime) {
  ScriptRunnerOptions options = Options();
  options.hosts = options.hosts_max = 1;
  Start(options);
  constexpr std::string_view kScript =
      "var n = (typeof n === 'undefined') ? 1 : n + 1; let tag = x => x; "
      "tag`a`.seen === undefined ? n : 'leak'";
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ValueOf(kScript), R"({"result":1})");
}

TEST_F(JavaScriptTest, ErrorsSayWhatAndWhere) {
  const auto thrown = Run(InlineTask("1;\nthrow new TypeError('boom')"));
  EXPECT_EQ(thrown.status, TaskStatus::kFailedWithTerminalError);
  EXPECT_EQ(thrown.reason, "Error evaluating the script `TypeError: boom` at line 2");
  EXPECT_EQ(thrown.output.text(),
            R"x({"error":"Error evaluating the script `TypeError: boom` at line 2"})x");
  EXPECT_EQ(thrown.effect, core::Effect::kNone);
  EXPECT_EQ(Run(InlineTask("throw 'plain'")).reason,
            "Error evaluating the script `plain` at line 1");
  EXPECT_THAT(Run(InlineTask("$.a.b")).reason,
              HasSubstr("`TypeError: Cannot read property 'b' of undefined`"));
  EXPECT_THAT(Run(InlineTask("nope()")).reason, HasSubstr("ReferenceError: nope is not defined"));
  EXPECT_THAT(Run(InlineTask("var = ;")).reason, HasSubstr("SyntaxError: "));
  EXPECT_EQ(Run(InlineTask("const a = {}; a.a = a; a")).reason, "TypeError: cyclic object value");
  EXPECT_THAT(Run(InlineTask("10n")).reason, HasSubstr("BigInt"));
  EXPECT_THAT(Run(InlineTask("throw {get message() { for(;;); }}")).reason, HasSubstr("line"));
}

TEST_F(JavaScriptTest, LambdaReturns) {
  const auto result = Run(
      {.task_id = "w.2",
       .task_type = "LAMBDA",
       .input = core::Payload(R"({"scriptExpression":"if ($.a > 1) { return {big: $.a} } // end",)"
                              R"("a":2})")});
  EXPECT_EQ(result.status, TaskStatus::kCompleted) << result.reason;
  EXPECT_EQ(result.output.text(), R"({"result":{"big":2}})");
}

TEST_F(JavaScriptTest, ControlConstructsAreEvaluated) {
  EXPECT_EQ(Run({.task_type = "SWITCH",
                 .settings = core::Payload(
                     R"({"evaluatorType":"javascript","expression":"$.n > 5 ? 'big' : 1"})"),
                 .input = core::Payload(R"({"n":7})")})
                .output.text(),
            R"({"evaluationResult":["big"],"selectedCase":"big"})");
  EXPECT_EQ(Run({.task_type = "DECISION",
                 .settings = core::Payload(R"({"caseExpression":"$.n + 1"})"),
                 .input = core::Payload(R"({"n":7})")})
                .output.text(),
            R"({"caseOutput":[8]})");
  EXPECT_EQ(Run({.task_type = "DO_WHILE",
                 .settings =
                     core::Payload(R"({"loopCondition":"if ($.loop['iteration'] < 3) { true; }"})"),
                 .input = core::Payload(R"({"loop":{"iteration":2}})")})
                .output.text(),
            R"({"result":true})");
  EXPECT_THAT(
      Run({.task_type = "DO_WHILE",
           .settings = core::Payload(R"({"loopCondition":"$.x.y"})"),
           .input = core::Payload("{}")})
          .reason,
      HasSubstr("Unable to evaluate condition $.x.y, exception Error evaluating the script `"));
}

}  // namespace
}  // namespace skald::script
