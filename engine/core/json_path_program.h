// The compiled form of a JSONPath. Internal to json_path*.cc. Immutable once parsed.
//
// Filters, as in Jayway 2.4:
//   or       and { "||" and }
//   and      term { "&&" term }
//   term     "(" or ")"  |  "!" term  |  operand [ operator operand ]
//   operand  @path  $path  number  'text'  "text"  true  false  null  [list]  {object}  /regex/i
// An operand alone is a path, and asks whether it exists. Operators: == != === !== < <= > >= =~ in
// nin contains size empty subsetof all.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "engine/core/json_path.h"

namespace re2 {
class RE2;
}

namespace skald::core {

struct FilterNode;

enum class PathFunction : std::uint8_t { kLength, kMin, kMax, kAvg, kSum, kStddev, kKeys };

struct PathToken {
  enum class Kind : std::uint8_t {
    kName,      // names[0]
    kNames,     // several names
    kIndex,     // indexes[0]
    kIndexes,   // several elements
    kSlice,     // from, to: at least one of them
    kWildcard,  // every member or element
    kScan,      // applies the next token at every depth
    kFilter,
    kFunction,
  };
  Kind kind = Kind::kName;
  std::vector<std::string> names;
  std::vector<std::int64_t> indexes;
  std::optional<std::int64_t> from;
  std::optional<std::int64_t> to;
  std::shared_ptr<const FilterNode> filter;  // shared: programs are copied while they are built
  PathFunction function = PathFunction::kLength;
};

struct PathProgram {
  std::vector<PathToken> tokens;
  std::vector<std::string> head;
  bool definite = true;
  bool simple = true;  // single names and elements only
  std::vector<JsonPath::RootOperand> root_operands;
};

struct FilterOperand {
  enum class Kind : std::uint8_t { kNone, kLiteral, kItemPath, kRootPath, kPattern };
  Kind kind = Kind::kNone;
  std::string literal;                      // JSON
  std::shared_ptr<const PathProgram> path;  // shared, as above
  std::shared_ptr<const re2::RE2> pattern;  // shared, as above
  std::size_t number = 0;                   // kRootPath: position in the program's root_operands
};

enum class FilterOperator : std::uint8_t {
  kExists,
  kEqual,
  kNotEqual,
  kSameTypeEqual,
  kSameTypeNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kMatches,
  kIn,
  kNotIn,
  kContains,
  kSize,
  kEmpty,
  kSubsetOf,
  kAll,
};

struct FilterNode {
  enum class Kind : std::uint8_t { kOr, kAnd, kNot, kRelation };
  Kind kind = Kind::kRelation;
  std::vector<FilterNode> children;  // of kOr, kAnd, kNot
  FilterOperator operation = FilterOperator::kExists;
  FilterOperand left;
  FilterOperand right;
};

// Reads a filter's inside, from behind "[?(" on, and the ")" that ends it. Defined in
// json_path_filter_parser.cc.
struct FilterText {
  std::string_view text;  // of the whole path
  std::size_t at = 0;     // where to go on
  std::size_t nesting = 0;
};
inline bool IsBlank(char c) { return static_cast<unsigned char>(c) <= ' '; }
absl::StatusOr<FilterNode> ParseFilter(FilterText& source,
                                       std::vector<JsonPath::RootOperand>& root_operands);

// The tokens of a path inside another, from behind '@' or '$' on; stops where the path ends.
absl::StatusOr<PathProgram> ParseInnerPath(FilterText& source,
                                           std::vector<JsonPath::RootOperand>& root_operands);

}  // namespace skald::core
