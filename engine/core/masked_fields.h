// MaskedFields: names of fields whose values nobody is shown (conductor.md 1.2, maskedFields).
//
// Whoever reads a workflow - its input, output, variables, tasks, events - sees "***" in place of
// the value of every member of such a name, at any depth. Workers, runners, expressions and
// schemas get the true values, and so does what is stored.
//
// Immutable, thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/core/payload.h"

namespace skald::core {

class MaskedFields {
 public:
  // None.
  MaskedFields() = default;
  // In any order; names are compared letter by letter.
  explicit MaskedFields(std::vector<std::string> names);

  bool empty() const { return names_.empty(); }
  const std::vector<std::string>& names() const { return names_; }  // sorted

  // What may be shown of the value. REQUIRES: `json` has passed CheckJson, or is empty.
  std::string Mask(std::string_view json) const;
  Payload Mask(const Payload& payload) const;

 private:
  bool Has(std::string_view name) const;
  void Append(std::string& out, std::string_view value) const;

  std::vector<std::string> names_;
};

}  // namespace skald::core
