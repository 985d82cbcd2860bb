#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/core/bound.h"
#include "engine/core/limits.h"
#include "engine/core/template_program.h"

namespace skald::core {
namespace {

absl::Status Fail(std::string message) { return absl::InvalidArgumentError(std::move(message)); }

bool IsSecret(const JsonPath& path) {
  return path.head().size() > 1 && path.head()[0] == "workflow" && path.head()[1] == "secrets";
}

// The marks in stored payloads are found by how they begin, so there is one way to write them.
absl::Status CheckSecret(std::string_view text, const JsonPath& path) {
  const std::string_view begin = kSecretMark.substr(2);
  const bool named = path.head().size() > 2 && text.substr(0, begin.size()) == begin;
  return named ? absl::OkStatus() : Fail("a secret is written workflow.secrets.NAME");
}

// The name that the text begins with, when something behind it shows that it is whole.
std::string_view WholeFirstName(std::string_view text) {
  const std::size_t end = text.find_first_of(".[");
  return end == std::string_view::npos ? std::string_view() : text.substr(0, end);
}

bool NamesSecrets(std::string_view text) {
  constexpr std::string_view kBegin = "workflow.secrets";
  return text.substr(0, kBegin.size()) == kBegin;
}

}  // namespace

std::size_t FindExpression(std::string_view text, std::size_t at) {
  while (true) {
    const std::size_t found = text.find("${", at);
    if (found == std::string_view::npos || found == 0 || text[found - 1] != '$') return found;
    at = found + 2;
  }
}

std::size_t ExpressionEnd(std::string_view text, std::size_t at) {
  struct Level {
    std::size_t braces = 0;
    std::size_t brackets = 0;
    char quote = '\0';
  };
  std::vector<Level> levels(1);
  for (; at < text.size(); ++at) {
    Level& level = levels.back();
    const char c = text[at];
    if (c == '$' && text.substr(at, 2) == "${" && text[at - 1] != '$') {
      levels.push_back({});
      ++at;
    } else if (level.quote != '\0') {
      if (c == '\\') ++at;
      if (c == level.quote) level.quote = '\0';
    } else if ((c == '\'' || c == '"') && level.brackets > 0) {
      level.quote = c;
    } else if (c == '[') {
      ++level.brackets;
    } else if (c == ']' && level.brackets > 0) {
      --level.brackets;
    } else if (c == '{') {
      ++level.braces;
    } else if (c == '}' && level.braces > 0) {
      --level.braces;
    } else if (c == '}') {
      levels.pop_back();
      if (levels.empty()) return at;
    }
  }
  return std::string_view::npos;
}

std::size_t ExpressionCompiler::Add(Program::Expression expression, Template::Use use) {
  expression.use = program_.uses.size();
  program_.uses.push_back(std::move(use));
  program_.expressions.push_back(std::move(expression));
  return program_.expressions.size() - 1;
}

absl::StatusOr<std::size_t> ExpressionCompiler::Compile(std::string_view text) {
  return Compile(text, 1);
}

absl::StatusOr<std::size_t> ExpressionCompiler::Compile(std::string_view text, std::size_t depth) {
  if (text.size() > kExpressionBytesMax) {
    return Fail("longer than " + FixedBound("kExpressionBytesMax", kExpressionBytesMax));
  }
  if (FindExpression(text, 0) != std::string_view::npos) return Nested(text, depth);
  ASSIGN_OR_RETURN(const JsonPath path, JsonPath::Parse(text));
  Program::Expression expression{.path = path};
  expression.secret = IsSecret(path);
  if (expression.secret) RETURN_IF_ERROR(CheckSecret(text, path));
  if (expression.secret && depth > 1) return Fail("a secret cannot be part of another expression");
  const std::size_t added = Add(
      std::move(expression), {place_, std::string(text), path.head(), path.is_plain(), depth > 1});
  for (const JsonPath::RootOperand& operand : path.root_operands()) {
    program_.uses.push_back({place_, operand.text, operand.head, false, true});
  }
  return added;
}

absl::StatusOr<std::size_t> ExpressionCompiler::Nested(std::string_view text, std::size_t depth) {
  if (depth >= kExpressionNestingMax) {
    return Fail("expressions inside expressions deeper than " +
                FixedBound("kExpressionNestingMax", kExpressionNestingMax));
  }
  if (NamesSecrets(text)) return Fail("the name of a secret is written out, not computed");
  Program::Expression expression;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t begin = FindExpression(text, at);
    const std::size_t end =
        begin == std::string_view::npos ? begin : ExpressionEnd(text, begin + 2);
    if (end == std::string_view::npos) break;
    if (begin > at) expression.parts.push_back({std::string(text.substr(at, begin - at)), {}});
    RETURN_IF_ERROR(AddPart(text.substr(begin + 2, end - begin - 2), depth + 1, expression));
    at = end + 1;
  }
  if (at < text.size()) expression.parts.push_back({std::string(text.substr(at)), {}});
  const std::size_t first = FindExpression(text, 0);
  const std::string_view root = WholeFirstName(text.substr(0, first));
  Template::Use use{place_, std::string(text), {}, false, depth > 1};
  if (!root.empty()) use.path.emplace_back(root);
  // A filter of it may read from the root, and only the evaluation shows where.
  const bool from_root =
      std::any_of(expression.parts.begin(), expression.parts.end(),
                  [](const auto& part) { return part.text.find('$') != std::string::npos; });
  if (root.empty() || from_root) program_.reads_anything = true;
  return Add(std::move(expression), std::move(use));
}

absl::Status ExpressionCompiler::AddPart(std::string_view text, std::size_t depth,
                                         Program::Expression& to) {
  text = Trimmed(text);
  if (text.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::size_t inner, Compile(text, depth));
  to.parts.push_back({"", inner});
  return absl::OkStatus();
}

}  // namespace skald::core
