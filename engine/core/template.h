// Template: a JSON value with `${…}` expressions in its strings, compiled once and evaluated
// against a workflow's state (conductor.md 3.13).
//
// Immutable, thread-safe. Evaluation never fails: what is missing is null, as on the reference.
// Whole values are spliced as text; a payload is scanned only where a path reads into it.
//
// A path is names joined by dots, with ["x"] or ['x'] for other names and [0] or [-1] for elements.
// `$${x}` is the text `${x}`; `${}` the empty text. In a longer string a value becomes text:
// strings as they are, maps and lists as JSON, what is missing as `null`.
//
//   auto compiled = Template::Compile(R"({"order": "${workflow.input.id}"})", "tasks[0]");
//   std::string json = compiled->Evaluate(scope);
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/core/mistake.h"

namespace skald::core {

// Where expressions find their values. Implemented over State by the core (state_scope.h).
class Scope {
 public:
  virtual ~Scope() = default;
  // Appends the JSON text of the document that the first names of a path lead to, and says how many
  // names were used: ("workflow","input") gives the workflow's input with 2 used, ("charge",
  // "output") a task's output. Returns 0 used when there is no such value.
  // The result stays valid until the scope changes; `scratch` may hold it.
  virtual std::size_t Resolve(const std::vector<std::string>& path, std::string& scratch,
                              std::string_view& json) const = 0;
};

class Template {
 public:
  // One expression: where it stands below the template's root, and what it says.
  struct Use {
    std::string place;              // "a.b[0]"
    std::string text;               // "charge.output.id"
    std::vector<std::string> path;  // {"charge", "output", "id"}
  };

  // The empty object.
  Template();

  // `json`: any JSON value. Errors: INVALID_ARGUMENT with the path of the mistake below `where`.
  static absl::StatusOr<Template> Compile(std::string_view json, std::string_view where);
  // As above, every mistake at once; the result is usable only when none was added.
  static Template Compile(std::string_view json, std::string_view where, MistakeList& mistakes);

  // The value with all expressions replaced, as JSON text. Keys are not evaluated; results are not
  // evaluated again.
  std::string Evaluate(const Scope& scope) const;

  // As Evaluate, but expressions whose first name is `root` stay as they are: the result is again
  // the source of a template, and evaluating that one replaces them and nothing else.
  std::string EvaluateExcept(std::string_view root, const Scope& scope) const;

  // The first path element of each expression, sorted, no duplicates: "workflow", "saga" or a
  // reference name.
  const std::vector<std::string>& roots() const;

  // Every expression, in order.
  const std::vector<Use>& uses() const;

  // The JSON that was compiled.
  std::string_view source() const;

  bool is_constant() const;

 private:
  struct Program;
  friend class TemplateCompiler;
  explicit Template(std::shared_ptr<const Program> program);
  std::shared_ptr<const Program> program_;  // shared: immutable, definitions are copied around
};

}  // namespace skald::core
