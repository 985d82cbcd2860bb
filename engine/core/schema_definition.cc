#include "engine/core/schema_definition.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/core/bound.h"
#include "engine/core/definition_fields.h"
#include "engine/core/json_check.h"
#include "engine/core/json_scan.h"
#include "engine/core/json_schema.h"
#include "engine/core/json_write.h"
#include "engine/core/limits.h"

namespace skald::core {
namespace {

// Where the steps of a definition stand, in itself and in its steps (conductor.md 1.2, 1.3).
constexpr std::array<std::string_view, 5> kStepLists = {"tasks", "forkTasks", "decisionCases",
                                                        "defaultCase", "loopOver"};

bool IsSchema(std::string_view key) { return key == "inputSchema" || key == "outputSchema"; }

bool HoldsSteps(std::string_view key) {
  return std::find(kStepLists.begin(), kStepLists.end(), key) != kStepLists.end();
}

// Copies a definition and looks for references on the way.
class Copier {
 public:
  explicit Copier(const SchemaLookup& lookup) : lookup_(lookup) {}

  // A workflow definition, a step or a task definition.
  void Definition(std::string_view object) {
    out_.push_back('{');
    for (JsonWalk walk(object); walk.Next();) {
      const std::string key = walk.key();
      if (out_.back() != '{') out_.push_back(',');
      out_.append("\"").append(walk.raw_key()).append("\":");
      if (IsSchema(key)) {
        Schema(walk.value());
      } else if (HoldsSteps(key)) {
        Steps(walk.value(), key == "decisionCases");
      } else if (key == "taskDefinition" && KindOf(walk.value()) == JsonKind::kObject) {
        Definition(walk.value());
      } else {
        out_.append(walk.value());
      }
    }
    out_.push_back('}');
  }

  std::string Take() { return std::move(out_); }

 private:
  // Steps, lists of them, or, with `cases`, lists of them by name.
  void Steps(std::string_view value, bool cases) {
    const JsonKind kind = KindOf(value);
    if (kind == JsonKind::kObject && !cases) return Definition(value);
    if (kind != JsonKind::kObject && kind != JsonKind::kArray) {
      out_.append(value);
      return;
    }
    out_.push_back(value.front());
    bool first = true;
    for (JsonWalk walk(value); walk.Next();) {
      if (!std::exchange(first, false)) out_.push_back(',');
      if (cases) out_.append("\"").append(walk.raw_key()).append("\":");
      Steps(walk.value(), false);
    }
    out_.push_back(value.front() == '{' ? '}' : ']');
  }

  void Schema(std::string_view value) {
    const std::optional<std::string> stored = StoredFor(value);
    if (!stored.has_value()) {
      out_.append(value);
      return;
    }
    std::string found = "{";
    for (const std::string_view key : {"type", "data"}) {
      const auto member = FindMember(TrimJson(*stored), key);
      if (!member.has_value()) continue;
      if (found.size() > 1) found.push_back(',');
      found.append("\"").append(key).append("\":").append(*member);
    }
    out_.append(OverlayMembers(value, found + "}"));
  }

  // nullopt for what is no reference, and where nothing is stored.
  std::optional<std::string> StoredFor(std::string_view value) const {
    if (KindOf(value) != JsonKind::kObject) return std::nullopt;
    const auto data = FindMember(value, "data");
    if (data.has_value() && KindOf(*data) != JsonKind::kNull) return std::nullopt;
    const std::string name = TextIn(value, "name");
    const auto version = FindMember(value, "version");
    const std::int64_t number = version.has_value() && KindOf(*version) != JsonKind::kNull
                                    ? IntegerOf(*version).value_or(0)
                                    : 1;
    if (name.empty() || number < 1 || number > std::numeric_limits<std::int32_t>::max()) {
      return std::nullopt;
    }
    return lookup_(name, static_cast<std::int32_t>(number));
  }

  const SchemaLookup& lookup_;
  std::string out_;
};

void ReadData(const Fields& fields, bool checked) {
  const auto data = fields.Object("data");
  if (!checked) {
    fields.Warn("type", "is kept, but nothing is checked by it: only JSON is");
  } else if (data.has_value()) {
    const auto schema = JsonSchema::Compile(*data);
    if (!schema.ok()) fields.Add("data", std::string(schema.status().message()));
  } else if (!fields.Has("data")) {
    fields.Add("data", "a schema of type JSON needs it: the JSON Schema");
  }
}

}  // namespace

Parsed<SchemaDefinition> ParseSchemaDefinition(std::string_view json) {
  MistakeList mistakes;
  SchemaDefinition schema;
  if (json.size() > kTaskDefinitionBytesMax) {
    mistakes.Add("", absl::StrCat(json.size(), " bytes; a schema has at most ",
                                  FixedBound("kTaskDefinitionBytesMax", kTaskDefinitionBytesMax)));
  } else if (const JsonFault fault = CheckJsonObject(json); !fault.ok()) {
    mistakes.Add("", DescribeFault(json, fault));
  } else {
    const std::string_view object = TrimJson(json);
    const Fields fields(object, "", mistakes);
    schema.source = Payload(std::string(object));
    schema.name = fields.Name("name");
    if (schema.name.empty()) fields.Add("name", "the schema's name is required");
    schema.version = static_cast<std::int32_t>(
        fields.IntegerIn("version", 1, std::numeric_limits<std::int32_t>::max()).value_or(1));
    ReadData(fields,
             fields.Choice("type", true, {{"JSON", true}, {"AVRO", false}, {"PROTOBUF", false}}));
  }
  Parsed<SchemaDefinition> parsed;
  parsed.mistakes = mistakes.mistakes();
  parsed.warnings = mistakes.warnings();
  if (mistakes.empty()) parsed.value = std::move(schema);
  return parsed;
}

std::string WithStoredSchemas(std::string_view definition, const SchemaLookup& lookup) {
  // Most definitions have none.
  const bool may_name_one = definition.find("putSchema") != std::string_view::npos;
  if (!may_name_one || !CheckJsonObject(definition).ok()) return std::string(definition);
  Copier copier(lookup);
  copier.Definition(TrimJson(definition));
  return copier.Take();
}

}  // namespace skald::core
