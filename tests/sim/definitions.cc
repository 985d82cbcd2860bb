#include "tests/sim/definitions.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/core/definition_parser.h"
#include "tests/sim/author.h"

namespace skald::sim {
namespace {

// Those whose results name nothing, and that take no 2, do not conform.
std::string SchemasOf(int type) {
  if (type == kOutputSchemaType) {
    return R"(,"enforceSchema":true,"outputSchema":{"name":"out","type":"JSON",)"
           R"("data":{"required":["v"]}})";
  }
  if (type == kInputSchemaType) {
    return R"(,"enforceSchema":true,"inputSchema":{"name":"in","type":"JSON",)"
           R"("data":{"properties":{"from":{"not":{"const":2}}}}})";
  }
  return "";
}

std::optional<std::string> TaskJson(const std::string& name) {
  static constexpr const char* kRetries[] = {
      R"("retryCount":0)", R"("retryCount":1,"retryDelaySeconds":1)",
      R"("retryCount":2,"retryDelaySeconds":1,"retryLogic":"EXPONENTIAL_BACKOFF")",
      R"("retryCount":3,"retryDelaySeconds":2,"retryLogic":"LINEAR_BACKOFF")",
      R"("retryCount":1,"retryDelaySeconds":0)"};
  // Types that are built in unless somebody defines them.
  if (name == "GRPC" || name == "UPDATE_TASK" || name == "GET_WORKFLOW") return std::nullopt;
  // Steps of other types than a worker's have names without a number.
  const bool numbered = name.back() >= '0' && name.back() <= '9';
  const int type = numbered ? name.back() - '0' : 0;
  const bool action = name[0] != 'u' && name[0] != 'p';
  // Only steps made at run time are of these types: their undo comes with the type.
  const std::string undo =
      numbered && name[0] == 's' ? absl::StrCat(R"(,"compensateWith":"u)", type, R"(")") : "";
  return absl::StrCat(R"({"name":")", name, R"(",)", kRetries[type % kTypes],
                      R"(,"responseTimeoutSeconds":)", 4 + type, R"(,"timeoutSeconds":)",
                      action && type == 3 ? 12 : 0, R"(,"timeoutPolicy":")",
                      type == 4 ? "RETRY" : "TIME_OUT_WF", R"(")", undo,
                      action && numbered ? SchemasOf(type) : "", "}");
}

using DefinitionPointer = std::shared_ptr<const core::Definition>;

constexpr std::uint64_t kAttempts = 50;
// Ids of definitions in place are above this one.
constexpr std::int64_t kInPlace = 1'000'000;

std::uint64_t SeedOf(std::int64_t number, std::uint64_t attempt) {
  return static_cast<std::uint64_t>(number) * 1'000 + attempt;
}

core::Parsed<core::Definition> Parse(const std::string& json) {
  return core::ParseDefinition(json, TaskJson, {});
}

DefinitionPointer Numbered(core::Definition definition, std::int64_t id) {
  auto numbered = std::make_shared<core::Definition>(std::move(definition));
  numbered->id = id;
  return numbered;
}

// Rules of well-formed sagas refuse some of what the author writes: it tries again.
std::uint64_t AcceptedAttempt(std::int64_t number) {
  std::vector<core::Mistake> mistakes;
  for (std::uint64_t attempt = 0; attempt < kAttempts; ++attempt) {
    Author author(SeedOf(number, attempt), number);
    const core::Parsed<core::Definition> parsed = Parse(author.Write(absl::StrCat("d", number)));
    if (parsed.ok()) return attempt;
    mistakes = parsed.mistakes;
  }
  std::fprintf(stderr, "no definition %lld can be made: %s\n", static_cast<long long>(number),
               core::FormatMistakes(mistakes, 5).c_str());
  std::abort();
}

DefinitionPointer Make(std::int64_t number, std::int32_t version, std::int64_t id) {
  const std::uint64_t attempt = AcceptedAttempt(number);
  const std::string name = absl::StrCat("d", number);
  for (std::uint64_t change = 0; version > 1 && change < kAttempts; ++change) {
    Author author(SeedOf(number, attempt), number);
    author.Write(name);
    const std::uint64_t seed = SeedOf(id, change);
    core::Parsed<core::Definition> parsed = Parse(author.WriteVersion(version, seed));
    if (parsed.ok()) return Numbered(*std::move(parsed.value), id);
  }
  Author author(SeedOf(number, attempt), number);
  core::Parsed<core::Definition> parsed = Parse(author.Write(name));
  parsed.value->version = version;  // no change of it is accepted
  return Numbered(*std::move(parsed.value), id);
}

std::map<std::int64_t, DefinitionPointer>& InPlace() {
  static std::map<std::int64_t, DefinitionPointer> made;
  return made;
}

// The same text has the same id in every process.
std::int64_t IdOf(const std::string& json) {
  std::uint64_t hash = 1'469'598'103'934'665'603ULL;
  for (const char c : json) hash = (hash ^ static_cast<unsigned char>(c)) * 1'099'511'628'211ULL;
  return kInPlace + static_cast<std::int64_t>(hash >> 16U);
}

}  // namespace

DefinitionPointer DefinitionNumber(std::int64_t id) {
  if (id > kInPlace) return InPlace().at(id);
  static std::array<DefinitionPointer, kDefinitions * kVersions + 1> made;
  const std::int64_t number = (id - 1) % kDefinitions + 1;
  const auto version = static_cast<std::int32_t>((id - 1) / kDefinitions + 1);
  if (made[id] == nullptr) made[id] = Make(number, version, id);
  return made[id];
}

DefinitionPointer DefinitionNamed(const std::string& name, std::int32_t version) {
  const std::int32_t wanted = version == 0 ? kVersions : version;
  return DefinitionNumber(std::stoll(name.substr(1)) + (wanted - 1) * kDefinitions);
}

DefinitionPointer VersionOf(const core::Definition& definition, std::int32_t version) {
  return definition.id > kInPlace ? nullptr : DefinitionNamed(definition.name, version);
}

absl::StatusOr<DefinitionPointer> DefinitionInPlace(const std::string& json) {
  const std::int64_t id = IdOf(json);
  const auto known = InPlace().find(id);
  if (known != InPlace().end()) return known->second;
  core::Parsed<core::Definition> parsed = Parse(json);
  if (!parsed.ok()) return core::InvalidDefinition(parsed.mistakes);
  return InPlace()[id] = Numbered(*std::move(parsed.value), id);
}

core::TaskDefinitions TaskDefinitionsNamed(const std::vector<std::string>& names) {
  core::TaskDefinitions definitions;
  for (const std::string& name : names) {
    definitions[name] = core::Payload(TaskJson(name).value_or(""));
  }
  return definitions;
}

runtime::TaskLimits TaskLimitsOfAll() {
  static const runtime::TaskLimits limits = [] {
    runtime::TaskLimitTable table;
    table["default"]["t1"] = {.places = 2};
    table["default"]["u1"] = {.places = 1};
    table["default"]["t2"] = {.starts = 3, .window_us = 2 * core::kSecondUs};
    table["default"]["s0"] = {.places = 3, .places_per_key = 1, .key = "x"};
    return std::make_shared<const runtime::TaskLimitTable>(std::move(table));
  }();
  return limits;
}

const std::vector<std::string>& AllTaskTypes() {
  static const std::vector<std::string> types = [] {
    std::vector<std::string> result;
    for (const char* kind : {"t", "s", "u", "p"}) {
      for (int type = 0; type < kTypes; ++type) result.push_back(absl::StrCat(kind, type));
    }
    return result;
  }();
  return types;
}

}  // namespace skald::sim
