#include "engine/core/json_schema.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/core/bound.h"
#include "engine/core/json_number.h"
#include "engine/core/json_scan.h"
#include "engine/core/json_schema_node.h"
#include "engine/core/json_write.h"
#include "engine/core/limits.h"
#include "engine/core/mistake.h"

namespace skald::core {
namespace {

using schema::kNoNode;
using schema::Node;
using schema::NodeIndex;
using Text = std::string_view;

constexpr std::size_t kShownBytesMax = 100;  // of what a schema says, in a message

// Cut between two characters.
std::string Shown(Text value) {
  std::size_t bytes = std::min(value.size(), kShownBytesMax);
  while (bytes < value.size() && bytes > 0 && (value[bytes] & 0xC0) == 0x80) --bytes;
  return absl::StrCat(std::string(value.substr(0, bytes)), bytes < value.size() ? "…" : "");
}

std::string NumberText(double number) {
  std::string text;
  if (std::floor(number) == number && std::fabs(number) < 1e15) {
    return absl::StrCat(static_cast<std::int64_t>(number));
  }
  AppendJavaDouble(text, number);
  return text;
}

std::size_t CodePoints(Text text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char byte) { return (byte & 0xC0) != 0x80; }));
}

// One check of one value. What it may cost is counted; beyond it the value is not accepted.
class Checker {
 public:
  explicit Checker(const std::vector<Node>& nodes) : nodes_(nodes) {}

  std::string Run(Text value) {
    std::string mistake = Check(0, "$", TrimJson(value));
    if (work_left_ > 0) return mistake;
    return absl::StrCat("$: to check it costs more than ",
                        FixedBound("kSchemaWorkMax", kSchemaWorkMax));
  }

 private:
  using Members = std::vector<std::pair<std::string, Text>>;

  bool Spend(std::size_t work) {
    work_left_ -= std::min(work_left_, work);
    return work_left_ > 0;
  }

  // "" = as the schema says. What ran out of its budget counts as a mistake.
  std::string Check(NodeIndex index, const std::string& path, Text value) {
    const Node& node = nodes_[index];
    if (!Spend(1) || depth_ > kSchemaDepthMax + kJsonDepthMax) {
      work_left_ = 0;
      return path;
    }
    ++depth_;
    std::string mistake = CheckHere(node, path, value);
    if (mistake.empty()) mistake = CheckLogic(node, path, value);
    --depth_;
    return mistake;
  }

  bool Holds(NodeIndex index, const std::string& path, Text value) {
    return Check(index, path, value).empty() && work_left_ > 0;
  }

  std::string CheckHere(const Node& node, const std::string& path, Text value) {
    if (node.never) return absl::StrCat(path, ": nothing is allowed here");
    const JsonKind kind = KindOf(value);
    if (node.types != 0 && (node.types & BitsOf(kind, value)) == 0) {
      return absl::StrCat(path, ": ", node.types_text, " expected, not ",
                          std::string(Describe(kind)));
    }
    if (node.enumerates && !IsOneOf(node.values, value)) {
      std::string allowed;
      for (const std::string& one : node.values) {
        absl::StrAppend(&allowed, allowed.empty() ? "" : ", ", Shown(one));
        if (allowed.size() > kShownBytesMax) break;
      }
      return absl::StrCat(path, ": is none of ", allowed);
    }
    if (kind == JsonKind::kNumber) return CheckNumber(node, path, value);
    if (kind == JsonKind::kString) return CheckText(node, path, StringOf(value));
    if (kind == JsonKind::kArray) return CheckArray(node, path, value);
    if (kind == JsonKind::kObject) return CheckObject(node, path, value);
    return "";
  }

  static std::uint8_t BitsOf(JsonKind kind, Text value) {
    switch (kind) {
      case JsonKind::kNull:
        return schema::kNullBit;
      case JsonKind::kTrue:
      case JsonKind::kFalse:
        return schema::kBooleanBit;
      case JsonKind::kObject:
        return schema::kObjectBit;
      case JsonKind::kArray:
        return schema::kArrayBit;
      case JsonKind::kString:
        return schema::kStringBit;
      case JsonKind::kNumber:
        break;
    }
    const double number = DoubleOf(value);
    return std::floor(number) == number ? schema::kNumberBit | schema::kIntegerBit
                                        : schema::kNumberBit;
  }

  static std::string CheckNumber(const Node& node, const std::string& path, Text value) {
    const double number = DoubleOf(value);
    const auto mistake = [&](Text what, double bound) {
      return absl::StrCat(path, ": is ", std::string(what), " ", NumberText(bound));
    };
    if (node.minimum && number < *node.minimum) return mistake("less than", *node.minimum);
    if (node.maximum && number > *node.maximum) return mistake("more than", *node.maximum);
    if (node.above && number <= *node.above) return mistake("not above", *node.above);
    if (node.below && number >= *node.below) return mistake("not below", *node.below);
    if (!node.multiple_of) return "";
    const double times = number / *node.multiple_of;
    const bool multiple = std::fabs(times - std::round(times)) <= 1e-9 * std::max(1.0, times);
    return multiple ? "" : mistake("no multiple of", *node.multiple_of);
  }

  static std::string CheckRange(const schema::Range& range, std::size_t count,
                                const std::string& path, Text unit) {
    if (count < range.min) {
      return absl::StrCat(path, ": ", count, " ", std::string(unit), ", at least ", range.min,
                          " expected");
    }
    if (range.max && count > *range.max) {
      return absl::StrCat(path, ": ", count, " ", std::string(unit), ", at most ", *range.max,
                          " expected");
    }
    return "";
  }

  std::string CheckText(const Node& node, const std::string& path, const std::string& text) {
    std::string mistake = CheckRange(node.length, CodePoints(text), path, "characters");
    if (!mistake.empty() || node.pattern == nullptr) return mistake;
    Spend(1 + text.size() / 16);
    if (re2::RE2::PartialMatch(text, *node.pattern)) return "";
    return absl::StrCat(path, ": the text does not match ", Shown(node.pattern_text));
  }

  std::string CheckArray(const Node& node, const std::string& path, Text value) {
    std::vector<Text> items;
    for (JsonWalk walk(value); walk.Next();) items.push_back(walk.value());
    if (!Spend(items.size())) return path;
    std::string mistake = CheckRange(node.item_count, items.size(), path, "items");
    bool contained = node.contains == kNoNode;
    for (std::size_t i = 0; i < items.size() && mistake.empty(); ++i) {
      const NodeIndex of = i < node.prefix.size() ? node.prefix[i] : node.items;
      const std::string at = JoinPath(path, i);
      if (of != kNoNode) mistake = Check(of, at, items[i]);
      contained = contained || Holds(node.contains, at, items[i]);
    }
    if (!mistake.empty()) return mistake;
    if (!contained) return absl::StrCat(path, ": no item is of the kind that has to be among them");
    return node.unique_items ? CheckUnique(items, path) : "";
  }

  std::string CheckUnique(const std::vector<Text>& items, const std::string& path) {
    for (std::size_t i = 0; i < items.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        if (work_left_ == 0) return path;
        if (Same(items[i], items[j])) {
          return absl::StrCat(path, ": items ", j, " and ", i, " are the same");
        }
      }
    }
    return "";
  }

  std::string CheckObject(const Node& node, const std::string& path, Text value) {
    Members members;
    for (JsonWalk walk(value); walk.Next();) members.emplace_back(walk.key(), walk.value());
    if (!Spend(members.size())) return path;
    std::string mistake = CheckRange(node.property_count, members.size(), path, "members");
    const auto missing = [&](const std::vector<std::string>& names) -> const std::string* {
      const auto found = std::find_if(names.begin(), names.end(),
                                      [&](const std::string& name) { return !Has(members, name); });
      return found == names.end() ? nullptr : &*found;
    };
    if (!mistake.empty()) return mistake;
    if (const std::string* name = missing(node.required); name != nullptr) {
      return absl::StrCat(JoinPath(path, *name), ": is required");
    }
    for (const auto& [name, needed] : node.needs) {
      if (!Has(members, name)) continue;
      if (const std::string* lacks = missing(needed); lacks != nullptr) {
        return absl::StrCat(JoinPath(path, *lacks), ": is required beside ", Shown(name));
      }
    }
    for (const auto& [name, also] : node.also) {
      if (mistake.empty() && Has(members, name)) mistake = Check(also, path, value);
    }
    for (const auto& [name, member] : members) {
      if (mistake.empty()) mistake = CheckMember(node, path, name, member);
    }
    return mistake;
  }

  bool Has(const Members& members, const std::string& name) {
    Spend(members.size());
    return std::any_of(members.begin(), members.end(),
                       [&](const auto& member) { return member.first == name; });
  }

  std::string CheckMember(const Node& node, const std::string& path, const std::string& name,
                          Text value) {
    const std::string at = JoinPath(path, name);
    std::string mistake;
    if (node.property_names != kNoNode) {
      std::string quoted;
      AppendJsonString(quoted, name);
      mistake = Check(node.property_names, at, quoted);
    }
    bool described = false;
    const auto own = node.properties.find(name);
    if (own != node.properties.end()) {
      described = true;
      if (mistake.empty()) mistake = Check(own->second, at, value);
    }
    for (const auto& [pattern, of] : node.pattern_properties) {
      Spend(1 + name.size() / 16);
      if (!re2::RE2::PartialMatch(name, *pattern)) continue;
      described = true;
      if (mistake.empty()) mistake = Check(of, at, value);
    }
    if (!mistake.empty() || described || node.additional == kNoNode) return mistake;
    if (nodes_[node.additional].never) return absl::StrCat(at, ": is not expected");
    return Check(node.additional, at, value);
  }

  std::string CheckLogic(const Node& node, const std::string& path, Text value) {
    std::string mistake;
    for (const NodeIndex one : node.all_of) {
      if (mistake.empty()) mistake = Check(one, path, value);
    }
    if (!mistake.empty()) return mistake;
    const auto count = [&](const std::vector<NodeIndex>& list) {
      return std::count_if(list.begin(), list.end(), [&](NodeIndex one) {
        std::string why = Check(one, path, value);
        if (why.empty()) return true;
        mistake = std::move(why);
        return false;
      });
    };
    if (!node.any_of.empty() && count(node.any_of) == 0) {
      return node.any_of.size() == 1 ? mistake : absl::StrCat(path, ": is none of what it may be");
    }
    const auto matched = node.one_of.empty() ? 1 : count(node.one_of);
    if (matched != 1) {
      return absl::StrCat(path, ": is ", matched, " of the kinds of which it has to be one");
    }
    if (node.not_one != kNoNode && Holds(node.not_one, path, value)) {
      return absl::StrCat(path, ": is what it must not be");
    }
    if (node.condition == kNoNode) return "";
    const NodeIndex then = Holds(node.condition, path, value) ? node.then : node.otherwise;
    return then == kNoNode ? "" : Check(then, path, value);
  }

  bool IsOneOf(const std::vector<std::string>& values, Text value) {
    return std::any_of(values.begin(), values.end(),
                       [&](const std::string& one) { return Same(one, value); });
  }

  // The same value, however it is written.
  bool Same(Text a, Text b) {
    if (!Spend(1) || KindOf(a) != KindOf(b)) return false;
    switch (KindOf(a)) {
      case JsonKind::kNumber:
        return CompareNumbers(a, b) == std::partial_ordering::equivalent;
      case JsonKind::kString:
        return a == b || StringOf(a) == StringOf(b);
      case JsonKind::kArray:
        return SameItems(a, b);
      case JsonKind::kObject:
        return SameMembers(a, b);
      default:
        return true;
    }
  }
  bool SameItems(Text a, Text b) {
    JsonWalk other(b);
    for (JsonWalk walk(a); walk.Next();) {
      if (!other.Next() || !Same(walk.value(), other.value())) return false;
    }
    return !other.Next();
  }
  bool SameMembers(Text a, Text b) {
    std::size_t count = 0;
    for (JsonWalk walk(a); walk.Next(); ++count) {
      const auto member = FindMember(b, walk.key());
      if (!member.has_value() || !Same(walk.value(), *member)) return false;
    }
    for (JsonWalk walk(b); walk.Next();) --count;
    return count == 0;
  }

  const std::vector<Node>& nodes_;
  std::size_t work_left_ = kSchemaWorkMax;
  std::size_t depth_ = 0;
};

class CompiledSchema final : public JsonSchema {
 public:
  explicit CompiledSchema(std::vector<Node> nodes) : nodes_(std::move(nodes)) {}
  std::string FirstMistake(std::string_view value) const override {
    return Checker(nodes_).Run(value);
  }

 private:
  const std::vector<Node> nodes_;
};

}  // namespace

absl::StatusOr<std::shared_ptr<const JsonSchema>> JsonSchema::Compile(std::string_view schema) {
  ASSIGN_OR_RETURN(std::vector<Node> nodes, schema::CompileNodes(schema));
  return std::make_shared<CompiledSchema>(std::move(nodes));
}

}  // namespace skald::core
