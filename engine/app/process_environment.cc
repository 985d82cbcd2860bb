#include "engine/app/process_environment.h"

#include <initializer_list>

namespace skald::app {
namespace {

using Values = std::map<std::string, std::string, std::less<>>;

// Adds the variables whose names begin so, without that beginning, over those that are there.
void AddPrefixed(const char* const* variables, std::string_view prefix, Values& values) {
  for (; *variables != nullptr; ++variables) {
    const std::string_view variable = *variables;
    const std::size_t equals = variable.find('=');
    if (equals == std::string_view::npos || equals <= prefix.size()) continue;
    if (variable.substr(0, prefix.size()) != prefix) continue;
    const std::string_view name = variable.substr(prefix.size(), equals - prefix.size());
    values.insert_or_assign(std::string(name), std::string(variable.substr(equals + 1)));
  }
}

void AddNamed(const char* const* variables, std::string_view name, Values& values) {
  Values found;
  AddPrefixed(variables, "", found);
  const auto value = found.find(name);
  if (value != found.end()) values.insert_or_assign(std::string(name), value->second);
}

}  // namespace

std::shared_ptr<const core::Environment> ReadExpressionEnvironment(const char* const* variables) {
  auto environment = std::make_shared<core::Environment>();
  for (const std::string_view name : {"NETFLIX_ENV", "NETFLIX_STACK"}) {
    AddNamed(variables, name, environment->values);
  }
  for (const std::string_view prefix : {"CONDUCTOR_ENV_", "SKALD_ENV_"}) {
    AddPrefixed(variables, prefix, environment->values);
  }
  return environment;
}

EnvironmentSecrets::EnvironmentSecrets(const char* const* variables) {
  for (const std::string_view prefix : {"CONDUCTOR_SECRET_", "SKALD_SECRET_"}) {
    AddPrefixed(variables, prefix, values_);
  }
}

std::optional<std::string> EnvironmentSecrets::Find(std::string_view, std::string_view name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace skald::app
