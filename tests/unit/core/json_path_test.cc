// JSONPath as Jayway JsonPath 2.4 evaluates it (conductor.md 3.13).
#include "engine/core/json_path.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "absl/strings/str_cat.h"

namespace skald::core {
namespace {

// The documents `a` and `b`, found by one name.
class Documents : public Scope {
 public:
  std::size_t Resolve(const std::vector<std::string>& path, std::string& scratch,
                      std::string_view& json) const override {
    const auto found = documents_.find(path[0]);
    if (found == documents_.end()) return 0;
    scratch = found->second;
    json = scratch;
    return 1;
  }

 private:
  std::map<std::string, std::string> documents_{
      {"a", R"({"store":{"book":[
          {"category":"reference","author":"Rees","title":"Sayings","price":8.95},
          {"category":"fiction","author":"Waugh","title":"Sword","price":12.99},
          {"category":"fiction","author":"Melville","title":"Moby","isbn":"0-553","price":8.99},
          {"category":"fiction","author":"Tolkien","title":"Rings","isbn":"0-395","price":22.99}],
        "bicycle":{"color":"red","price":19.95}},
        "numbers":[3,1,2],"mixed":[1,"x",null,true,-5],"empty":[],"none":null,"text":"abc",
        "with 'quote'":1,"p":{"q":1,"r":2},"big":[9007199254740993,9007199254740992],
        "rows":[{"id":1,"tags":["x","y"]},{"id":2,"tags":[]},{"id":3}],"list":[[1,2],[3],[]]})"},
      {"b", R"({"limit":10,"wanted":["Waugh","Rees"]})"},
  };
};

// What the path gives; "nothing", or the error.
std::string Get(std::string_view path) {
  static const Documents documents;
  const absl::StatusOr<JsonPath> parsed = JsonPath::Parse(path);
  if (!parsed.ok()) return absl::StrCat("error: ", parsed.status().message());
  PathWork work;
  const auto value = parsed->Evaluate(documents, work);
  return value.has_value() ? std::string(*value) : "nothing";
}

TEST(JsonPathTest, NamesAndElementsAreDefinite) {
  EXPECT_EQ(Get("a.store.bicycle.color"), R"("red")");
  EXPECT_EQ(Get("$.a['store'][\"bicycle\"].color"), R"("red")");
  EXPECT_EQ(Get("['a'].store.book[0].author"), R"("Rees")");
  EXPECT_EQ(Get("a.store.book[-1].author"), R"("Tolkien")");
  EXPECT_EQ(Get("a['with \\'quote\\'']"), "1");
  EXPECT_EQ(Get("a.none"), "null");
  EXPECT_EQ(Get("a.numbers[3]"), "nothing");
  EXPECT_EQ(Get("a.numbers[-4]"), "nothing");
  EXPECT_EQ(Get("a.store[0]"), "nothing");
  EXPECT_EQ(Get("a.text.more"), "nothing");
  EXPECT_EQ(Get("c.d"), "nothing");
}

TEST(JsonPathTest, SeveralNamesAtTheEndAreMergedBeforeItTheyAreAList) {
  EXPECT_EQ(Get("a.p['q','r','gone']"), R"({"q":1,"r":2})");
  EXPECT_EQ(Get("a['p','store'].q"), "[1]");
  EXPECT_EQ(Get("a.store.book[*]['isbn','price']"),
            R"([{"price":8.95},{"price":12.99},{"isbn":"0-553","price":8.99},)"
            R"({"isbn":"0-395","price":22.99}])");
}

TEST(JsonPathTest, SeveralElementsAndSlicesAreLists) {
  EXPECT_EQ(Get("a.numbers[0,2]"), "[3,2]");
  EXPECT_EQ(Get("a.numbers[0, -1, 9]"), "[3,2]");
  EXPECT_EQ(Get("a.numbers[1:]"), "[1,2]");
  EXPECT_EQ(Get("a.numbers[:2]"), "[3,1]");
  EXPECT_EQ(Get("a.numbers[-2:]"), "[1,2]");
  EXPECT_EQ(Get("a.numbers[:-1]"), "[3,1]");
  EXPECT_EQ(Get("a.numbers[0:9]"), "[3,1,2]");
  EXPECT_EQ(Get("a.numbers[2:1]"), "[]");
  EXPECT_EQ(Get("a.numbers[-2:-1]"), "[1]");
  EXPECT_EQ(Get("a.numbers[1:-1]"), "[]");
  EXPECT_EQ(Get("a.numbers[-99999999999:1]"), "[3,1,2,3]");
  EXPECT_EQ(Get("a.text[0:1]"), "[]");
}

TEST(JsonPathTest, WildcardsGiveEverythingBelow) {
  EXPECT_EQ(Get("a.p.*"), "[1,2]");
  EXPECT_EQ(Get("a.p[*]"), "[1,2]");
  EXPECT_EQ(Get("a.store.book[*].isbn"), R"(["0-553","0-395"])");
  EXPECT_EQ(Get("a.list[*][0]"), "[1,3]");
  EXPECT_EQ(Get("a.none[*].x"), "[]");
  EXPECT_EQ(Get("a.gone[*]"), "[]");
  EXPECT_EQ(Get("c[*]"), "[]");
}

TEST(JsonPathTest, DeepScansFindAtEveryDepth) {
  EXPECT_EQ(Get("a..price"), "[8.95,12.99,8.99,22.99,19.95]");
  EXPECT_EQ(Get("a.store..isbn"), R"(["0-553","0-395"])");
  EXPECT_EQ(Get("a.p..*"), "[1,2]");
  EXPECT_EQ(Get("a.list..[*]"), "[[1,2],[3],[],1,2,3]");
  EXPECT_EQ(Get("a.list..[0]"), "[[1,2],1,3]");
  EXPECT_EQ(Get("a..['q','r']"), R"([{"q":1,"r":2}])");
  EXPECT_EQ(Get("a..[?(@.isbn)].title"), R"(["Moby","Rings"])");
  EXPECT_EQ(Get("a..nothing"), "[]");
  // Before the last step the index is not looked at: so it is on the reference.
  EXPECT_EQ(Get("a..[0].id"), "[1,2,3]");
}

TEST(JsonPathTest, FiltersCompare) {
  EXPECT_EQ(Get("a.store.book[?(@.price < 9)].title"), R"(["Sayings","Moby"])");
  EXPECT_EQ(Get("a.store.book[?(@.price>=12.99)].title"), R"(["Sword","Rings"])");
  EXPECT_EQ(Get("a.store.book[?(@.author == 'Waugh')].title"), R"(["Sword"])");
  EXPECT_EQ(Get("a.store.book[?(@['author'] != \"Waugh\")].price"), "[8.95,8.99,22.99]");
  EXPECT_EQ(Get("a.store.book[?(8.99 == @.price)].title"), R"(["Moby"])");
  EXPECT_EQ(Get("a.mixed[?(@ == 1)]"), "[1]");
  EXPECT_EQ(Get("a.mixed[?(@ == '1')]"), "[1]");
  EXPECT_EQ(Get("a.mixed[?(@ === '1')]"), "[]");
  EXPECT_EQ(Get("a.mixed[?(@ == null)]"), "[null]");
  EXPECT_EQ(Get("a.mixed[?(@ == true)]"), "[true]");
  EXPECT_EQ(Get("a.mixed[?(@ < 1)]"), "[-5]");
  EXPECT_EQ(Get("a.mixed[?(@ >= 'w')]"), R"(["x"])");
  EXPECT_EQ(Get("a.big[?(@ == 9007199254740993)]"), "[9007199254740993]");
  EXPECT_EQ(Get("a.store.book[?(@.gone == @.gone)]"), "[]");
  EXPECT_EQ(Get("a.rows[?(@.tags == ['x','y'])].id"), "[1]");
}

TEST(JsonPathTest, FiltersAskAndCombine) {
  EXPECT_EQ(Get("a.store.book[?(@.isbn)].title"), R"(["Moby","Rings"])");
  EXPECT_EQ(Get("a.store.book[?(!@.isbn)].title"), R"(["Sayings","Sword"])");
  EXPECT_EQ(Get("a.store.book[?(@.isbn && @.price > 10)].title"), R"(["Rings"])");
  EXPECT_EQ(Get("a.store.book[?(@.price<9&&@.isbn||@.author=='Rees')].title"),
            R"(["Sayings","Moby"])");
  EXPECT_EQ(Get("a.store.book[?(@.isbn && (@.price > 10 || @.price < 5))].title"), R"(["Rings"])");
  EXPECT_EQ(Get("a.store.book[?(!(@.price < 9 || @.isbn))].title"), R"(["Sword"])");
  EXPECT_EQ(Get("a.p[?(@.q == 1)].r"), "[2]");
  EXPECT_EQ(Get("a.text[?(@ == 1)]"), "[]");
}

TEST(JsonPathTest, FiltersKnowListsAndPatterns) {
  EXPECT_EQ(Get("a.store.book[?(@.author in ['Waugh', 'Rees'])].price"), "[8.95,12.99]");
  EXPECT_EQ(Get("a.store.book[?(@.author nin ['Waugh', 'Rees'])].price"), "[8.99,22.99]");
  EXPECT_EQ(Get("a.store.book[?(@.author in $.b.wanted)].price"), "[8.95,12.99]");
  EXPECT_EQ(Get("a.store.book[?(@.author in $.b.limit)].price"), "[]");
  EXPECT_EQ(Get("a.store.book[?(@.author nin $.b.limit)].price"), "[]");
  EXPECT_EQ(Get("a.store.book[?(@.price > $.b.limit)].price"), "[12.99,22.99]");
  EXPECT_EQ(Get("a.rows[?(@.tags contains 'y')].id"), "[1]");
  EXPECT_EQ(Get("a.rows[?(@.tags size 0)].id"), "[2]");
  EXPECT_EQ(Get("a.rows[?(@.tags empty true)].id"), "[2]");
  EXPECT_EQ(Get("a.rows[?(@.tags EMPTY false)].id"), "[1]");
  EXPECT_EQ(Get("a.rows[?(@.tags subsetof ['x','y','z'])].id"), "[1,2]");
  EXPECT_EQ(Get("a.rows[?(@.tags all ['x'])].id"), "[1]");
  EXPECT_EQ(Get("a.rows[?(@.tags.length() == 2)].id"), "[1]");
  EXPECT_EQ(Get("a.rows[?(@.tags[0] == 'x')].id"), "[1]");
  EXPECT_EQ(Get("a.rows[?(@.tags[?(@ == 'y')] size 1)].id"), "[1]");
  EXPECT_EQ(Get("a.store.book[?(@.author =~ /.*e[sl].*/)].author"), R"(["Rees","Melville"])");
  EXPECT_EQ(Get("a.store.book[?(@.author =~ /ree/i)].author"), "[]");
  EXPECT_EQ(Get("a.store.book[?(@.author =~ /rEe.{1}/i)].author"), R"(["Rees"])");
  EXPECT_EQ(Get("a.store.book[?(@.isbn =~ /0-3\\d+/)].author"), R"(["Tolkien"])");
}

TEST(JsonPathTest, FunctionsAreJayways) {
  EXPECT_EQ(Get("a.numbers.length()"), "3");
  EXPECT_EQ(Get("a.numbers.size()"), "3");
  EXPECT_EQ(Get("a.store.length()"), "2");
  EXPECT_EQ(Get("a.text.length()"), "null");
  EXPECT_EQ(Get("a.gone.length()"), "nothing");
  EXPECT_EQ(Get("a.numbers.min()"), "1.0");
  EXPECT_EQ(Get("a.numbers.max()"), "3.0");
  EXPECT_EQ(Get("a.mixed.min()"), "-5.0");
  EXPECT_EQ(Get("a.numbers.avg()"), "2.0");
  EXPECT_EQ(Get("a.numbers.sum()"), "6.0");
  EXPECT_EQ(Get("a.big.sum()"), "1.8014398509481984E16");
  EXPECT_EQ(Get("a.numbers.stddev()").substr(0, 6), "0.8164");
  EXPECT_EQ(Get("a.p.keys()"), R"(["q","r"])");
  EXPECT_EQ(Get("a.p.keys().length()"), "2");
  EXPECT_EQ(Get("a.numbers.keys()"), "null");
  EXPECT_EQ(Get("a.empty.sum()"), "nothing");
  EXPECT_EQ(Get("a.list[*].length()"), "[2,1,0]");
  EXPECT_EQ(Get("a.list[*].sum()"), "[]");
}

TEST(JsonPathTest, MistakesSayWhatIsExpected) {
  const std::map<std::string, std::string> wrong = {
      {"", "ends where a name is expected"},
      {"a.", "ends where a name is expected"},
      {"a...b", "unexpected '.'"},
      {"a[", "'[' is not closed"},
      {"a[1", "'[' is not closed"},
      {"a[x]", "is expected in brackets"},
      {"a[1:2:3]", "there are no steps"},
      {"a[:]", "a slice is"},
      {"a['x]", "not closed"},
      {"a['x',]", "a name in quotes is expected"},
      {"a b", "brackets and quotes"},
      {"a)", "unexpected ')'"},
      {"a.first()", "unknown function first()"},
      {"a.sum($.b)", "takes no parameters"},
      {"$", ""},
      {"$..x", "unexpected '.'"},
      {"..x", "unexpected '.'"},
      {"[*]", "begins with the name"},
      {"a[?]", "a filter is written"},
      {"a[?(@.x]", "not closed by ')'"},
      {"a[?(@.x == )]", "where a path, a number"},
      {"a[?(@.x = 1)]", "not closed by ')'"},
      {"a[?(1)]", "a path alone"},
      {"a[?(!@.x == 1)]", "put the comparison in parentheses"},
      {"a[?(@.x =~ 'y')]", "go together"},
      {"a[?(@.x == /y/)]", "go together"},
      {"a[?(@.x =~ /(y/)]", "pattern /(y/"},
      {"a[?(@.x =~ /(y)\\1/)]", "pattern"},
      {"a[?(@.x =~ /(?=y)/)]", "pattern"},
      {"a[?(@.x =~ /y/g)]", "only 'i' is known"},
      {"a[?(@.x in ['y')]", "a list is not closed"},
      {"a[?(@.x == 'y)]", "a text is not closed"},
      {"a[?($ == 1)]", "a path from the root begins with"},
  };
  for (const auto& [path, part] : wrong) {
    const std::string result = Get(path);
    if (path == "$") continue;  // a name, as `$` inside of names is
    EXPECT_EQ(result.substr(0, 6), "error:") << path << " gave " << result;
    EXPECT_NE(result.find(part), std::string::npos) << path << " gave " << result;
  }
  std::string deep = "a";
  for (int i = 0; i < 12; ++i) deep += "[?(@.x";
  EXPECT_NE(Get(deep).find("kPathNestingMax"), std::string::npos) << Get(deep);
  EXPECT_NE(Get(std::string(kExpressionBytesMax + 1, 'a')).find("kExpressionBytesMax"),
            std::string::npos);
}

// A document in which a scan of filters would look at every pair of nodes.
TEST(JsonPathTest, WorkIsBounded) {
  std::string json = "[";
  for (int i = 0; i < 3'000; ++i) json += (i == 0 ? "" : ",") + std::string(R"({"x":[1,2,3]})");
  json += "]";
  const absl::StatusOr<JsonPath> path = JsonPath::Parse("a[?(@.x[0] == 1)]..[?(@..x)]..*");
  ASSERT_TRUE(path.ok()) << path.status();
  PathWork enough(1'000'000);
  EXPECT_TRUE(path->EvaluateIn(json, 1, enough).has_value());
  EXPECT_FALSE(enough.exhausted());
  PathWork little(1'000);
  EXPECT_EQ(path->EvaluateIn(json, 1, little), std::nullopt);
  EXPECT_TRUE(little.exhausted());
}

// Each level of lists shows again in the one above: the result is far longer than the document.
TEST(JsonPathTest, ResultsAreBounded) {
  std::string json = "1";
  for (int i = 0; i < 90; ++i) json = "[" + json + ",\"" + std::string(4'000, 'x') + "\"]";
  const absl::StatusOr<JsonPath> path = JsonPath::Parse("a..*");
  PathWork work;
  ASSERT_TRUE(path->EvaluateIn(json, 1, work).has_value());
  std::string wide = "[" + std::string(200'000, ' ') + "1]";
  for (int i = 0; i < 90; ++i) wide = "[" + wide + "]";
  PathWork more(100'000'000);
  EXPECT_EQ(path->EvaluateIn(wide, 1, more), "[]");
  EXPECT_TRUE(more.exhausted());
}

}  // namespace
}  // namespace skald::core
