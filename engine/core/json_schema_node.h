// The compiled form of a JsonSchema: a list of nodes that name one another by position. Internal to
// json_schema.cc and json_schema_compiler.cc.
//
// Immutable once compiled; thread-safe then.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "re2/re2.h"

namespace skald::core::schema {

using NodeIndex = std::uint32_t;
inline constexpr NodeIndex kNoNode = 0xFFFFFFFF;

enum TypeBit : std::uint8_t {
  kNullBit = 1,
  kBooleanBit = 2,
  kObjectBit = 4,
  kArrayBit = 8,
  kNumberBit = 16,
  kIntegerBit = 32,
  kStringBit = 64,
};

struct Range {
  std::size_t min = 0;
  std::optional<std::size_t> max;
};

using Pattern = std::shared_ptr<const re2::RE2>;  // shared: nodes are moved and copied

struct Node {
  bool never = false;      // the schema `false`
  std::uint8_t types = 0;  // of TypeBit; 0 = any
  std::string types_text;  // for messages
  bool enumerates = false;
  std::vector<std::string> values;  // enum, or const alone, as JSON
  std::optional<double> minimum, maximum, above, below, multiple_of;
  Range length;
  Pattern pattern;
  std::string pattern_text;

  std::vector<NodeIndex> prefix;         // prefixItems, or items as a list
  NodeIndex items = kNoNode;             // of those behind the prefix
  NodeIndex additional_items = kNoNode;  // the same, in the drafts where `items` is the prefix
  NodeIndex contains = kNoNode;
  Range item_count;
  bool unique_items = false;

  std::map<std::string, NodeIndex, std::less<>> properties;
  std::vector<std::pair<Pattern, NodeIndex>> pattern_properties;
  NodeIndex additional = kNoNode;
  NodeIndex property_names = kNoNode;
  std::vector<std::string> required;
  Range property_count;
  std::map<std::string, std::vector<std::string>> needs;  // dependentRequired
  std::map<std::string, NodeIndex> also;                  // dependentSchemas

  std::vector<NodeIndex> all_of, any_of, one_of;  // $ref is one of all_of
  NodeIndex not_one = kNoNode;
  NodeIndex condition = kNoNode, then = kNoNode, otherwise = kNoNode;
};

// The root is the first. INVALID_ARGUMENT: as JsonSchema::Compile.
absl::StatusOr<std::vector<Node>> CompileNodes(std::string_view schema);

}  // namespace skald::core::schema
