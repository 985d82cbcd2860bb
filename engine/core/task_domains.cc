#include "engine/core/task_domains.h"

#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "engine/core/bound.h"
#include "engine/core/construct.h"
#include "engine/core/json_scan.h"
#include "engine/core/json_write.h"
#include "engine/core/limits.h"

namespace skald::core {
namespace {

// nullopt when there is none, or it is no text.
std::optional<std::string> Named(const Payload& task_to_domain, std::string_view type) {
  const auto value = FindMember(task_to_domain.text(), type);
  if (!value.has_value() || KindOf(*value) != JsonKind::kString) return std::nullopt;
  return StringOf(*value);
}

}  // namespace

absl::Status CheckTaskToDomain(const Payload& task_to_domain) {
  if (task_to_domain.empty()) return absl::OkStatus();
  const std::string_view text = TrimJson(task_to_domain.text());
  if (KindOf(text) != JsonKind::kObject) {
    return absl::InvalidArgumentError("taskToDomain: an object of task types expected");
  }
  std::size_t count = 0;
  for (JsonWalk walk(text); walk.Next();) {
    const std::string path = absl::StrCat("taskToDomain.", walk.key());
    if (++count > kTaskDomainsMax) {
      return absl::InvalidArgumentError(absl::StrCat(
          "taskToDomain: more than ", FixedBound("kTaskDomainsMax", kTaskDomainsMax), " entries"));
    }
    if (KindOf(walk.value()) != JsonKind::kString) {
      return absl::InvalidArgumentError(absl::StrCat(path, ": a text expected"));
    }
    if (walk.key().size() > kNameBytesMax || StringOf(walk.value()).size() > kNameBytesMax) {
      return absl::InvalidArgumentError(absl::StrCat(
          path, ": longer than ", FixedBound("kNameBytesMax", kNameBytesMax), " bytes"));
    }
  }
  return absl::OkStatus();
}

Payload TaskToDomain(const std::map<std::string, std::string>& entries) {
  if (entries.empty()) return Payload();
  std::string object = "{";
  for (const auto& [type, domain] : entries) {
    if (object.size() > 1) object.push_back(',');
    AppendJsonString(object, type);
    object.push_back(':');
    AppendJsonString(object, domain);
  }
  return Payload(object + "}");
}

std::map<std::string, std::string> DomainEntries(const Payload& task_to_domain) {
  std::map<std::string, std::string> entries;
  if (task_to_domain.empty()) return entries;
  for (JsonWalk walk(TrimJson(task_to_domain.text())); walk.Next();) {
    if (KindOf(walk.value()) == JsonKind::kString) entries[walk.key()] = StringOf(walk.value());
  }
  return entries;
}

std::string DomainsOf(const Step& step, const State& state, const Task& task) {
  const std::string& own = DomainOf(step, task.operation);
  const Payload& given = state.start.task_to_domain;
  if (!own.empty() || given.empty()) return own;
  std::optional<std::string> found = Named(given, task.task_type);
  if (!found.has_value()) found = Named(given, kEveryTask);
  return found.value_or("");
}

std::vector<std::string> SplitDomains(std::string_view list) {
  std::vector<std::string> domains;
  while (true) {
    const std::size_t comma = list.find(',');
    std::string one(list.substr(0, comma));
    absl::StripAsciiWhitespace(&one);
    domains.push_back(one == kNoDomain ? "" : std::move(one));
    if (comma == std::string_view::npos) return domains;
    list.remove_prefix(comma + 1);
  }
}

}  // namespace skald::core
