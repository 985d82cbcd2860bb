// What expressions may read of the process's environment: `${workflow.env.NAME}` from
// SKALD_ENV_NAME or CONDUCTOR_ENV_NAME, `${NETFLIX_ENV}` and `${NETFLIX_STACK}` from the variables
// of that name, and
// `${workflow.secrets.NAME}` from SKALD_SECRET_NAME or CONDUCTOR_SECRET_NAME. Where both stand,
// ours counts. Nothing else of the environment is shown: the reference shows all of it to every
// author.
//
// Read once, at the start of the process. Immutable, thread-safe.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/core/environment.h"
#include "engine/ports/secret_store.h"

namespace skald::app {

// `variables`: "NAME=value" texts and a null pointer behind the last, as `environ`.
std::shared_ptr<const core::Environment> ReadExpressionEnvironment(const char* const* variables);

// The same secrets in every namespace.
class EnvironmentSecrets final : public ports::SecretStore {
 public:
  explicit EnvironmentSecrets(const char* const* variables);
  std::optional<std::string> Find(std::string_view name_space,
                                  std::string_view name) const override;

 private:
  std::map<std::string, std::string, std::less<>> values_;
};

}  // namespace skald::app
