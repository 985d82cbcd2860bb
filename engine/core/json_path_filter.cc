// Filters of JSONPath: whether an element passes. Comparisons are Jayway's: a text and a number are
// equal when the one reads as the other; what is missing equals nothing; < and > want two numbers
// or two texts.
#include <re2/re2.h>

#include <algorithm>
#include <utility>

#include "engine/core/json_check.h"
#include "engine/core/json_number.h"
#include "engine/core/json_path_run.h"
#include "engine/core/json_scan.h"
#include "engine/core/limits.h"

namespace skald::core {
namespace {

using Operator = FilterOperator;

enum class Type : std::uint8_t { kMissing, kNull, kBoolean, kNumber, kText, kContainer };

struct Value {
  Type type = Type::kMissing;
  std::string_view json;
  std::string text;  // kText: unescaped
};

Value ValueOf(std::string_view json) {
  switch (KindOf(json)) {
    case JsonKind::kNull:
      return {Type::kNull, json, {}};
    case JsonKind::kFalse:
    case JsonKind::kTrue:
      return {Type::kBoolean, json, {}};
    case JsonKind::kNumber:
      return {Type::kNumber, json, {}};
    case JsonKind::kString:
      return {Type::kText, json, StringOf(json)};
    case JsonKind::kArray:
    case JsonKind::kObject:
      return {Type::kContainer, json, {}};
  }
  return {};
}

bool IsNumber(std::string_view text) {
  return !text.empty() && KindOf(text) == JsonKind::kNumber && CheckJson(text).ok();
}

class Judge {
 public:
  Judge(std::string_view item, PathRun& run) : item_(item), run_(run) {}

  bool Accepts(const FilterNode& node) {
    const auto accepts = [this](const FilterNode& child) { return Accepts(child); };
    switch (node.kind) {
      case FilterNode::Kind::kOr:
        return std::any_of(node.children.begin(), node.children.end(), accepts);
      case FilterNode::Kind::kAnd:
        return std::all_of(node.children.begin(), node.children.end(), accepts);
      case FilterNode::Kind::kNot:
        return !Accepts(node.children.front());
      case FilterNode::Kind::kRelation:
        return node.operation == Operator::kExists ? Exists(node.left) : Holds(node);
    }
    return false;
  }

  // The filter asked for something that makes no sense: the element does not pass, whatever else.
  bool refused() const { return refused_; }

 private:
  std::optional<std::string_view> Find(const FilterOperand& operand) {
    switch (operand.kind) {
      case FilterOperand::Kind::kLiteral:
        return operand.literal;
      case FilterOperand::Kind::kItemPath:
        return run_.Find(*operand.path, 0, item_);
      case FilterOperand::Kind::kRootPath:
        return run_.AtRoot(operand);
      case FilterOperand::Kind::kPattern:
      case FilterOperand::Kind::kNone:
        break;
    }
    return std::nullopt;
  }

  Value Read(const FilterOperand& operand) {
    const auto json = Find(operand);
    return json.has_value() ? ValueOf(TrimJson(*json)) : Value{};
  }

  bool Exists(const FilterOperand& operand) { return Find(operand).has_value(); }

  bool Holds(const FilterNode& node) {
    if (node.operation == Operator::kMatches) return Matches(node);
    const Value left = Read(node.left);
    const Value right = Read(node.right);
    switch (node.operation) {
      case Operator::kEqual:
        return Equal(left, right);
      case Operator::kNotEqual:
        return !Equal(left, right);
      case Operator::kSameTypeEqual:
        return left.type == right.type && Equal(left, right);
      case Operator::kSameTypeNotEqual:
        return left.type != right.type || !Equal(left, right);
      case Operator::kLess:
        return Order(left, right) == std::partial_ordering::less;
      case Operator::kGreater:
        return Order(left, right) == std::partial_ordering::greater;
      case Operator::kLessEqual:
        return std::is_lteq(Order(left, right));
      case Operator::kGreaterEqual:
        return std::is_gteq(Order(left, right));
      case Operator::kSize:
        return right.type == Type::kNumber && Size(left) == IntegerOf(right.json);
      case Operator::kEmpty:
        return Empty(left, right);
      default:
        return HoldsForLists(node.operation, left, right);
    }
  }

  bool HoldsForLists(Operator operation, const Value& left, const Value& right) {
    switch (operation) {
      case Operator::kIn:
        return In(left, right);
      case Operator::kNotIn:
        return !In(left, right);
      case Operator::kContains:
        if (left.type == Type::kText && right.type == Type::kText) {
          return left.text.find(right.text) != std::string::npos;
        }
        return IsList(left) && Holds(left, right);
      case Operator::kSubsetOf:
        return IsList(left) && IsList(right) && HoldsAll(right, left);
      case Operator::kAll:
        return IsList(left) && IsList(right) && HoldsAll(left, right);
      default:
        return false;
    }
  }

  bool Matches(const FilterNode& node) {
    const bool pattern_left = node.left.kind == FilterOperand::Kind::kPattern;
    const FilterOperand& pattern = pattern_left ? node.left : node.right;
    const FilterOperand& other = pattern_left ? node.right : node.left;
    if (other.kind == FilterOperand::Kind::kPattern) return false;
    const Value value = Read(other);
    std::string_view text;
    if (value.type == Type::kText) text = value.text;
    if (value.type == Type::kNumber || value.type == Type::kBoolean) text = value.json;
    // Linear in both, whatever the pattern.
    const auto states = static_cast<std::size_t>(std::max(1, pattern.pattern->ProgramSize()));
    if (text.size() > kPayloadBytesCeiling / states) {
      run_.work().Exhaust();
      return false;
    }
    if (!run_.work().Spend(text.size() * states)) return false;
    return re2::RE2::FullMatch({text.data(), text.size()}, *pattern.pattern);
  }

  bool Equal(const Value& a, const Value& b) {
    if (a.type == Type::kNumber && b.type == Type::kText) {
      return IsNumber(b.text) && std::is_eq(CompareNumbers(a.json, b.text));
    }
    if (a.type == Type::kText && b.type == Type::kNumber) return a.text == b.json;
    if (a.type != b.type) return false;
    switch (a.type) {
      case Type::kMissing:
        return false;
      case Type::kNull:
        return true;
      case Type::kBoolean:
        return a.json == b.json;
      case Type::kNumber:
        return std::is_eq(CompareNumbers(a.json, b.json));
      case Type::kText:
        return a.text == b.text;
      case Type::kContainer:
        return EqualContainers(a.json, b.json);
    }
    return false;
  }

  // Deep, in any order of members.
  bool EqualContainers(std::string_view a, std::string_view b) {
    if (KindOf(a) != KindOf(b) || !run_.work().Spend(a.size() + b.size())) return false;
    const bool object = KindOf(a) == JsonKind::kObject;
    JsonWalk walk_a(a);
    JsonWalk walk_b(b);
    while (true) {
      const bool more_a = walk_a.Next();
      if (more_a != walk_b.Next()) return false;
      if (!more_a) return true;
      const auto other = object ? FindMember(b, walk_a.key()) : walk_b.value();
      if (!run_.work().Spend(object ? b.size() : 0)) return false;
      if (!other.has_value() || !Equal(ValueOf(walk_a.value()), ValueOf(*other))) return false;
    }
  }

  static std::partial_ordering Order(const Value& a, const Value& b) {
    if (a.type == Type::kNumber && b.type == Type::kNumber) return CompareNumbers(a.json, b.json);
    if (a.type == Type::kText && b.type == Type::kText) return a.text <=> b.text;
    return std::partial_ordering::unordered;
  }

  // Of texts in characters, of lists in elements; -1 of everything else.
  static std::optional<std::int64_t> Size(const Value& value) {
    std::int64_t size = 0;
    if (value.type == Type::kText) {
      for (const char c : value.text) size += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
      return size;
    }
    if (!IsList(value)) return -1;
    for (JsonWalk walk(value.json); walk.Next();) ++size;
    return size;
  }

  bool Empty(const Value& left, const Value& right) {
    if (right.type != Type::kBoolean) refused_ = true;
    const bool wanted = right.json == "true";
    if (left.type == Type::kText) return left.text.empty() == wanted;
    if (left.type != Type::kContainer) return false;
    return !JsonWalk(left.json).Next() == wanted;
  }

  static bool IsList(const Value& value) {
    return value.type == Type::kContainer && KindOf(value.json) == JsonKind::kArray;
  }

  bool In(const Value& value, const Value& list) {
    if (list.type != Type::kContainer) refused_ = true;
    return IsList(list) && Holds(list, value);
  }

  bool Holds(const Value& list, const Value& value) {
    for (JsonWalk walk(list.json); walk.Next() && run_.work().Spend(walk.value().size());) {
      if (Equal(value, ValueOf(walk.value()))) return true;
    }
    return false;
  }

  // Every element of `wanted` is in `list`.
  bool HoldsAll(const Value& list, const Value& wanted) {
    for (JsonWalk walk(wanted.json); walk.Next();) {
      if (!Holds(list, ValueOf(walk.value()))) return false;
    }
    return true;
  }

  const std::string_view item_;
  PathRun& run_;
  bool refused_ = false;
};

}  // namespace

bool Accepts(const FilterNode& filter, std::string_view item, PathRun& run) {
  Judge judge(item, run);
  const bool accepted = judge.Accepts(filter);
  return accepted && !judge.refused();
}

}  // namespace skald::core
