#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/core/bound.h"
#include "engine/core/json_path_program.h"
#include "engine/core/json_scan.h"
#include "engine/core/limits.h"

namespace skald::core {
namespace {

constexpr std::array<std::pair<std::string_view, PathFunction>, 8> kFunctions = {{
    {"length", PathFunction::kLength},
    {"size", PathFunction::kLength},
    {"min", PathFunction::kMin},
    {"max", PathFunction::kMax},
    {"avg", PathFunction::kAvg},
    {"sum", PathFunction::kSum},
    {"stddev", PathFunction::kStddev},
    {"keys", PathFunction::kKeys},
}};

absl::Status Fail(std::string message) { return absl::InvalidArgumentError(std::move(message)); }

std::string ShownInPath(std::string_view text) { return std::string(text.substr(0, 80)); }

// Ends a name in a path that stands on its own: the rest of what Jayway takes into a name is taken.
bool EndsName(char c) { return std::string_view(".[]()").find(c) != std::string_view::npos; }

// Also ends one inside a filter.
bool EndsInnerName(char c) {
  return EndsName(c) || std::string_view("=<>!~&|,").find(c) != std::string_view::npos;
}

class PathParser {
 public:
  PathParser(FilterText& source, bool inner, std::vector<JsonPath::RootOperand>& root_operands)
      : source_(source), inner_(inner), root_operands_(root_operands) {}

  // The steps from here on, as long as there are any.
  absl::Status Steps() {
    while (More()) {
      if (inner_ && Current() != '.' && Current() != '[') return absl::OkStatus();
      RETURN_IF_ERROR(Step());
    }
    return absl::OkStatus();
  }

  // A path may begin with a name without a dot before it.
  absl::Status FirstName() { return More() && Current() == '[' ? Bracket() : NameOrFunction(); }

  PathProgram Finish() {
    using Kind = PathToken::Kind;
    PathProgram program;
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      const PathToken& token = tokens_[i];
      const bool last = i + 1 == tokens_.size();
      const bool single = token.kind == Kind::kName || token.kind == Kind::kIndex;
      const bool definite =
          single || token.kind == Kind::kFunction || (token.kind == Kind::kNames && last);
      if (!definite) program.definite = false;
      if (!single) program.simple = false;
      if (token.kind == Kind::kName && program.head.size() == i) {
        program.head.push_back(token.names.front());
      }
    }
    program.tokens = std::move(tokens_);
    return program;
  }

 private:
  std::string_view text() const { return source_.text; }
  bool More() const { return source_.at < text().size(); }
  char Current() const { return text()[source_.at]; }
  bool Take(char c) {
    if (!More() || Current() != c) return false;
    ++source_.at;
    return true;
  }
  void SkipBlanks() {
    while (More() && IsBlank(Current())) ++source_.at;
  }

  absl::Status Step() {
    if (Current() == '[') return Bracket();
    if (Current() != '.') {
      return Fail(absl::StrCat("unexpected '", std::string(1, Current()), "'"));
    }
    ++source_.at;
    if (!Take('.')) return AfterDot();
    tokens_.push_back({.kind = PathToken::Kind::kScan});
    return AfterDot();
  }

  absl::Status AfterDot() {
    if (More() && Current() == '[') return Bracket();
    if (Take('*')) {
      tokens_.push_back({.kind = PathToken::Kind::kWildcard});
      return absl::OkStatus();
    }
    return NameOrFunction();
  }

  absl::Status NameOrFunction() {
    const std::size_t begin = source_.at;
    while (More() && !IsBlank(Current()) &&
           !(inner_ ? EndsInnerName(Current()) : EndsName(Current()))) {
      ++source_.at;
    }
    const std::string_view name = text().substr(begin, source_.at - begin);
    if (name.empty()) {
      if (!More()) return Fail("ends where a name is expected");
      return Fail(
          absl::StrCat("unexpected '", std::string(1, Current()), "' where a name is expected"));
    }
    if (More() && Current() == '(') return Function(name);
    if (More() && IsBlank(Current()) && !inner_) {
      return Fail("a name with a space in it stands in brackets and quotes: ['a b']");
    }
    tokens_.push_back({.kind = PathToken::Kind::kName, .names = {std::string(name)}});
    return absl::OkStatus();
  }

  absl::Status Function(std::string_view name) {
    ++source_.at;
    SkipBlanks();
    const auto found = std::find_if(kFunctions.begin(), kFunctions.end(),
                                    [&](const auto& known) { return known.first == name; });
    if (found == kFunctions.end()) {
      return Fail(absl::StrCat("unknown function ", ShownInPath(name),
                               "(); one of length, size, min, max, avg, sum, stddev, keys"));
    }
    if (!Take(')')) return Fail(absl::StrCat(ShownInPath(name), "() takes no parameters"));
    tokens_.push_back({.kind = PathToken::Kind::kFunction, .function = found->second});
    return absl::OkStatus();
  }

  absl::Status Bracket() {
    ++source_.at;
    SkipBlanks();
    if (!More()) return Fail("'[' is not closed");
    switch (Current()) {
      case '\'':
      case '"':
        return Names();
      case '*':
        ++source_.at;
        tokens_.push_back({.kind = PathToken::Kind::kWildcard});
        return CloseBracket();
      case '?':
        return Filter();
      default:
        return Elements();
    }
  }

  absl::Status CloseBracket() {
    SkipBlanks();
    if (Take(']')) return absl::OkStatus();
    if (!More()) return Fail("'[' is not closed");
    return Fail(absl::StrCat("unexpected '", std::string(1, Current()), "' where ']' is expected"));
  }

  absl::Status Names() {
    PathToken token;
    do {
      SkipBlanks();
      if (!More() || (Current() != '\'' && Current() != '"')) {
        return Fail("a name in quotes is expected behind ','");
      }
      ASSIGN_OR_RETURN(std::string name, Quoted());
      token.names.push_back(std::move(name));
      SkipBlanks();
    } while (Take(','));
    token.kind = token.names.size() == 1 ? PathToken::Kind::kName : PathToken::Kind::kNames;
    tokens_.push_back(std::move(token));
    return CloseBracket();
  }

  // A backslash takes the next character as it is.
  absl::StatusOr<std::string> Quoted() {
    const char quote = Current();
    std::string name;
    for (++source_.at; More(); ++source_.at) {
      if (Take(quote)) return name;
      if (Current() == '\\' && source_.at + 1 < text().size()) ++source_.at;
      name.push_back(Current());
    }
    return Fail("a quoted name in brackets is not closed");
  }

  absl::Status Filter() {
    ++source_.at;
    SkipBlanks();
    if (!Take('(')) return Fail("a filter is written [?(…)]");
    if (source_.nesting >= kPathNestingMax) {
      return Fail("filters nested more than " + FixedBound("kPathNestingMax", kPathNestingMax));
    }
    ++source_.nesting;
    ASSIGN_OR_RETURN(FilterNode filter, ParseFilter(source_, root_operands_));
    --source_.nesting;
    tokens_.push_back({.kind = PathToken::Kind::kFilter,
                       .filter = std::make_shared<const FilterNode>(std::move(filter))});
    return CloseBracket();
  }

  // [1], [0,2], [1:3], [:-1], [2:]
  absl::Status Elements() {
    const std::size_t end = text().find(']', source_.at);
    if (end == std::string_view::npos) return Fail("'[' is not closed");
    const std::string_view inside = text().substr(source_.at, end - source_.at);
    source_.at = end + 1;
    if (inside.find(':') != std::string_view::npos) return Slice(inside);
    PathToken token;
    std::size_t begin = 0;
    while (begin <= inside.size()) {
      const std::size_t comma = std::min(inside.find(',', begin), inside.size());
      const auto index = Integer(inside.substr(begin, comma - begin));
      if (!index.has_value()) {
        return Fail(absl::StrCat("[", ShownInPath(inside),
                                 "]: a name in quotes, a number, a slice, * or ?(…) is expected "
                                 "in brackets"));
      }
      token.indexes.push_back(*index);
      begin = comma + 1;
    }
    token.kind = token.indexes.size() == 1 ? PathToken::Kind::kIndex : PathToken::Kind::kIndexes;
    tokens_.push_back(std::move(token));
    return absl::OkStatus();
  }

  absl::Status Slice(std::string_view inside) {
    const std::size_t colon = inside.find(':');
    const std::string_view from = Trimmed(inside.substr(0, colon));
    const std::string_view to = Trimmed(inside.substr(colon + 1));
    PathToken token{.kind = PathToken::Kind::kSlice, .from = Integer(from), .to = Integer(to)};
    const bool good = (from.empty() || token.from.has_value()) &&
                      (to.empty() || token.to.has_value()) && !(from.empty() && to.empty());
    if (!good) {
      return Fail(absl::StrCat("[", ShownInPath(inside),
                               "]: a slice is [from:to], [from:] or [:to]; there are no steps"));
    }
    tokens_.push_back(std::move(token));
    return absl::OkStatus();
  }

  static std::string_view Trimmed(std::string_view text) {
    while (!text.empty() && IsBlank(text.front())) text.remove_prefix(1);
    while (!text.empty() && IsBlank(text.back())) text.remove_suffix(1);
    return text;
  }

  // Within a range that sums of two cannot pass.
  static std::optional<std::int64_t> Integer(std::string_view text) {
    constexpr std::int64_t kMax = std::int64_t{1} << 40;
    const auto number = IntegerOf(Trimmed(text));
    if (!number.has_value() || *number > kMax || *number < -kMax) return std::nullopt;
    return number;
  }

  FilterText& source_;
  const bool inner_;
  std::vector<JsonPath::RootOperand>& root_operands_;
  std::vector<PathToken> tokens_;
};

}  // namespace

absl::StatusOr<PathProgram> ParseInnerPath(FilterText& source,
                                           std::vector<JsonPath::RootOperand>& root_operands) {
  PathParser parser(source, true, root_operands);
  RETURN_IF_ERROR(parser.Steps());
  return parser.Finish();
}

absl::StatusOr<JsonPath> JsonPath::Parse(std::string_view text) {
  if (text.size() > kExpressionBytesMax) {
    return Fail("longer than " + FixedBound("kExpressionBytesMax", kExpressionBytesMax));
  }
  FilterText source{.text = text};
  std::vector<RootOperand> root_operands;
  PathParser parser(source, false, root_operands);
  const bool at_root = text.substr(0, 2) == "$." || text.substr(0, 2) == "$[";
  if (at_root) source.at = text[1] == '.' ? 2 : 1;
  RETURN_IF_ERROR(parser.FirstName());
  RETURN_IF_ERROR(parser.Steps());
  PathProgram program = parser.Finish();
  if (program.head.empty()) return Fail("begins with the name of a task, or 'workflow'");
  program.root_operands = std::move(root_operands);
  return JsonPath(std::make_shared<const PathProgram>(std::move(program)));
}

const std::vector<std::string>& JsonPath::head() const { return program_->head; }
bool JsonPath::is_plain() const { return program_->head.size() == program_->tokens.size(); }
bool JsonPath::is_definite() const { return program_->definite; }
const std::vector<JsonPath::RootOperand>& JsonPath::root_operands() const {
  return program_->root_operands;
}

}  // namespace skald::core
