// Environment: the values of `${workflow.env.NAME}` and of `${NAME}` for the deployment's own
// names.
//
// Handed in from outside when a definition is compiled (ParseOptions) and never changed; the core
// reads no environment itself. What an expression gave is stored in the event, so replay asks for
// nothing here. Immutable, thread-safe.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace skald::core {

struct Environment {
  std::map<std::string, std::string, std::less<>> values;

  // Null when there is none.
  const std::string* Find(std::string_view name) const {
    const auto found = values.find(name);
    return found == values.end() ? nullptr : &found->second;
  }
};

}  // namespace skald::core
