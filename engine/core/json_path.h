// JsonPath: a JSONPath, parsed once and evaluated as Jayway JsonPath 2.4 does (conductor.md 3.13).
//
//   a.b  a['b']  a["b"]  a['b','c']       names; several at the end give an object of those
//   a[0]  a[-1]  a[0,2]  a[1:3]  a[-2:]   elements, from 0, or from the end
//   a.*  a[*]  a..b  a..[*]               everything below; any depth
//   a[?(@.x > 3 && @.y in ['p','q'])]     filters, see json_path_program.h
//   a.length() size() min() max() avg() sum() stddev() keys()
//
// A definite path (names, single elements, functions) gives its value, or nothing; every other path
// gives the list of all that it finds. Where Jayway throws, the result is nothing, or the empty
// list. Beyond Jayway 2.4: keys(); `max` of negative numbers is right; numbers compare as 64-bit
// integers or doubles.
//
// Regular expressions are RE2's: linear time, so no back-references and no look-around, which the
// parser refuses by name.
//
// Immutable once parsed, thread-safe. Pure.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/core/path_work.h"
#include "engine/core/scope.h"

namespace skald::core {

struct PathProgram;  // json_path_program.h

class JsonPath {
 public:
  // An operand of a filter that begins at the root: `$.workflow.input.limit`.
  struct RootOperand {
    std::string text;
    std::vector<std::string> head;
  };

  // `text`: the path without `$.`, which may stand before it.
  // Errors: INVALID_ARGUMENT, saying what was found and what was expected.
  static absl::StatusOr<JsonPath> Parse(std::string_view text);

  // The names that it begins with, up to the first step that is no single name; at least one.
  const std::vector<std::string>& head() const;
  // The head is all of it.
  bool is_plain() const;
  bool is_definite() const;
  const std::vector<RootOperand>& root_operands() const;

  // The value in `scope`; nothing when it is missing, or when `work` is used up (say so with
  // work.exhausted()). The result stays valid as long as the scope and `work`.
  std::optional<std::string_view> Evaluate(const Scope& scope, PathWork& work) const;

  // The value of the path without its first `skip` names, in a document of its own; filters find
  // nothing at the root. REQUIRES: skip <= head().size(); `json` has passed CheckJson.
  std::optional<std::string_view> EvaluateIn(std::string_view json, std::size_t skip,
                                             PathWork& work) const;

 private:
  explicit JsonPath(std::shared_ptr<const PathProgram> program) : program_(std::move(program)) {}
  std::shared_ptr<const PathProgram> program_;  // shared: immutable, definitions are copied around
};

}  // namespace skald::core
