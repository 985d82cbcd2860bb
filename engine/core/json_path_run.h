// PathRun: one evaluation of a JSONPath over a document. Internal to json_path*.cc.
//
// Single-threaded; borrows the path, the scope and the work.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "engine/core/json_path_program.h"

namespace skald::core {

class PathRun {
 public:
  // `scope`: where `$` operands are found; null: nowhere.
  PathRun(const PathProgram& main, const Scope* scope, PathWork& work)
      : main_(main), scope_(scope), work_(work) {}

  // The value of `program` from its token `from` on. Nothing: a definite path that leads nowhere.
  std::optional<std::string_view> Find(const PathProgram& program, std::size_t from,
                                       std::string_view json);

  PathWork& work() { return work_; }
  // The value of a `$` operand; found once per evaluation.
  std::optional<std::string_view> AtRoot(const FilterOperand& operand);

 private:
  struct RootValue {
    bool known = false;
    std::optional<std::string_view> value;
  };

  const PathProgram& main_;
  const Scope* const scope_;
  PathWork& work_;
  std::vector<RootValue> at_root_;
};

// The document that the first names of the program lead to, and how many they are; 0 = there is
// none.
std::size_t FindStart(const PathProgram& program, const Scope& scope, PathWork& work,
                      std::string_view& json);

// Whether an element passes a filter (json_path_filter.cc).
bool Accepts(const FilterNode& filter, std::string_view item, PathRun& run);

// The result of a function; nothing where Jayway throws (json_path_function.cc).
std::optional<std::string_view> CallFunction(PathFunction function, std::string_view value,
                                             PathWork& work);

}  // namespace skald::core
