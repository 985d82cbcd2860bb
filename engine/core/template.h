// Template: a JSON value with `${…}` expressions in its strings, compiled once and evaluated
// against a workflow's state (conductor.md 3.13).
//
// Immutable, thread-safe. What is missing is null, as on the reference. Whole values are spliced as
// text; a payload is scanned only where a path reads into it.
//
// A path is a JSONPath (json_path.h). `${a.${b}}`: the inner expression's text becomes part of the
// outer path, which is then parsed anew at each evaluation. `$${x}` is the text `${x}`; `${}` the
// empty text. In a longer string a value becomes text: strings as they are, maps and lists as JSON,
// what is missing as `null`. `${workflow.secrets.NAME}` stays what it is: see secrets.h.
//
//   auto compiled = Template::Compile(R"({"order": "${workflow.input.id}"})", "tasks[0]");
//   absl::StatusOr<std::string> json = compiled->TryEvaluate(scope);
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/core/json_path.h"
#include "engine/core/mistake.h"
#include "engine/core/scope.h"

namespace skald::core {

// A string that holds genuine references to secrets, and where it stands (secrets.h).
struct SecretPlace {
  // A member's name, or an element's position.
  struct Step {
    std::string name;
    std::optional<std::size_t> index;
  };
  // A text of the form `${workflow.secrets.…}` that the template puts into the string.
  struct Mark {
    std::string text;
    std::optional<JsonPath> path;  // of a genuine one; else it came from `$${…}`
  };
  std::vector<Step> place;
  bool whole = false;       // the string is one reference and nothing else
  std::vector<Mark> marks;  // in order
};

class Template {
 public:
  // One expression: where it stands below the template's root, and what it says.
  struct Use {
    std::string place;  // "a.b[0]"
    std::string text;   // "charge.output.id"
    std::vector<std::string>
        path;            // {"charge", "output", "id"}: its first names as far as they are
                         // known; empty when only the evaluation shows where it begins
    bool plain = true;   // `path` is all of it
    bool inner = false;  // it is part of another expression
  };

  // The empty object.
  Template();

  // `json`: any JSON value. Errors: INVALID_ARGUMENT with the path of the mistake below `where`.
  static absl::StatusOr<Template> Compile(std::string_view json, std::string_view where);
  // As above, every mistake at once; the result is usable only when none was added.
  static Template Compile(std::string_view json, std::string_view where, MistakeList& mistakes);

  // The value with all expressions replaced, as JSON text. Keys are not evaluated; results are not
  // evaluated again.
  // Errors: RESOURCE_EXHAUSTED, naming the expression and the limit (limits.h) that it passed.
  absl::StatusOr<std::string> TryEvaluate(const Scope& scope) const;

  // As TryEvaluate, but what passes a limit is null: for what has to go on, come what may.
  std::string Evaluate(const Scope& scope) const;

  // As Evaluate, but expressions whose first name is `root` stay as they are: the result is again
  // the source of a template, and evaluating that one replaces them and nothing else.
  std::string EvaluateExcept(std::string_view root, const Scope& scope) const;

  // The first path element of each expression, sorted, no duplicates: "workflow", "saga" or a
  // reference name.
  const std::vector<std::string>& roots() const;
  // Some expression may begin anywhere: `${${workflow.input.step}.output}`.
  bool reads_anything() const;

  // Every expression, in order; those inside of others too, and `$` paths of filters.
  const std::vector<Use>& uses() const;

  const std::vector<SecretPlace>& secrets() const;

  // The JSON that was compiled.
  std::string_view source() const;

  bool is_constant() const;

 private:
  struct Program;
  friend class ExpressionCompiler;
  friend class TemplateCompiler;
  friend class TemplateEvaluation;
  explicit Template(std::shared_ptr<const Program> program);
  std::shared_ptr<const Program> program_;  // shared: immutable, definitions are copied around
};

}  // namespace skald::core
