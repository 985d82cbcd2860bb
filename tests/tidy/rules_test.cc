// Each rule on a small bad text, so that it can be seen to fail, and on a good one beside it.

#include <map>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/tidy/comments.h"
#include "tests/tidy/includes.h"
#include "tests/tidy/limits.h"
#include "tests/tidy/proto_comments.h"
#include "tests/tidy/proto_rules.h"
#include "tests/tidy/scenario_names.h"
#include "tests/tidy/shape.h"
#include "tests/tidy/source_file.h"
#include "tests/tidy/words.h"

namespace skald::tidy {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

auto SaysAt(size_t line, const std::string& part) {
  return AllOf(Field(&Finding::line, line), Field(&Finding::message, HasSubstr(part)));
}

std::string LinesOf(size_t count, const std::string& line) {
  std::string text;
  for (size_t i = 0; i < count; ++i) text += line + "\n";
  return text;
}

TEST(LimitsRuleTest, ABoundWithoutARowIsFound) {
  const SourceFile table =
      MakeSourceFile("engine/app/limits_table.cc", "{\"kBytesMax\", grpc_edge::kBytesMax, \"\"}");
  const std::string header =
      "inline constexpr std::size_t kBytesMax = 1;\ninline constexpr int kPaceMs = 2;\n";
  EXPECT_THAT(CheckLimitsTable({table, MakeSourceFile("engine/grpc/limits.h", header)}), IsEmpty());
  EXPECT_THAT(CheckLimitsTable({table, MakeSourceFile("engine/core/limits.h", header)}),
              ElementsAre(SaysAt(1, "kBytesMax has no row")));
  EXPECT_THAT(CheckLimitsTable({}), SizeIs(1));
}

TEST(LimitsRuleTest, AWrongNameIsFound) {
  const auto check = [](const std::string& text) {
    return CheckBoundNames(MakeSourceFile("engine/core/a.cc", text));
  };
  EXPECT_THAT(check("x = FixedBound(\"kAMax\", core::kAMax);"), IsEmpty());
  EXPECT_THAT(check("x;\ny = FixedBound(\n    \"kAMax\", kBMax);"),
              ElementsAre(SaysAt(2, "says kAMax of kBMax")));
}

TEST(BlankingTest, CommentsAndLiteralsAreBlanks) {
  EXPECT_EQ(MakeSourceFile("a.cc", "a; // try\nb").code, "a;       \nb");
  EXPECT_EQ(MakeSourceFile("a.cc", "a /* { */ b").code, "a         b");
  EXPECT_EQ(MakeSourceFile("a.cc", R"(f("x\"{", 'a');)").code, R"(f("    ", ' ');)");
  EXPECT_EQ(MakeSourceFile("a.cc", "R\"x({\")\")x\" }").code, "R\"        \" }");
  EXPECT_EQ(MakeSourceFile("a.cc", "1'000'000 {'{'}").code, "1'000'000 {' '}");
}

TEST(FindWordTest, OnlyWholeWordsCount) {
  EXPECT_THAT(FindWord("std::thread a; ::std::thread b", "std::thread"), SizeIs(2));
  EXPECT_THAT(FindWord("std::threads d; mystd::thread e", "std::thread"), IsEmpty());
  EXPECT_THAT(FindWord("retry(); country; entry", "try"), IsEmpty());
}

TEST(LayersTest, IncludesUpAreFound) {
  const auto file = MakeSourceFile("engine/core/a.h", "\n#include \"engine/runtime/b.h\"\n");
  EXPECT_THAT(CheckLayers(file), ElementsAre(SaysAt(2, "core may not know runtime")));
}

TEST(LayersTest, EdgesDoNotKnowEachOther) {
  const auto file = MakeSourceFile("engine/grpc/a.h", "#include \"engine/postgres/b.h\"\n");
  EXPECT_THAT(CheckLayers(file), ElementsAre(SaysAt(1, "grpc may not know postgres")));
}

TEST(LayersTest, WorkersKnowOnlyTheBaseOfTheEngine) {
  const auto bad = MakeSourceFile("workers/sdk/a.h", "#include \"engine/core/b.h\"\n");
  EXPECT_THAT(CheckLayers(bad), ElementsAre(SaysAt(1, "engine/base only")));
  const auto good = MakeSourceFile("workers/sdk/a.h", "#include \"engine/base/b.h\"\n");
  EXPECT_THAT(CheckLayers(good), IsEmpty());
}

TEST(LayersTest, WhatShipsDoesNotNeedTheTests) {
  const auto file = MakeSourceFile("engine/app/a.cc", "#include \"tests/support/b.h\"\n");
  EXPECT_THAT(CheckLayers(file), SizeIs(1));
}

TEST(LayersTest, NewFolderMustBeNamed) {
  const auto file = MakeSourceFile("engine/misc/a.cc", "#include \"engine/base/b.h\"\n");
  EXPECT_THAT(CheckLayers(file), ElementsAre(SaysAt(1, "lies in no layer")));
}

TEST(LayersTest, IncludesDownAreFine) {
  const auto file = MakeSourceFile("engine/app/a.cc",
                                   "#include \"engine/base/b.h\"\n#include \"engine/http/c.h\"\n");
  EXPECT_THAT(CheckLayers(file), IsEmpty());
}

TEST(LibrariesTest, LibraryOutsideItsPlaceIsFound) {
  for (const char* include :
       {"<pqxx/pqxx>", "<libpq-fe.h>", "\"grpcpp/grpcpp.h\"", "\"skald/v1/worker.pb.h\"",
        "\"spdlog/spdlog.h\"", "<boost/beast.hpp>", "<prometheus/counter.h>"}) {
    const auto file = MakeSourceFile("engine/runtime/a.cc", fmt::format("#include {}\n", include));
    EXPECT_THAT(CheckLibraries(file), SizeIs(1)) << include;
  }
  EXPECT_THAT(CheckLibraries(MakeSourceFile("engine/postgres/a.cc", "#include <pqxx/pqxx>\n")),
              IsEmpty());
}

TEST(LibrariesTest, CoreDoesWithoutClocksThreadsAndHashes) {
  for (const char* include :
       {"<chrono>", "<random>", "<thread>", "<mutex>", "<unordered_map>", "<atomic>", "<future>",
        "\"absl/container/flat_hash_map.h\"", "\"absl/time/clock.h\"", "\"engine/base/log.h\"",
        "<fstream>", "<sys/time.h>"}) {
    const auto file = MakeSourceFile("engine/core/a.cc", fmt::format("#include {}\n", include));
    EXPECT_THAT(CheckLibraries(file), SizeIs(1)) << include;
  }
  const auto good = MakeSourceFile(
      "engine/core/a.cc", "#include <map>\n#include \"boost/json.hpp\"\n#include <randomly.h>\n");
  EXPECT_THAT(CheckLibraries(good), IsEmpty());
}

TEST(HeaderOpeningTest, ContractAndPragmaAreNeeded) {
  EXPECT_THAT(CheckHeaderOpening(MakeSourceFile("engine/a.h", "#pragma once\nint a;\n")),
              Contains(SaysAt(1, "contract")));
  EXPECT_THAT(CheckHeaderOpening(MakeSourceFile("engine/a.h", "// A thing.\nint a;\n")),
              ElementsAre(SaysAt(0, "#pragma once")));
  EXPECT_THAT(CheckHeaderOpening(MakeSourceFile("engine/a.h", "// A thing.\n#pragma once\n")),
              IsEmpty());
  EXPECT_THAT(CheckHeaderOpening(MakeSourceFile("engine/a.cc", "int a;\n")), IsEmpty());
}

TEST(FileLengthTest, LongFileIsFound) {
  EXPECT_THAT(CheckFileLength(MakeSourceFile("engine/a.cc", LinesOf(600, "x;"))), IsEmpty());
  EXPECT_THAT(CheckFileLength(MakeSourceFile("engine/a.cc", LinesOf(601, "x;"))), SizeIs(1));
}

TEST(FunctionLengthTest, LongFunctionIsFoundAtItsFirstLine) {
  const std::string text =
      "namespace a {\n\nint F(int b,\n      int c) {\n" + LinesOf(68, "  x;") + "}\n}\n";
  EXPECT_THAT(CheckFunctionLength(MakeSourceFile("a.cc", text)),
              ElementsAre(SaysAt(3, "int F(int b, int c) has 71 lines")));
}

TEST(FunctionLengthTest, FunctionOfSeventyLinesIsFine) {
  const std::string text = "int F() {\n" + LinesOf(68, "  if (a) { b(); }") + "}\n";
  EXPECT_THAT(CheckFunctionLength(MakeSourceFile("a.cc", text)), IsEmpty());
}

TEST(FunctionLengthTest, LongClassIsNoFunction) {
  const std::string text = "class A : public B<int(int)> {\n public:\n" +
                           LinesOf(80, "  int F() const { return 1; }") + "};\n";
  EXPECT_THAT(CheckFunctionLength(MakeSourceFile("a.h", text)), IsEmpty());
}

TEST(FunctionLengthTest, LongMethodTemplateAndTestAreFound) {
  const std::string body = " {\n" + LinesOf(80, "  x();") + "}\n";
  for (const std::string head :
       {"class A {\n public:\n  void F() const override",
        "template <typename T = A<int>>\nT F(T a)", "TEST(ATest, DoesIt)",
        "A::A(int b) : b_{b}, c_(b)", "struct stat F(int a)", "A& A::operator=(const A& b)",
        "extern \"C\" {\nint F()", "enum class E { a, b };\nint F()",
        "std::function<int()> f = [](int a)"}) {
    EXPECT_THAT(CheckFunctionLength(MakeSourceFile("a.cc", head + body)), SizeIs(1)) << head;
  }
}

TEST(FunctionLengthTest, LongTableIsNoFunction) {
  const std::string text =
      "const std::vector<A> kTable = {\n" + LinesOf(80, "    {F(1), {2, 3}},") + "};\n";
  EXPECT_THAT(CheckFunctionLength(MakeSourceFile("a.cc", text)), IsEmpty());
}

TEST(FunctionLengthTest, FunctionsAreToldApart) {
  const auto file = MakeSourceFile(
      "a.cc", "#define M(x) do { x; \\\n } while (0)\nint F() {\n}\n\nint G(int a) {\n  {}\n}\n");
  const std::vector<FunctionSpan> functions = FunctionsOf(file);
  ASSERT_THAT(functions, SizeIs(2));
  EXPECT_EQ(functions[0].Lines(), 2u);
  EXPECT_EQ(functions[1].first_line, 6u);
  EXPECT_EQ(functions[1].last_line, 8u);
}

TEST(LineLengthTest, LongLineIsFound) {
  EXPECT_THAT(CheckLineLength(MakeSourceFile("a.cc", "x\n" + std::string(101, 'x') + "\n")),
              ElementsAre(SaysAt(2, "101 columns")));
  EXPECT_THAT(CheckLineLength(MakeSourceFile("a.cc", std::string(100, 'x') + "\n")), IsEmpty());
}

TEST(LineLengthTest, CharactersCountNotBytes) {
  EXPECT_THAT(CheckLineLength(MakeSourceFile("a.cc", "// " + std::string(96, 'x') + "→")),
              IsEmpty());
}

// The table of words: every word of every rule is found where the rule holds, and nowhere else.
TEST(WordRulesTest, EveryWordIsFoundWhereItsRuleHolds) {
  for (const WordRule& rule : WordRules()) {
    for (const std::string_view folder : rule.folders) {
      for (const std::string_view word : rule.words) {
        const std::string path = fmt::format("{}some/file.cc", folder);
        const auto bad = MakeSourceFile(path, fmt::format("void F() {{\n  {} a;\n}}\n", word));
        EXPECT_THAT(CheckWords(rule, bad), Contains(SaysAt(2, std::string(rule.instead))))
            << rule.name << ": " << word;
        const auto comment =
            MakeSourceFile(path, fmt::format("// {}\nauto a = \"{}\";", word, word));
        EXPECT_THAT(CheckWords(rule, comment), IsEmpty()) << rule.name << ": " << word;
      }
    }
  }
}

TEST(WordRulesTest, WordBeforeAScopeCountsWhereItIsNotHarmless) {
  for (const WordRule& rule : WordRules()) {
    const auto file = MakeSourceFile(fmt::format("{}some/file.cc", rule.folders[0]),
                                     fmt::format("{}::now();", rule.words[0]));
    EXPECT_EQ(CheckWords(rule, file).empty(), rule.scope_is_harmless) << rule.name;
  }
}

TEST(WordRulesTest, NamedFilesMayUseTheWord) {
  const WordRule rule = {.name = "r",
                         .folders = {"engine/"},
                         .words = {"bad"},
                         .instead = "do well",
                         .allowances = {{"engine/a/b.cc", "why"}, {"engine/c/", "why"}}};
  EXPECT_THAT(CheckWords(rule, MakeSourceFile("engine/a/b.cc", "bad();")), IsEmpty());
  EXPECT_THAT(CheckWords(rule, MakeSourceFile("engine/c/d.cc", "bad();")), IsEmpty());
  EXPECT_THAT(CheckWords(rule, MakeSourceFile("engine/a/b.h", "bad();")), SizeIs(1));
  EXPECT_THAT(CheckWords(rule, MakeSourceFile("tests/a/b.h", "bad();")), IsEmpty());
}

TEST(WordRulesTest, AllowanceThatNobodyNeedsIsFound) {
  const WordRule rule = {.name = "r",
                         .folders = {"engine/"},
                         .words = {"bad"},
                         .instead = "do well",
                         .allowances = {{"engine/a.cc", "why"}}};
  EXPECT_THAT(CheckAllowances(rule, {MakeSourceFile("engine/a.cc", "bad();")}), IsEmpty());
  EXPECT_THAT(CheckAllowances(rule, {MakeSourceFile("engine/a.cc", "good();")}), SizeIs(1));
  EXPECT_THAT(CheckAllowances(rule, {}), SizeIs(1));
}

TEST(WordRulesTest, EveryAllowanceHasAReason) {
  for (const WordRule& rule : WordRules()) {
    for (const Allowance& allowance : rule.allowances) EXPECT_FALSE(allowance.reason.empty());
  }
}

TEST(LeftoversTest, WorkWithoutAnIssueIsFound) {
  const std::string fix = std::string("FIX") + "ME";
  const std::string to_do = std::string("TO") + "DO";
  EXPECT_THAT(CheckLeftovers(MakeSourceFile("a.cc", "// " + fix + " this\n")), SizeIs(1));
  EXPECT_THAT(CheckLeftovers(MakeSourceFile("a.cc", "// " + to_do + ": this\n")), SizeIs(1));
  EXPECT_THAT(CheckLeftovers(MakeSourceFile("a.cc", "// " + to_do + "(ann): this\n")), SizeIs(1));
  EXPECT_THAT(CheckLeftovers(MakeSourceFile("a.cc", "// " + to_do + "(#12): this\n")), IsEmpty());
}

TEST(CommentedOutCodeTest, StatementInACommentIsFound) {
  for (const char* comment : {"// store.Put(key);", "  //Run(a, b);", "// return x + 1;",
                              "// #include <map>", "  // a->b::c();"}) {
    EXPECT_THAT(CheckCommentedOutCode(MakeSourceFile("a.cc", comment)), SizeIs(1)) << comment;
  }
  for (const char* comment :
       {"//   store.Put(key);", "// Calls Put(key);", "// Returns x;", "x;  // store.Put(key);",
        "// return early where nothing is to be done"}) {
    EXPECT_THAT(CheckCommentedOutCode(MakeSourceFile("a.cc", comment)), IsEmpty()) << comment;
  }
}

TEST(CoreTimeTest, FloatTimeIsFoundInTheCore) {
  const std::string text = "double ratio;\ndouble delay_ms = 1;\nfloat wake_at_;\n";
  EXPECT_THAT(CheckCoreTimeIsWhole(MakeSourceFile("engine/core/a.h", text)),
              ElementsAre(SaysAt(2, "double delay_ms"), SaysAt(3, "float wake_at_")));
  EXPECT_THAT(CheckCoreTimeIsWhole(MakeSourceFile("engine/http/a.h", text)), IsEmpty());
}

constexpr const char* kProto = R"(
syntax = "proto3";
package skald.v1;
import "skald/v1/common.proto";
option cc_enable_arenas = true;
service S { rpc Work(stream A) returns (stream B) { option x = 1; } rpc Other(A) returns (B); }
// A comment; with a semicolon = 9.
message A {
  string name = 1;
  repeated B many = 2 [deprecated = true];
  map<string, B> by_name = 3;
  reserved 4, 6 to 8;
  reserved "old";
  oneof kind { int32 small = 9; bytes large = 10; }
  message Inner { optional uint32 count = 1; }
  enum Color { COLOR_UNSPECIFIED = 0; COLOR_RED = 1; }
}
)";

ProtoDescription DescribeText(const std::string& text) {
  return Describe({MakeSourceFile("proto/skald/v1/a.proto", text)});
}

constexpr const char* kDocumentedProto = R"(// What it is for.
syntax = "proto3";

package skald.v1;

// A service.
service S {
  // A call.
  rpc Get(stream A)
      returns (B) {
    option deprecated = true;
  }
}
message Empty {}  // Nothing.
// A message.
message A {
  string name = 1;  // beside
  // Above,
  // in two lines.
  map<string, B> by_name = 3;
  reserved 4, 6 to 8;
  // One of them.
  oneof kind {
    int32 small = 9;  // beside
  }
  repeated B many =
      2 [deprecated = true];  // beside its end
  // An enum.
  enum Color {
    COLOR_UNSPECIFIED = 0;  // beside
  }
}
)";

TEST(ProtoCommentsTest, DocumentedDeclarationsPass) {
  EXPECT_THAT(CheckProtoComments(MakeSourceFile("proto/skald/v1/a.proto", kDocumentedProto)),
              IsEmpty());
}

TEST(ProtoCommentsTest, WhatSaysNothingIsFound) {
  const char* text = R"(// A service.
service S { rpc Get(A) returns (B); }

message A {
  string name = 1;
  // Of the first on the line only.
  int32 small = 2; int32 large = 3;
  enum Color {
    COLOR_RED = 1;
  }
}
)";
  EXPECT_THAT(
      CheckProtoComments(MakeSourceFile("proto/skald/v1/a.proto", text)),
      ElementsAre(SaysAt(2, "rpc Get"), SaysAt(4, "message A"), SaysAt(5, "string name"),
                  SaysAt(7, "int32 large"), SaysAt(8, "enum Color"), SaysAt(9, "COLOR_RED")));
  EXPECT_THAT(CheckProtoComments(MakeSourceFile("proto/google/rpc/a.proto", text)), IsEmpty());
}

TEST(ProtoTest, FieldsAreRead) {
  EXPECT_EQ(WriteList(DescribeText(kProto).entries),
            "skald.v1.A.Color.COLOR_RED = 1 enum\n"
            "skald.v1.A.Color.COLOR_UNSPECIFIED = 0 enum\n"
            "skald.v1.A.Inner.count = 1 optional_uint32\n"
            "skald.v1.A.by_name = 3 map<string,B>\n"
            "skald.v1.A.large = 10 bytes\n"
            "skald.v1.A.many = 2 repeated_B\n"
            "skald.v1.A.name = 1 string\n"
            "skald.v1.A.small = 9 int32\n");
}

TEST(ProtoTest, ReservedNumbersAreRead) {
  const std::multimap<std::string, int> expected = {
      {"skald.v1.A", 4}, {"skald.v1.A", 6}, {"skald.v1.A", 7}, {"skald.v1.A", 8}};
  EXPECT_EQ(DescribeText(kProto).reserved, expected);
}

TEST(ProtoTest, ListGoesRoundTrip) {
  const auto entries = DescribeText(kProto).entries;
  EXPECT_EQ(ReadList(WriteList(entries)), entries);
  EXPECT_THAT(CheckProtoFields(entries, DescribeText(kProto)), IsEmpty());
}

TEST(ProtoTest, EnumThatDoesNotBeginUnspecifiedIsFound) {
  EXPECT_THAT(DescribeText("package p;\nenum E { E_RED = 0; }").mistakes,
              ElementsAre(SaysAt(2, "p.E begins with E_RED = 0")));
  EXPECT_THAT(DescribeText("package p;\nenum E { E_UNSPECIFIED = 1; }").mistakes, SizeIs(1));
  EXPECT_THAT(DescribeText(kProto).mistakes, IsEmpty());
}

TEST(ProtoTest, RenumberedRetypedAndLostFieldsAreRefused) {
  const auto kept = DescribeText("package p; message A { string name = 1; }").entries;
  for (const char* text :
       {"package p; message A { string name = 2; }", "package p; message A { bytes name = 1; }",
        "package p; message A { }", "package p; message A { string other = 1; }"}) {
    EXPECT_THAT(RewriteList(kept, DescribeText(text)).refusals, SizeIs(1)) << text;
  }
}

TEST(ProtoTest, FieldMayGoWhenItsNumberIsReserved) {
  const auto kept = DescribeText("package p; message A { string name = 1; }").entries;
  const auto now = DescribeText("package p; message A { reserved 1; }");
  EXPECT_THAT(CheckProtoFields(kept, now), IsEmpty());
  const RewrittenList rewritten = RewriteList(kept, now);
  EXPECT_EQ(rewritten.text, "p.A.name = 1 reserved\n");
  // And may not come back.
  const auto again = DescribeText("package p; message A { string name = 1; }");
  EXPECT_THAT(CheckProtoFields(ReadList(rewritten.text), again), SizeIs(1));
}

TEST(ProtoTest, NewFieldIsAddedByRewriting) {
  const auto now = DescribeText("package p; message A { string name = 1; }");
  EXPECT_THAT(CheckProtoFields({}, now), ElementsAre(SaysAt(0, "SKALD_REWRITE=1")));
  EXPECT_THAT(RewriteList({}, now).refusals, IsEmpty());
  EXPECT_EQ(RewriteList({}, now).text, "p.A.name = 1 string\n");
}

// One row for each section that must have one; those of `more` stand for their own.
std::string ScenarioTable(const std::map<std::string, std::string>& more) {
  std::map<std::string, std::string> rows = more;
  for (int section = 1; section <= 22; ++section) {
    rows.emplace(fmt::format("2.{}", section), "| | elsewhere |");
    if (section <= 20) rows.emplace(fmt::format("3.{}", section), "| | elsewhere |");
  }
  std::string table = "| other |\n| 9.9 | `9.9` | |\n\n| section | files | else |\n|---|---|---|\n";
  for (const auto& [section, cells] : rows) table += fmt::format("| {} x {}\n", section, cells);
  return table;
}

auto SaysOf(const std::string& path, const std::string& part) {
  return AllOf(Field(&Finding::path, path), Field(&Finding::message, HasSubstr(part)));
}

TEST(ScenarioNamesTest, GoodTableAndNamesPass) {
  const std::string readme = ScenarioTable(
      {{"2.1", "| `2.1` | |"}, {"2.10", "| `2.10` | |"}, {"s", "| `saga_2.<n>` `PAR<n>` | |"}});
  EXPECT_THAT(CheckScenarioNames("R", readme, {"2.1_a", "2.10_b_c", "saga_2.11_d", "PAR8_e"}),
              IsEmpty());
}

TEST(ScenarioNamesTest, SectionWithoutAFileIsFound) {
  const std::string readme = ScenarioTable({{"2.1", "| `2.1` | |"}});
  EXPECT_THAT(CheckScenarioNames("R", readme, {}), ElementsAre(SaysOf("R", "named 2.1_")));
}

TEST(ScenarioNamesTest, SectionWithNeitherFilesNorReasonIsFound) {
  const std::string readme = ScenarioTable({{"3.4", "| | |"}});
  EXPECT_THAT(CheckScenarioNames("R", readme, {}), ElementsAre(SaysOf("R", "nor a reason")));
}

TEST(ScenarioNamesTest, SectionThatIsNotInTheTableIsFound) {
  std::string readme = ScenarioTable({});
  readme.erase(readme.find("| 3.20"));
  EXPECT_THAT(CheckScenarioNames("R", readme, {}),
              Contains(SaysOf("R", "section 3.20 has 0 rows")));
}

TEST(ScenarioNamesTest, FileWithoutASectionIsFound) {
  const std::string readme = ScenarioTable({{"2.1", "| `2.1` | |"}, {"s", "| `B<n>` | |"}});
  EXPECT_THAT(CheckScenarioNames("R", readme, {"2.1_a", "B1_a", "2.11_b", "B_c", "fork", "2.1_"}),
              ElementsAre(SaysOf("2.11_b.scenario", "bears no section"),
                          SaysOf("B_c.scenario", "bears no section"),
                          SaysOf("fork.scenario", "bears no section"),
                          SaysOf("2.1_.scenario", "bears no section")));
}

}  // namespace
}  // namespace skald::tidy
