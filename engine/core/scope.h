// Scope: where the expressions of a template find their values.
//
// Implemented over State by the core (state_scope.h). A name that a scope does not know has no
// value, and the expression is null: so a field that the state cannot give yet (the parent of a
// sub-workflow) is added in the scope alone, and nothing here or in the evaluator changes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace skald::core {

class Scope {
 public:
  virtual ~Scope() = default;
  // Gives the JSON text of the document that the first names of a path lead to, and says how many
  // names were used: ("workflow","input") gives the workflow's input with 2 used, ("charge",
  // "output") a task's output. Returns 0 used when there is no such value. REQUIRES: `path` is not
  // empty. The result stays valid until the scope changes; `scratch` may hold it.
  virtual std::size_t Resolve(const std::vector<std::string>& path, std::string& scratch,
                              std::string_view& json) const = 0;
};

}  // namespace skald::core
