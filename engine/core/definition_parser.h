// Definition parser: Conductor's workflow and task definition JSON → Definition, TaskDefinition.
//
// Pure, thread-safe. Finds every mistake of a document at once, each with its path from the
// document's root: "tasks[2].inputParameters.x". Unknown fields are kept in `source` and ignored.
// Step types and saga features that this release does not carry out are mistakes, by name.
// Sources: conductor.md 1.2-1.6, 2.13; saga.md 2.1, 2.2, 2.11.
//
//   Parsed<Definition> parsed = ParseDefinition(json, lookup, {.name_space = "default"});
//   if (!parsed.ok()) return InvalidDefinition(parsed.mistakes);
//   Use(std::move(*parsed.value));
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "engine/core/definition.h"
#include "engine/core/mistake.h"

namespace skald::core {

template <typename T>
struct Parsed {
  std::optional<T> value;  // set when there is no mistake
  std::vector<Mistake>
      mistakes;  // at most kMistakesMax; in document order, rules between steps last
  std::vector<Mistake> warnings;  // accepted, but hardly meant (saga.md V10, V11)

  bool ok() const { return value.has_value(); }
};

// The JSON of the task definition of that name, or nullopt when none is registered: then the
// defaults of conductor.md 1.4 and 1.5 hold. The text has passed ParseTaskDefinition before.
using TaskDefinitionLookup = std::function<std::optional<std::string>(const std::string& name)>;

// What is known of the definition that a SUB_WORKFLOW step names.
struct ChildInfo {
  std::int32_t version = 0;
  bool has_pivot = false;
};
// `version` 0 = the newest; nullopt when there is none.
using ChildLookup =
    std::function<std::optional<ChildInfo>(const std::string& name, std::int32_t version)>;

struct ParseOptions {
  std::string name_space = "default";
  // Null: nothing is known of sub-workflows.
  ChildLookup children;
  // A workflow begins: sub-workflows that are named without a version have to exist (conductor.md
  // 1.5).
  bool begins = false;
  // The document was accepted before, maybe by an earlier release: rules that only guard against
  // what a person may write are not applied again, so that running workflows keep their definition.
  bool accepted_before = false;
  // The document stands in a SUB_WORKFLOW step or its input, where the reference looks at it less
  // closely: an expression may name a step that is not there, and is null.
  bool in_place = false;
  std::shared_ptr<const Environment> environment = nullptr;  // shared by all definitions
  // Where neither step nor workflow says what becomes of an unknown outcome (saga.md 1). It never
  // makes a definition wrong: a pivot is not compensated (V12), a step without a probe not probed.
  UnknownPolicy unknown_default = UnknownPolicy::kByBarrier;
};

// "BARRIER", "COMPENSATE", "PROBE", "PARK", and back.
std::string_view Name(UnknownPolicy policy);
std::optional<UnknownPolicy> ParseUnknownPolicy(std::string_view name);

Parsed<Definition> ParseDefinition(std::string_view json, const TaskDefinitionLookup& lookup,
                                   const ParseOptions& options);

Parsed<TaskDefinition> ParseTaskDefinition(std::string_view json);

// A step of it is a pivot, or a sub-workflow that is known to hold one (saga.md V2).
bool HasPivot(const Definition& definition);

// "path: message" per line, at most `count_max`, then how many more there are.
std::string FormatMistakes(const std::vector<Mistake>& mistakes, std::size_t count_max);

// INVALID_ARGUMENT with every mistake in its message.
absl::Status InvalidDefinition(const std::vector<Mistake>& mistakes);

}  // namespace skald::core
