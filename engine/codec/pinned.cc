#include "engine/codec/pinned.h"

#include <map>
#include <optional>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "engine/core/bound.h"
#include "engine/core/json_check.h"
#include "engine/core/json_scan.h"
#include "engine/core/json_write.h"
#include "engine/core/limits.h"

namespace skald::codec {
namespace {

std::string Body(std::string_view name_space, std::string_view workflow,
                 const std::map<std::string, std::string>& tasks,
                 const std::map<std::string, core::ChildInfo>& children,
                 core::UnknownPolicy unknown_default) {
  std::string body = "{\"namespace\":";
  core::AppendJsonString(body, name_space);
  body.append(",\"workflow\":");
  body.append(workflow);
  body.append(",\"taskDefinitions\":{");
  bool first = true;
  for (const auto& [name, source] : tasks) {
    if (!std::exchange(first, false)) body.push_back(',');
    core::AppendJsonString(body, name);
    body.push_back(':');
    body.append(core::TrimJson(source));
  }
  body.push_back('}');
  if (unknown_default != core::UnknownPolicy::kByBarrier) {
    body.append(",\"unknownDefault\":");
    core::AppendJsonString(body, core::Name(unknown_default));
  }
  if (!children.empty()) {
    body.append(",\"subWorkflows\":{");
    for (const auto& [key, child] : children) {
      if (body.back() != '{') body.push_back(',');
      core::AppendJsonString(body, key);
      body.append(":{\"version\":");
      core::AppendJsonInteger(body, child.version);
      body.append(child.has_pivot ? ",\"pivot\":true}" : "}");
    }
    body.push_back('}');
  }
  body.push_back('}');
  return body;
}

// What a step says: the name, and the version if it has one.
std::string ChildKey(const std::string& name, std::int32_t version) {
  return version == 0 ? name : absl::StrCat(name, "/", version);
}

absl::Status DamagedPin(std::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("pinned definition: ", std::string(what)));
}

// Of the payload with the mistakes: a JSON array, path and message in turn.
constexpr char kMistakesUrl[] = "skald/definition-mistakes";

absl::Status Refused(const std::vector<core::Mistake>& mistakes) {
  std::string list = "[";
  for (const core::Mistake& mistake : mistakes) {
    if (list.size() > 1) list.push_back(',');
    core::AppendJsonString(list, mistake.path);
    list.push_back(',');
    core::AppendJsonString(list, mistake.message);
  }
  absl::Status status = core::InvalidDefinition(mistakes);
  list.push_back(']');
  status.SetPayload(kMistakesUrl, absl::Cord(absl::string_view(list)));
  return status;
}

}  // namespace

std::vector<core::Mistake> MistakesOf(const absl::Status& refused) {
  const absl::optional<absl::Cord> list = refused.GetPayload(kMistakesUrl);
  std::vector<core::Mistake> mistakes;
  if (!list.has_value()) return mistakes;
  const std::string text(*list);
  for (core::JsonWalk walk(text); walk.Next();) {
    std::string path = core::StringOf(walk.value());
    if (!walk.Next()) break;
    mistakes.push_back({std::move(path), core::StringOf(walk.value())});
  }
  return mistakes;
}

absl::StatusOr<Pinned> PinDefinition(std::string_view workflow_json,
                                     const core::TaskDefinitionLookup& lookup,
                                     const core::ParseOptions& options) {
  std::map<std::string, std::string> tasks;
  const auto recording = [&](const std::string& name) -> std::optional<std::string> {
    std::optional<std::string> source = lookup == nullptr ? std::nullopt : lookup(name);
    if (source.has_value()) tasks[name] = *source;
    return source;
  };
  std::map<std::string, core::ChildInfo> children;
  core::ParseOptions recorded = options;
  if (options.children != nullptr) {
    recorded.children = [&](const std::string& name, std::int32_t version) {
      const std::optional<core::ChildInfo> child = options.children(name, version);
      // Of one with a version of its own there is nothing else to remember.
      const bool told = child.has_value() && (version == 0 || child->has_pivot);
      if (told) children[ChildKey(name, version)] = *child;
      return child;
    };
  }
  core::Parsed<core::Definition> parsed = core::ParseDefinition(workflow_json, recording, recorded);
  if (!parsed.ok()) return Refused(parsed.mistakes);
  Pinned pinned{Body(options.name_space, core::TrimJson(workflow_json), tasks, children,
                     options.unknown_default),
                *std::move(parsed.value)};
  if (pinned.body.size() > core::kPinnedBytesMax) {
    return absl::ResourceExhaustedError(
        absl::StrCat("definition ", pinned.definition.name, " has ", pinned.body.size(),
                     " bytes with its task definitions; at most ",
                     core::FixedBound("kPinnedBytesMax", core::kPinnedBytesMax)));
  }
  return pinned;
}

absl::StatusOr<core::Definition> DecodePinned(
    std::string_view body, std::int64_t id, std::shared_ptr<const core::Environment> environment) {
  const core::JsonFault fault = core::CheckJsonObject(body, core::kJsonDepthCeiling);
  if (!fault.ok()) return DamagedPin(core::DescribeFault(body, fault));
  const std::string_view object = core::TrimJson(body);
  const auto name_space = core::FindMember(object, "namespace");
  const auto workflow = core::FindMember(object, "workflow");
  const auto tasks = core::FindMember(object, "taskDefinitions");
  if (!name_space.has_value() || core::KindOf(*name_space) != core::JsonKind::kString) {
    return DamagedPin("it has no namespace");
  }
  if (!workflow.has_value() || !tasks.has_value()) return DamagedPin("it lacks a part");
  const auto embedded = [&](const std::string& name) -> std::optional<std::string> {
    const auto source = core::FindMember(*tasks, name);
    return source.has_value() ? std::optional(std::string(*source)) : std::nullopt;
  };
  // Bodies of before there were sub-workflows have none.
  const auto children = core::FindMember(object, "subWorkflows");
  const auto child = [&](const std::string& name,
                         std::int32_t version) -> std::optional<core::ChildInfo> {
    if (!children.has_value()) return std::nullopt;
    const auto info = core::FindMember(*children, ChildKey(name, version));
    if (!info.has_value()) return std::nullopt;
    const auto number = core::FindMember(*info, "version");
    const std::int64_t pinned =
        number.has_value() ? core::IntegerOf(*number).value_or(version) : version;
    return core::ChildInfo{.version = static_cast<std::int32_t>(pinned),
                           .has_pivot = core::FindMember(*info, "pivot").has_value()};
  };
  core::ParseOptions options{.name_space = core::StringOf(*name_space),
                             .children = child,
                             .accepted_before = true,
                             .environment = std::move(environment)};
  if (const auto member = core::FindMember(object, "unknownDefault"); member.has_value()) {
    const bool text = core::KindOf(*member) == core::JsonKind::kString;
    const auto policy = core::ParseUnknownPolicy(text ? core::StringOf(*member) : "");
    if (!policy.has_value()) return DamagedPin("its unknownDefault is no policy");
    options.unknown_default = *policy;
  }
  core::Parsed<core::Definition> parsed = core::ParseDefinition(*workflow, embedded, options);
  if (!parsed.ok()) return DamagedPin(core::FormatMistakes(parsed.mistakes, 10));
  parsed.value->id = id;
  return *std::move(parsed.value);
}

}  // namespace skald::codec
