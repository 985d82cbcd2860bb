#include <re2/re2.h>

#include <array>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/core/bound.h"
#include "engine/core/json_check.h"
#include "engine/core/json_path_program.h"
#include "engine/core/json_write.h"
#include "engine/core/limits.h"

namespace skald::core {
namespace {

using Operator = FilterOperator;

constexpr std::array<std::pair<std::string_view, Operator>, 9> kSymbols = {{
    {"===", Operator::kSameTypeEqual},
    {"!==", Operator::kSameTypeNotEqual},
    {"==", Operator::kEqual},
    {"!=", Operator::kNotEqual},
    {"=~", Operator::kMatches},
    {"<=", Operator::kLessEqual},
    {">=", Operator::kGreaterEqual},
    {"<", Operator::kLess},
    {">", Operator::kGreater},
}};

constexpr std::array<std::pair<std::string_view, Operator>, 7> kWords = {{
    {"in", Operator::kIn},
    {"nin", Operator::kNotIn},
    {"contains", Operator::kContains},
    {"size", Operator::kSize},
    {"empty", Operator::kEmpty},
    {"subsetof", Operator::kSubsetOf},
    {"all", Operator::kAll},
}};

absl::Status FilterMistake(std::string message) {
  return absl::InvalidArgumentError(absl::StrCat("filter: ", message));
}

class FilterParser {
 public:
  FilterParser(FilterText& source, std::vector<JsonPath::RootOperand>& root_operands)
      : source_(source), root_operands_(root_operands) {}

  absl::StatusOr<FilterNode> Run() {
    ASSIGN_OR_RETURN(FilterNode node, Or());
    if (!TakeSymbol(")")) return FilterMistake("'[?(' is not closed by ')'");
    return node;
  }

 private:
  std::string_view Rest() const { return source_.text.substr(source_.at); }
  bool More() const { return source_.at < source_.text.size(); }
  char Current() const { return source_.text[source_.at]; }
  void SkipBlanks() {
    while (More() && IsBlank(Current())) ++source_.at;
  }
  bool TakeSymbol(std::string_view symbol) {
    SkipBlanks();
    if (Rest().substr(0, symbol.size()) != symbol) return false;
    source_.at += symbol.size();
    return true;
  }

  absl::StatusOr<FilterNode> Or() {
    FilterNode node{.kind = FilterNode::Kind::kOr};
    do {
      ASSIGN_OR_RETURN(FilterNode child, And());
      node.children.push_back(std::move(child));
    } while (TakeSymbol("||"));
    return Simplest(std::move(node));
  }

  absl::StatusOr<FilterNode> And() {
    FilterNode node{.kind = FilterNode::Kind::kAnd};
    do {
      ASSIGN_OR_RETURN(FilterNode child, Term());
      node.children.push_back(std::move(child));
    } while (TakeSymbol("&&"));
    return Simplest(std::move(node));
  }

  static FilterNode Simplest(FilterNode node) {
    if (node.children.size() != 1) return node;
    FilterNode only = std::move(node.children.front());
    return only;
  }

  absl::StatusOr<FilterNode> Term() {
    if (++source_.nesting > kPathNestingMax) {
      return FilterMistake("nested more than " + FixedBound("kPathNestingMax", kPathNestingMax));
    }
    absl::StatusOr<FilterNode> node = InnerTerm();
    --source_.nesting;
    return node;
  }

  absl::StatusOr<FilterNode> InnerTerm() {
    SkipBlanks();
    if (More() && Current() == '!') {
      ++source_.at;
      ASSIGN_OR_RETURN(FilterNode child, Term());
      const bool compares = child.kind == FilterNode::Kind::kRelation && !in_parentheses_ &&
                            child.operation != Operator::kExists;
      if (compares)
        return FilterMistake("'!' before a comparison: put the comparison in parentheses");
      FilterNode node{.kind = FilterNode::Kind::kNot};
      node.children.push_back(std::move(child));
      return node;
    }
    in_parentheses_ = TakeSymbol("(");
    if (!in_parentheses_) return Relation();
    ASSIGN_OR_RETURN(FilterNode node, Or());
    if (!TakeSymbol(")")) return FilterMistake("'(' is not closed");
    in_parentheses_ = true;
    return node;
  }

  absl::StatusOr<FilterNode> Relation() {
    FilterNode node;
    ASSIGN_OR_RETURN(node.left, Operand());
    const std::optional<Operator> operation = TakeOperator();
    if (!operation.has_value()) {
      const bool path = node.left.kind == FilterOperand::Kind::kItemPath ||
                        node.left.kind == FilterOperand::Kind::kRootPath;
      if (!path) return FilterMistake("a comparison, or a path alone, is expected");
      return node;
    }
    node.operation = *operation;
    ASSIGN_OR_RETURN(node.right, Operand());
    const bool pattern = node.left.kind == FilterOperand::Kind::kPattern ||
                         node.right.kind == FilterOperand::Kind::kPattern;
    if (pattern != (node.operation == Operator::kMatches)) {
      return FilterMistake("=~ and a pattern /…/ go together");
    }
    return node;
  }

  std::optional<Operator> TakeOperator() {
    SkipBlanks();
    for (const auto& [symbol, value] : kSymbols) {
      if (TakeSymbol(symbol)) return value;
    }
    std::size_t length = 0;
    while (length < Rest().size() && absl::ascii_isalpha(Rest()[length])) ++length;
    const std::string word = absl::AsciiStrToLower({Rest().data(), length});
    for (const auto& [name, value] : kWords) {
      if (word != name) continue;
      source_.at += length;
      return value;
    }
    return std::nullopt;
  }

  absl::StatusOr<FilterOperand> Operand() {
    SkipBlanks();
    if (!More()) return FilterMistake("ends where a value is expected");
    FilterOperand operand{.kind = FilterOperand::Kind::kLiteral};
    switch (Current()) {
      case '@':
        return ItemPath();
      case '$':
        return RootPath();
      case '/':
        return Pattern();
      default:
        break;
    }
    RETURN_IF_ERROR(Literal(0, operand.literal));
    return operand;
  }

  absl::StatusOr<FilterOperand> ItemPath() {
    ++source_.at;
    FilterOperand operand{.kind = FilterOperand::Kind::kItemPath};
    ASSIGN_OR_RETURN(PathProgram program, ParseInnerPath(source_, root_operands_));
    operand.path = std::make_shared<const PathProgram>(std::move(program));
    return operand;
  }

  absl::StatusOr<FilterOperand> RootPath() {
    const std::size_t begin = source_.at++;
    FilterOperand operand{.kind = FilterOperand::Kind::kRootPath};
    ASSIGN_OR_RETURN(PathProgram program, ParseInnerPath(source_, root_operands_));
    const std::string_view text = source_.text.substr(begin, source_.at - begin);
    if (program.head.empty()) {
      return FilterMistake(absl::StrCat(std::string(text.substr(0, 80)),
                                        ": a path from the root begins with the name of a task, or "
                                        "'workflow'"));
    }
    operand.number = root_operands_.size();
    root_operands_.push_back({std::string(text), program.head});
    operand.path = std::make_shared<const PathProgram>(std::move(program));
    return operand;
  }

  absl::StatusOr<FilterOperand> Pattern() {
    std::string pattern;
    for (++source_.at; More() && Current() != '/'; ++source_.at) {
      if (Rest().substr(0, 2) == "\\/")
        ++source_.at;  // the slash alone
      else if (Current() == '\\' && source_.at + 1 < source_.text.size()) {
        pattern.push_back(source_.text[source_.at++]);
      }
      pattern.push_back(Current());
    }
    if (!More()) return FilterMistake("a pattern is not closed by '/'");
    ++source_.at;
    re2::RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(kPathPatternBytesMax);
    while (More() && absl::ascii_isalpha(Current())) {
      if (Current() != 'i') return FilterMistake("of the flags of a pattern only 'i' is known");
      options.set_case_sensitive(false);
      ++source_.at;
    }
    auto compiled = std::make_shared<const re2::RE2>(pattern, options);
    if (!compiled->ok()) {
      return FilterMistake(
          absl::StrCat("pattern /", pattern.substr(0, 80), "/: ", compiled->error()));
    }
    FilterOperand operand{.kind = FilterOperand::Kind::kPattern};
    operand.pattern = std::move(compiled);
    return operand;
  }

  // A literal, appended as JSON; texts may stand in single quotes, in lists and objects too.
  absl::Status Literal(std::size_t depth, std::string& json) {
    SkipBlanks();
    if (!More()) return FilterMistake("ends where a value is expected");
    if (depth > kPathNestingMax) {
      return FilterMistake("nested more than " + FixedBound("kPathNestingMax", kPathNestingMax));
    }
    switch (Current()) {
      case '\'':
      case '"':
        return TextLiteral(json);
      case '[':
        return List(depth, json);
      case '{':
        return Object(depth, json);
      default:
        return PlainLiteral(json);
    }
  }

  absl::Status TextLiteral(std::string& json) {
    const char quote = Current();
    std::string text;
    for (++source_.at; More() && Current() != quote; ++source_.at) {
      if (Current() != '\\' || source_.at + 1 >= source_.text.size()) {
        text.push_back(Current());
        continue;
      }
      ++source_.at;
      constexpr std::string_view kFrom = "ntrbf";
      constexpr std::string_view kTo = "\n\t\r\b\f";
      const std::size_t escape = kFrom.find(Current());
      text.push_back(escape == std::string_view::npos ? Current() : kTo[escape]);
    }
    if (!More()) return FilterMistake("a text is not closed");
    ++source_.at;
    AppendJsonString(json, text);
    return absl::OkStatus();
  }

  absl::Status List(std::size_t depth, std::string& json) {
    ++source_.at;
    json.push_back('[');
    if (TakeSymbol("]")) {
      json.push_back(']');
      return absl::OkStatus();
    }
    do {
      if (json.back() != '[') json.push_back(',');
      RETURN_IF_ERROR(Literal(depth + 1, json));
    } while (TakeSymbol(","));
    json.push_back(']');
    return TakeSymbol("]") ? absl::OkStatus() : FilterMistake("a list is not closed");
  }

  absl::Status Object(std::size_t depth, std::string& json) {
    ++source_.at;
    json.push_back('{');
    if (TakeSymbol("}")) {
      json.push_back('}');
      return absl::OkStatus();
    }
    do {
      if (json.back() != '{') json.push_back(',');
      SkipBlanks();
      if (!More() || (Current() != '\'' && Current() != '"'))
        return FilterMistake("a key in quotes");
      RETURN_IF_ERROR(TextLiteral(json));
      if (!TakeSymbol(":")) return FilterMistake("':' is expected behind a key");
      json.push_back(':');
      RETURN_IF_ERROR(Literal(depth + 1, json));
    } while (TakeSymbol(","));
    json.push_back('}');
    return TakeSymbol("}") ? absl::OkStatus() : FilterMistake("an object is not closed");
  }

  absl::Status PlainLiteral(std::string& json) {
    const std::size_t begin = source_.at;
    while (More() && (absl::ascii_isalnum(Current()) ||
                      std::string_view("+-.").find(Current()) != std::string_view::npos)) {
      ++source_.at;
    }
    const std::string_view word = source_.text.substr(begin, source_.at - begin);
    if (word.empty() || !CheckJson(word).ok()) {
      return FilterMistake(absl::StrCat("'", std::string(word.empty() ? Rest().substr(0, 1) : word),
                                        "' where a path, a number, a text, true, false or null is "
                                        "expected"));
    }
    json.append(word);
    return absl::OkStatus();
  }

  FilterText& source_;
  std::vector<JsonPath::RootOperand>& root_operands_;
  bool in_parentheses_ = false;  // the term that was read last
};

}  // namespace

absl::StatusOr<FilterNode> ParseFilter(FilterText& source,
                                       std::vector<JsonPath::RootOperand>& root_operands) {
  return FilterParser(source, root_operands).Run();
}

}  // namespace skald::core
