// The compiled form of a template: literal pieces of JSON text and expressions between them.
// Internal to template*.cc. Immutable once compiled.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/core/template.h"

namespace skald::core {

// One step of a path: a member's name, or an element's position in brackets.
struct PathStep {
  std::string name;
  std::optional<std::int64_t> index;
};

struct Template::Program {
  enum class PieceKind : std::uint8_t {
    kLiteral,  // JSON text, copied
    kValue,    // an expression that is the whole string: replaced by its value
    kText,     // an expression inside a string: replaced by its value's text
  };
  struct Piece {
    PieceKind kind = PieceKind::kLiteral;
    std::string literal;
    std::string guarded;         // the literal as the source of a template that evaluates to it
    std::size_t expression = 0;  // position in `uses` and `paths`
  };

  std::string source;
  std::vector<Piece> pieces;
  std::vector<Use> uses;
  std::vector<std::vector<PathStep>> paths;
  std::vector<std::string> roots;
};

// Appends text for the inside of a JSON string, such that a template with it evaluates to the text:
// every '$' as `${$}`.
void AppendGuardedText(std::string& out, std::string_view text);

// The steps of an expression's text. On a mistake: nullopt, and `message` says which.
std::optional<std::vector<PathStep>> ParsePath(std::string_view text, std::string& message);

}  // namespace skald::core
