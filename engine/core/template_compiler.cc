#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/core/bound.h"
#include "engine/core/json_check.h"
#include "engine/core/json_scan.h"
#include "engine/core/json_write.h"
#include "engine/core/limits.h"
#include "engine/core/template_program.h"

namespace skald::core {
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
    Value(TrimJson(json));
    Flush();
    if (program_.uses.size() > kExpressionsMax) {
      mistakes_.Add(where_,
                    absl::StrCat("more than ", FixedBound("kExpressionsMax", kExpressionsMax),
                                 " expressions"));
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
    stretch_.append(text);
  }

  void Value(std::string_view value) {
    switch (KindOf(value)) {
      case JsonKind::kObject:
        return Object(value);
      case JsonKind::kArray:
        return Array(value);
      case JsonKind::kString:
        return String(value);
      default:
        Literal(value);
    }
  }

  void Object(std::string_view value) {
    Literal("{");
    bool first = true;
    const std::string outer = place_;
    steps_.emplace_back();
    for (JsonWalk walk(value); walk.Next(); first = false) {
      Literal(first ? "\"" : ",\"");
      Literal(walk.raw_key());
      Literal("\":");
      steps_.back().name = walk.key();
      place_ = JoinPath(outer, steps_.back().name);
      Value(walk.value());
    }
    steps_.pop_back();
    place_ = outer;
    Literal("}");
  }

  void Array(std::string_view value) {
    Literal("[");
    std::size_t index = 0;
    const std::string outer = place_;
    steps_.emplace_back();
    for (JsonWalk walk(value); walk.Next(); ++index) {
      if (index > 0) Literal(",");
      steps_.back().index = index;
      place_ = JoinPath(outer, index);
      Value(walk.value());
    }
    steps_.pop_back();
    place_ = outer;
    Literal("]");
  }

  void String(std::string_view value) {
    const bool may_hold_one =
        value.find('{') != std::string_view::npos || value.find("\\u") != std::string_view::npos;
    if (!may_hold_one) return Literal(value);
    const std::string text = StringOf(value);
    if (text.find("${") == std::string::npos) return Literal(value);
    marks_.clear();
    stretch_.clear();
    const bool whole = IsWhole(text);
    if (whole) {
      Expression(Program::PieceKind::kValue, std::string_view(text).substr(2, text.size() - 3));
    } else {
      Literal("\"");
      Mixed(text);
      Literal("\"");
    }
    EndStretch();
    const bool secret = std::any_of(marks_.begin(), marks_.end(),
                                    [](const auto& mark) { return mark.path.has_value(); });
    if (secret) program_.secrets.push_back({steps_, whole, std::move(marks_)});
  }

  // The string is one expression and nothing else (not the blank one, which is the empty text).
  static bool IsWhole(std::string_view text) {
    return text.substr(0, 2) == "${" && ExpressionEnd(text, 2) == text.size() - 1 &&
           !Trimmed(text.substr(2, text.size() - 3)).empty();
  }

  void Mixed(std::string_view text) {
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
      Expression(Program::PieceKind::kText, text.substr(dollar + 2, end - dollar - 2));
      at = end + 1;
    }
    Text(text.substr(at));
  }

  void Expression(Program::PieceKind kind, std::string_view inside) {
    inside = Trimmed(inside);
    if (inside.empty()) return;  // `${}`: the empty text
    if (inside == "$") {
      const bool whole = kind == Program::PieceKind::kValue;
      literal_.append(whole ? "\"$\"" : "$");
      guarded_.append(whole ? "\"${$}\"" : "${$}");
      stretch_.push_back('$');
      return;
    }
    const absl::StatusOr<std::size_t> added = ExpressionCompiler(program_, place_).Compile(inside);
    if (!added.ok()) {
      mistakes_.Add(Place(), absl::StrCat("expression ${", std::string(inside.substr(0, 80)),
                                          "}: ", added.status().message()));
      return;
    }
    Flush();
    program_.pieces.push_back({kind, "", "", *added});
    const Program::Expression& expression = program_.expressions[*added];
    if (!expression.secret) return EndStretch();
    Mark({absl::StrCat("${", std::string(inside), "}"), expression.path});
  }

  // ---- marks of secrets: what stands in a string where no value of an expression parts it ----

  void Mark(SecretPlace::Mark mark) {
    EndStretch();
    marks_.push_back(std::move(mark));
  }

  // What the template itself writes that looks like a reference to a secret is none.
  void EndStretch() {
    std::size_t at = stretch_.find(kSecretMark);
    for (; at != std::string::npos; at = stretch_.find(kSecretMark, at + 1)) {
      marks_.push_back({std::string(kSecretMark), std::nullopt});
    }
    stretch_.clear();
  }

  void Flush() {
    if (literal_.empty()) return;
    program_.pieces.push_back({Program::PieceKind::kLiteral, std::exchange(literal_, {}),
                               std::exchange(guarded_, {}), 0});
  }

  std::string Place() const {
    if (where_.empty() || place_.empty()) return where_ + place_;
    return place_.front() == '[' ? where_ + place_ : absl::StrCat(where_, ".", place_);
  }

  const std::string where_;
  MistakeList& mistakes_;
  Program program_;
  std::string literal_;
  std::string guarded_;  // the same, as the source of a template that evaluates to it
  std::string place_;    // where the walk is, below the root
  std::vector<SecretPlace::Step> steps_;  // the same
  std::vector<SecretPlace::Mark> marks_;  // of the string that is being read
  std::string stretch_;                   // its text since the last expression
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
