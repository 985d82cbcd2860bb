// SecretStore: the values of `${workflow.secrets.NAME}`.
//
// Asked when a task is handed to a worker or runner; what it answers is sent and never stored or
// logged. Thread-safe; never blocks: it is called on the engine's loop.
// Errors: none; a name that it does not know is nothing.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace skald::ports {

class SecretStore {
 public:
  virtual ~SecretStore() = default;
  virtual std::optional<std::string> Find(std::string_view name_space,
                                          std::string_view name) const = 0;
};

}  // namespace skald::ports
