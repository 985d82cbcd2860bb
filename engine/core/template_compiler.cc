#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "engine/core/json_check.h"
#include "engine/core/json_scan.h"
#include "engine/core/json_write.h"
#include "engine/core/limits.h"
#include "engine/core/template_program.h"

namespace skald::core {
namespace {

// Position of the '}' that ends the expression whose text begins at `at`; npos = none. Quoted names
// in brackets may hold one.
std::size_t ExpressionEnd(std::string_view text, std::size_t at) {
  char quote = '\0';
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (quote != '\0') {
      if (c == quote) quote = '\0';
      continue;
    }
    if ((c == '\'' || c == '"') && text[at - 1] == '[') quote = c;
    if (c == '}') return at;
  }
  return std::string_view::npos;
}

}  // namespace

// Walks the JSON once and writes pieces. White space outside strings is dropped.
class TemplateCompiler {
 public:
  using Program = Template::Program;

  TemplateCompiler(std::string_view where, MistakeList& mistakes)
      : where_(where), mistakes_(mistakes) {}

  Template Run(std::string_view json) {
    program_.source = std::string(json);
    const JsonFault fault = CheckJson(json);
    if (!fault.ok()) {
      mistakes_.Add(where_, DescribeFault(json, fault));
      return Template();
    }
    Value(TrimJson(json), "");
    Flush();
    if (program_.uses.size() > kExpressionsMax) {
      mistakes_.Add(where_, absl::StrCat("more than ", kExpressionsMax, " expressions"));
    }
    for (const Template::Use& use : program_.uses) {
      if (!use.path.empty()) program_.roots.push_back(use.path.front());
    }
    std::sort(program_.roots.begin(), program_.roots.end());
    program_.roots.erase(std::unique(program_.roots.begin(), program_.roots.end()),
                         program_.roots.end());
    return Template(std::make_shared<const Program>(std::move(program_)));
  }

 private:
  // JSON text that reads the same in either form of the literal.
  void Literal(std::string_view json) {
    literal_.append(json);
    guarded_.append(json);
  }
  // Text inside a string.
  void Text(std::string_view text) {
    AppendEscaped(literal_, text);
    AppendGuardedText(guarded_, text);
  }

  void Value(std::string_view value, const std::string& place) {
    switch (KindOf(value)) {
      case JsonKind::kObject:
        return Object(value, place);
      case JsonKind::kArray:
        return Array(value, place);
      case JsonKind::kString:
        return String(value, place);
      default:
        Literal(value);
    }
  }

  void Object(std::string_view value, const std::string& place) {
    Literal("{");
    bool first = true;
    for (JsonWalk walk(value); walk.Next(); first = false) {
      Literal(first ? "\"" : ",\"");
      Literal(walk.raw_key());
      Literal("\":");
      Value(walk.value(), JoinPath(place, walk.key()));
    }
    Literal("}");
  }

  void Array(std::string_view value, const std::string& place) {
    Literal("[");
    std::size_t index = 0;
    for (JsonWalk walk(value); walk.Next(); ++index) {
      if (index > 0) Literal(",");
      Value(walk.value(), JoinPath(place, index));
    }
    Literal("]");
  }

  void String(std::string_view value, const std::string& place) {
    const bool may_hold_one =
        value.find('{') != std::string_view::npos || value.find("\\u") != std::string_view::npos;
    if (!may_hold_one) return Literal(value);
    const std::string text = StringOf(value);
    if (text.find("${") == std::string::npos) return Literal(value);
    if (IsWhole(text)) {
      Expression(Program::PieceKind::kValue, std::string_view(text).substr(2, text.size() - 3),
                 place);
      return;
    }
    Literal("\"");
    Mixed(text, place);
    Literal("\"");
  }

  // The string is one expression and nothing else (not the blank one, which is the empty text).
  static bool IsWhole(std::string_view text) {
    return text.substr(0, 2) == "${" && ExpressionEnd(text, 2) == text.size() - 1 &&
           !absl::StripAsciiWhitespace({text.data() + 2, text.size() - 3}).empty();
  }

  void Mixed(std::string_view text, const std::string& place) {
    std::size_t at = 0;
    while (at < text.size()) {
      const std::size_t dollar = text.find("${", at);
      if (dollar == std::string_view::npos) break;
      if (dollar > at && text[dollar - 1] == '$') {
        Text(text.substr(at, dollar - 1 - at));
        Text("${");
        at = dollar + 2;
        continue;
      }
      const std::size_t end = ExpressionEnd(text, dollar + 2);
      if (end == std::string_view::npos) break;  // not closed: plain text, as on the reference
      Text(text.substr(at, dollar - at));
      Expression(Program::PieceKind::kText, text.substr(dollar + 2, end - dollar - 2), place);
      at = end + 1;
    }
    Text(text.substr(at));
  }

  void Expression(Program::PieceKind kind, std::string_view inside, const std::string& place) {
    while (!inside.empty() && absl::ascii_isspace(inside.front())) inside.remove_prefix(1);
    while (!inside.empty() && absl::ascii_isspace(inside.back())) inside.remove_suffix(1);
    if (inside.empty()) return;  // `${}`: the empty text
    if (inside == "$") {
      const bool whole = kind == Program::PieceKind::kValue;
      literal_.append(whole ? "\"$\"" : "$");
      guarded_.append(whole ? "\"${$}\"" : "${$}");
      return;
    }
    std::string message;
    auto steps = ParsePath(inside, message);
    if (!steps.has_value()) {
      mistakes_.Add(Place(place), absl::StrCat("expression ${", std::string(inside.substr(0, 80)),
                                               "}: ", message));
      return;
    }
    Flush();
    Template::Use use{place, std::string(inside), {}};
    for (const PathStep& step : *steps) use.path.push_back(step.name);
    program_.pieces.push_back({kind, "", "", program_.uses.size()});
    program_.uses.push_back(std::move(use));
    program_.paths.push_back(*std::move(steps));
  }

  void Flush() {
    if (literal_.empty()) return;
    program_.pieces.push_back({Program::PieceKind::kLiteral, std::exchange(literal_, {}),
                               std::exchange(guarded_, {}), 0});
  }

  std::string Place(const std::string& place) const {
    if (where_.empty() || place.empty()) return where_ + place;
    return place.front() == '[' ? where_ + place : absl::StrCat(where_, ".", place);
  }

  const std::string where_;
  MistakeList& mistakes_;
  Program program_;
  std::string literal_;
  std::string guarded_;  // the same, as the source of a template that evaluates to it
};

Template Template::Compile(std::string_view json, std::string_view where, MistakeList& mistakes) {
  return TemplateCompiler(where, mistakes).Run(json);
}

absl::StatusOr<Template> Template::Compile(std::string_view json, std::string_view where) {
  MistakeList mistakes;
  Template compiled = Compile(json, where, mistakes);
  if (mistakes.empty()) return compiled;
  const Mistake& first = mistakes.mistakes().front();
  return absl::InvalidArgumentError(
      first.path.empty() ? first.message : absl::StrCat(first.path, ": ", first.message));
}

}  // namespace skald::core
