#include "engine/core/schema_rules.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/core/json_scan.h"
#include "engine/core/json_schema.h"
#include "engine/core/json_write.h"

namespace skald::core {
namespace {

std::shared_ptr<const JsonSchema> ReadSchema(const Fields& fields, std::string_view key,
                                             bool strict) {
  const auto object = fields.Find(key);
  if (!object.has_value()) return nullptr;
  if (KindOf(*object) != JsonKind::kObject) {
    fields.Warn(key, "is no schema definition: nothing is checked");
    return nullptr;
  }
  const std::string type = Fields(*object, fields.PathOf(key), fields.mistakes()).Text("type");
  const auto data = FindMember(*object, "data");
  if (!type.empty() && type != "JSON") {
    fields.Warn(key, absl::StrCat("type ", type, " is kept, but not checked"));
    return nullptr;
  }
  if (!data.has_value() || KindOf(*data) != JsonKind::kObject) {
    fields.Warn(key,
                "has no data, and no schema is stored under its name and version: nothing is "
                "checked");
    return nullptr;
  }
  auto schema = JsonSchema::Compile(*data);
  if (schema.ok()) return *std::move(schema);
  const std::string why = absl::StrCat("data: ", schema.status().message());
  if (strict) {
    fields.Add(key, why);
  } else {
    fields.Warn(key, why);
  }
  return nullptr;
}

std::string MistakeOf(const std::shared_ptr<const JsonSchema>& schema, const Payload& value,
                      std::string_view what) {
  if (schema == nullptr) return "";
  const std::string mistake =
      schema->FirstMistake(value.empty() ? std::string_view("{}") : value.text());
  return mistake.empty() ? "" : absl::StrCat(std::string(what), " ", mistake);
}

}  // namespace

Schemas ReadSchemas(const Fields& fields, bool enforced_otherwise, bool strict) {
  if (!fields.Boolean("enforceSchema", enforced_otherwise)) return {};
  return {.input = ReadSchema(fields, "inputSchema", strict),
          .output = ReadSchema(fields, "outputSchema", strict)};
}

Payload InputAtStart(const Definition& definition, const Payload& input) {
  if (definition.input_template.empty() && !input.empty()) return input;
  return Payload(MergeDefaults(input.text(), definition.input_template.text()));
}

absl::Status CheckStartInput(const Definition& definition, const Payload& input) {
  if (definition.schemas.input == nullptr) return absl::OkStatus();
  const std::string mistake = InputMistake(definition.schemas, InputAtStart(definition, input));
  if (mistake.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("start ", definition.name, ": ", mistake));
}

std::string InputMistake(const Schemas& schemas, const Payload& input) {
  return MistakeOf(schemas.input, input, "input");
}

std::string OutputMistake(const Schemas& schemas, const Payload& output) {
  return MistakeOf(schemas.output, output, "output");
}

}  // namespace skald::core
