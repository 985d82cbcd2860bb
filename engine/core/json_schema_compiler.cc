#include <algorithm>
#include <array>
#include <cmath>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "engine/base/status.h"
#include "engine/core/bound.h"
#include "engine/core/json_number.h"
#include "engine/core/json_scan.h"
#include "engine/core/json_schema_node.h"
#include "engine/core/limits.h"
#include "engine/core/mistake.h"

namespace skald::core::schema {
namespace {

using Text = std::string_view;

constexpr std::array<std::pair<Text, TypeBit>, 7> kTypes = {{{"null", kNullBit},
                                                             {"boolean", kBooleanBit},
                                                             {"object", kObjectBit},
                                                             {"array", kArrayBit},
                                                             {"number", kNumberBit},
                                                             {"integer", kIntegerBit},
                                                             {"string", kStringBit}}};

// They would say more than is checked.
constexpr std::array<Text, 5> kNotChecked = {"unevaluatedProperties", "unevaluatedItems",
                                             "$dynamicRef", "$recursiveRef", "minContains"};

constexpr std::int64_t kPatternMemory = 1 << 20;

class Compiler {
 public:
  explicit Compiler(Text root) : root_(TrimJson(root)) {}

  absl::StatusOr<std::vector<Node>> Run() {
    RETURN_IF_ERROR(NodeAt("", root_).status());
    return std::move(nodes_);
  }

 private:
  static absl::Status Mistake(const std::string& path, Text message) {
    return absl::InvalidArgumentError(
        absl::StrCat(path.empty() ? "" : path + ": ", std::string(message)));
  }
  static absl::Status Expected(const std::string& path, Text what, Text value) {
    return Mistake(path, absl::StrCat(std::string(what), " expected, not ",
                                      std::string(Describe(KindOf(value)))));
  }

  // The node of the schema that stands at `path`; each is compiled once.
  absl::StatusOr<NodeIndex> NodeAt(const std::string& path, Text text) {
    const auto known = by_path_.find(path);
    if (known != by_path_.end()) return known->second;
    if (nodes_.size() >= kSchemaNodesMax) {
      return Mistake(path, absl::StrCat("more than ",
                                        FixedBound("kSchemaNodesMax", kSchemaNodesMax), " parts"));
    }
    if (depth_ >= kSchemaDepthMax) {
      return Mistake(path, "deeper than " + FixedBound("kSchemaDepthMax", kSchemaDepthMax));
    }
    const auto index = static_cast<NodeIndex>(nodes_.size());
    nodes_.emplace_back();
    by_path_[path] = index;
    ++depth_;
    absl::StatusOr<Node> node = Read(path, text);
    --depth_;
    if (!node.ok()) return node.status();
    nodes_[index] = *std::move(node);
    return index;
  }

  absl::StatusOr<Node> Read(const std::string& path, Text text) {
    Node node;
    const JsonKind kind = KindOf(text);
    if (kind == JsonKind::kTrue) return node;
    node.never = kind == JsonKind::kFalse;
    if (node.never) return node;
    if (kind != JsonKind::kObject)
      return Expected(path, "a schema (an object, true or false)", text);
    for (JsonWalk walk(text); walk.Next();) {
      const std::string key = walk.key();
      const std::string at = JoinPath(path, key);
      if (std::find(kNotChecked.begin(), kNotChecked.end(), key) != kNotChecked.end()) {
        return Mistake(at, "is not supported");
      }
      RETURN_IF_ERROR(ReadValueWord(key, at, walk.value(), node));
      RETURN_IF_ERROR(ReadArrayWord(key, at, walk.value(), node));
      RETURN_IF_ERROR(ReadObjectWord(key, at, walk.value(), node));
      RETURN_IF_ERROR(ReadLogicWord(key, at, walk.value(), node));
    }
    // Draft 4: `exclusiveMinimum: true` belongs to `minimum`.
    if (IsTrue(text, "exclusiveMinimum")) std::swap(node.above, node.minimum);
    if (IsTrue(text, "exclusiveMaximum")) std::swap(node.below, node.maximum);
    if (!node.prefix.empty() && node.items == kNoNode) node.items = node.additional_items;
    return node;
  }

  static bool IsTrue(Text object, Text key) {
    const auto value = FindMember(object, key);
    return value.has_value() && KindOf(*value) == JsonKind::kTrue;
  }

  absl::Status ReadValueWord(const std::string& key, const std::string& at, Text value,
                             Node& node) {
    if (key == "type") return ReadTypes(at, value, node);
    if (key == "const") {
      node.enumerates = true;
      node.values = {std::string(value)};
    } else if (key == "enum") {
      if (KindOf(value) != JsonKind::kArray) return Expected(at, "a list", value);
      node.enumerates = true;
      for (JsonWalk walk(value); walk.Next();) node.values.emplace_back(walk.value());
    } else if (key == "minimum") {
      return ReadNumber(at, value, node.minimum);
    } else if (key == "maximum") {
      return ReadNumber(at, value, node.maximum);
    } else if (key == "exclusiveMinimum") {
      return ReadBound(at, value, node.above);
    } else if (key == "exclusiveMaximum") {
      return ReadBound(at, value, node.below);
    } else if (key == "multipleOf") {
      RETURN_IF_ERROR(ReadNumber(at, value, node.multiple_of));
      if (*node.multiple_of <= 0) return Mistake(at, "a number above 0 expected");
    } else if (key == "pattern") {
      if (KindOf(value) != JsonKind::kString) return Expected(at, "a text", value);
      node.pattern_text = StringOf(value);
      ASSIGN_OR_RETURN(node.pattern, ReadPattern(at, node.pattern_text));
    } else if (key == "minLength" || key == "maxLength") {
      return ReadRange(key == "minLength", at, value, node.length);
    }
    return absl::OkStatus();
  }

  static absl::Status ReadTypes(const std::string& at, Text value, Node& node) {
    const auto add = [&](Text name) {
      for (const auto& [known, bit] : kTypes) {
        if (KindOf(name) != JsonKind::kString || StringOf(name) != known) continue;
        node.types |= bit;
        node.types_text.append(node.types_text.empty() ? "" : " or ").append(known);
        return true;
      }
      return false;
    };
    bool good = true;
    if (KindOf(value) == JsonKind::kArray) {
      for (JsonWalk walk(value); walk.Next();) good = add(walk.value()) && good;
    } else {
      good = add(value);
    }
    if (good && node.types != 0) return absl::OkStatus();
    return Mistake(at, "null, boolean, object, array, number, integer, string, or a list of them");
  }

  static absl::Status ReadNumber(const std::string& at, Text value, std::optional<double>& number) {
    if (KindOf(value) != JsonKind::kNumber) return Expected(at, "a number", value);
    number = DoubleOf(value);
    return absl::OkStatus();
  }

  static absl::Status ReadBound(const std::string& at, Text value, std::optional<double>& number) {
    const JsonKind kind = KindOf(value);
    if (kind == JsonKind::kTrue || kind == JsonKind::kFalse) return absl::OkStatus();
    return ReadNumber(at, value, number);
  }

  static absl::Status ReadRange(bool min, const std::string& at, Text value, Range& range) {
    const bool number = KindOf(value) == JsonKind::kNumber;
    const double count = number ? DoubleOf(value) : -1;
    if (count < 0 || count > 1e15 || std::floor(count) != count) {
      return Mistake(at, "a whole number from 0 on expected");
    }
    if (min) {
      range.min = static_cast<std::size_t>(count);
    } else {
      range.max = static_cast<std::size_t>(count);
    }
    return absl::OkStatus();
  }

  static absl::StatusOr<Pattern> ReadPattern(const std::string& at, const std::string& text) {
    re2::RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(kPatternMemory);
    auto pattern = std::make_shared<const re2::RE2>(text, options);
    if (pattern->ok()) return pattern;
    return Mistake(at, absl::StrCat("not a pattern that RE2 knows: ", pattern->error()));
  }

  absl::Status ReadArrayWord(const std::string& key, const std::string& at, Text value,
                             Node& node) {
    if (key == "prefixItems" || (key == "items" && KindOf(value) == JsonKind::kArray)) {
      return ReadList(at, value, node.prefix);
    }
    if (key == "items") return ReadSchema(at, value, node.items);
    if (key == "additionalItems") return ReadSchema(at, value, node.additional_items);
    if (key == "contains") return ReadSchema(at, value, node.contains);
    if (key == "uniqueItems") node.unique_items = KindOf(value) == JsonKind::kTrue;
    if (key == "minItems" || key == "maxItems") {
      return ReadRange(key == "minItems", at, value, node.item_count);
    }
    return absl::OkStatus();
  }

  absl::Status ReadObjectWord(const std::string& key, const std::string& at, Text value,
                              Node& node) {
    if (key == "properties") return ReadMap(at, value, node.properties);
    if (key == "additionalProperties") return ReadSchema(at, value, node.additional);
    if (key == "propertyNames") return ReadSchema(at, value, node.property_names);
    if (key == "minProperties" || key == "maxProperties") {
      return ReadRange(key == "minProperties", at, value, node.property_count);
    }
    if (key == "required") {
      // Draft 3 wrote a boolean here, beside the property.
      if (KindOf(value) == JsonKind::kArray) return ReadTexts(at, value, node.required);
      return Expected(at, "a list of names", value);
    }
    if (key == "patternProperties") return ReadPatterns(at, value, node);
    if (key == "dependentSchemas" || key == "dependentRequired" || key == "dependencies") {
      return ReadDependencies(at, value, node);
    }
    return absl::OkStatus();
  }

  absl::Status ReadPatterns(const std::string& at, Text value, Node& node) {
    if (KindOf(value) != JsonKind::kObject) return Expected(at, "an object", value);
    for (JsonWalk walk(value); walk.Next();) {
      const std::string path = JoinPath(at, walk.key());
      ASSIGN_OR_RETURN(Pattern pattern, ReadPattern(path, walk.key()));
      ASSIGN_OR_RETURN(const NodeIndex index, NodeAt(path, walk.value()));
      node.pattern_properties.emplace_back(std::move(pattern), index);
    }
    return absl::OkStatus();
  }

  absl::Status ReadDependencies(const std::string& at, Text value, Node& node) {
    if (KindOf(value) != JsonKind::kObject) return Expected(at, "an object", value);
    for (JsonWalk walk(value); walk.Next();) {
      const std::string path = JoinPath(at, walk.key());
      if (KindOf(walk.value()) == JsonKind::kArray) {
        RETURN_IF_ERROR(ReadTexts(path, walk.value(), node.needs[walk.key()]));
      } else {
        ASSIGN_OR_RETURN(node.also[walk.key()], NodeAt(path, walk.value()));
      }
    }
    return absl::OkStatus();
  }

  absl::Status ReadLogicWord(const std::string& key, const std::string& at, Text value,
                             Node& node) {
    if (key == "allOf") return ReadList(at, value, node.all_of);
    if (key == "anyOf") return ReadList(at, value, node.any_of);
    if (key == "oneOf") return ReadList(at, value, node.one_of);
    if (key == "not") return ReadSchema(at, value, node.not_one);
    if (key == "if") return ReadSchema(at, value, node.condition);
    if (key == "then") return ReadSchema(at, value, node.then);
    if (key == "else") return ReadSchema(at, value, node.otherwise);
    if (key != "$ref") return absl::OkStatus();
    if (KindOf(value) != JsonKind::kString) return Expected(at, "a text", value);
    const std::string reference = StringOf(value);
    ASSIGN_OR_RETURN(const NodeIndex index, Referred(at, reference));
    node.all_of.push_back(index);
    return absl::OkStatus();
  }

  // "#", or a JSON pointer behind it (RFC 6901).
  absl::StatusOr<NodeIndex> Referred(const std::string& at, const std::string& reference) {
    if (reference == "#") return NodeAt("", root_);
    if (reference.substr(0, 2) != "#/") {
      return Mistake(at, "only a place in the same document can be referred to: #/$defs/…");
    }
    Text text = root_;
    std::string path;
    for (std::size_t begin = 2; begin <= reference.size();) {
      const std::size_t end = std::min(reference.find('/', begin), reference.size());
      const std::string name = absl::StrReplaceAll(reference.substr(begin, end - begin),
                                                   {{"~1", "/"}, {"~0", "~"}, {"%25", "%"}});
      std::uint32_t number = 0;
      const bool element = KindOf(text) == JsonKind::kArray && absl::SimpleAtoi(name, &number);
      const auto next = element ? FindElement(text, number) : FindMember(text, name);
      if (!next.has_value()) {
        return Mistake(at, absl::StrCat("there is no ", reference.substr(0, kNameBytesMax)));
      }
      text = *next;
      path = element ? JoinPath(path, std::size_t{number}) : JoinPath(path, name);
      begin = end + 1;
    }
    return NodeAt(path, text);
  }

  absl::Status ReadSchema(const std::string& at, Text value, NodeIndex& index) {
    ASSIGN_OR_RETURN(index, NodeAt(at, value));
    return absl::OkStatus();
  }

  absl::Status ReadList(const std::string& at, Text value, std::vector<NodeIndex>& list) {
    if (KindOf(value) != JsonKind::kArray) return Expected(at, "a list of schemas", value);
    for (JsonWalk walk(value); walk.Next();) {
      ASSIGN_OR_RETURN(const NodeIndex index, NodeAt(JoinPath(at, list.size()), walk.value()));
      list.push_back(index);
    }
    return absl::OkStatus();
  }

  absl::Status ReadMap(const std::string& at, Text value,
                       std::map<std::string, NodeIndex, std::less<>>& map) {
    if (KindOf(value) != JsonKind::kObject) return Expected(at, "an object", value);
    for (JsonWalk walk(value); walk.Next();) {
      ASSIGN_OR_RETURN(map[walk.key()], NodeAt(JoinPath(at, walk.key()), walk.value()));
    }
    return absl::OkStatus();
  }

  static absl::Status ReadTexts(const std::string& at, Text value,
                                std::vector<std::string>& texts) {
    for (JsonWalk walk(value); walk.Next();) {
      if (KindOf(walk.value()) != JsonKind::kString) return Expected(at, "names", walk.value());
      texts.push_back(StringOf(walk.value()));
    }
    return absl::OkStatus();
  }

  const Text root_;
  std::vector<Node> nodes_;
  std::map<std::string, NodeIndex> by_path_;
  std::size_t depth_ = 0;
};

}  // namespace

absl::StatusOr<std::vector<Node>> CompileNodes(std::string_view schema) {
  return Compiler(schema).Run();
}

}  // namespace skald::core::schema
