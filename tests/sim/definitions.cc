#include "tests/sim/definitions.h"

#include <array>
#include <cstdio>
#include <cstdlib>
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

std::shared_ptr<const core::Definition> Make(std::int64_t id) {
  // Rules of well-formed sagas refuse some of what the author writes: it tries again.
  std::vector<core::Mistake> mistakes;
  for (std::uint64_t attempt = 0; attempt < 50; ++attempt) {
    Author author(static_cast<std::uint64_t>(id) * 1'000 + attempt, id);
    const std::string json = author.Write(absl::StrCat("d", id));
    core::Parsed<core::Definition> parsed = core::ParseDefinition(json, TaskJson, {});
    if (!parsed.ok()) {
      mistakes = parsed.mistakes;
      continue;
    }
    auto definition = std::make_shared<core::Definition>(*std::move(parsed.value));
    definition->id = id;
    return definition;
  }
  std::fprintf(stderr, "no definition %lld can be made: %s\n", static_cast<long long>(id),
               core::FormatMistakes(mistakes, 5).c_str());
  std::abort();
}

}  // namespace

std::shared_ptr<const core::Definition> DefinitionNumber(std::int64_t id) {
  static std::array<std::shared_ptr<const core::Definition>, kDefinitions + 1> made;
  if (made[id] == nullptr) made[id] = Make(id);
  return made[id];
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
