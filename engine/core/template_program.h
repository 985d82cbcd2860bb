// The compiled form of a template: literal pieces of JSON text and expressions between them.
// Internal to template*.cc. Immutable once compiled.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/ascii.h"
#include "engine/core/template.h"

namespace skald::core {

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
    std::size_t expression = 0;  // position in `expressions`
  };
  // A stretch of the text of an expression that holds others.
  struct Part {
    std::string text;
    std::optional<std::size_t> expression;  // position in `expressions`; else the text
  };
  struct Expression {
    std::size_t use = 0;           // position in `uses`
    std::optional<JsonPath> path;  // absent: made of `parts` at each evaluation
    std::vector<Part> parts;
    bool secret = false;
  };

  std::string source;
  std::vector<Piece> pieces;
  std::vector<Expression> expressions;
  std::vector<Use> uses;
  std::vector<std::string> roots;
  std::vector<SecretPlace> secrets;
  bool reads_anything = false;
};

// Every reference to a secret begins so, in templates and in stored payloads.
inline constexpr std::string_view kSecretMark = "${workflow.secrets.";

// Appends text for the inside of a JSON string, such that a template with it evaluates to the text:
// every '$' as `${$}`.
void AppendGuardedText(std::string& out, std::string_view text);

// Position of the '}' that ends the expression whose text begins at `at`; npos = none. Texts in
// quotes inside brackets, and expressions inside, may hold braces.
std::size_t ExpressionEnd(std::string_view text, std::size_t at);

// Position of the next `${` from `at` on that `$` does not stand before; npos = none.
std::size_t FindExpression(std::string_view text, std::size_t at);

// Compiles the expressions of one template; the strings around them are the caller's.
// Single-threaded. Defined in template_expression.cc.
class ExpressionCompiler {
 public:
  using Program = Template::Program;

  ExpressionCompiler(Program& program, const std::string& place)
      : program_(program), place_(place) {}

  // Adds the expression and all that it holds; returns its position. Errors: INVALID_ARGUMENT.
  absl::StatusOr<std::size_t> Compile(std::string_view text);

 private:
  absl::StatusOr<std::size_t> Compile(std::string_view text, std::size_t depth);
  absl::StatusOr<std::size_t> Nested(std::string_view text, std::size_t depth);
  absl::Status AddPart(std::string_view text, std::size_t depth, Program::Expression& to);
  std::size_t Add(Program::Expression expression, Template::Use use);

  Program& program_;
  const std::string& place_;
};

// Without white space at its ends.
inline std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && absl::ascii_isspace(text.front())) text.remove_prefix(1);
  while (!text.empty() && absl::ascii_isspace(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace skald::core
