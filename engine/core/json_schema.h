// JsonSchema: whether a JSON text is as a JSON Schema says (json-schema.org, drafts 4 to 2020-12).
//
// Checked are: type, enum, const, minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf,
// minLength, maxLength, pattern, items, prefixItems, additionalItems, minItems, maxItems,
// uniqueItems, contains, properties, patternProperties, additionalProperties, propertyNames,
// required, minProperties, maxProperties, dependentRequired, dependentSchemas, dependencies, allOf,
// anyOf, oneOf, not, if, then, else, and $ref into the same document. `format` and unknown words
// say nothing, as the drafts allow; a word that would say more than is checked is a mistake.
//
// Why not valijson: values come from strangers, and its std::regex recurses once per character, so
// that a long text ends the process. Here patterns are RE2's, linear in time and without recursion,
// and one check costs at most kSchemaWorkMax.
//
// Immutable, thread-safe, pure.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace skald::core {

class JsonSchema {
 public:
  // INVALID_ARGUMENT: "properties.price.minimum: a number expected".
  // REQUIRES: `schema` has passed CheckJson.
  static absl::StatusOr<std::shared_ptr<const JsonSchema>> Compile(std::string_view schema);
  virtual ~JsonSchema() = default;

  // The first mistake, "$.items[2].price: number expected, not a string"; "" when there is none. It
  // tells what the schema says and never a value: reasons and logs hold no payloads.
  // REQUIRES: `value` has passed CheckJson.
  virtual std::string FirstMistake(std::string_view value) const = 0;
};

}  // namespace skald::core
