#include "engine/core/template.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/core/bound.h"
#include "engine/core/json_scan.h"
#include "engine/core/json_write.h"
#include "engine/core/limits.h"
#include "engine/core/template_program.h"

namespace skald::core {
namespace {

// Inside a string: strings lose their quotes, everything else is shown as its JSON.
void AppendAsText(std::string& out, std::string_view value) {
  switch (KindOf(value)) {
    case JsonKind::kString:
      out.append(value.substr(1, value.size() - 2));
      return;
    case JsonKind::kArray:
    case JsonKind::kObject:
      AppendEscaped(out, value);
      return;
    default:
      out.append(value);
  }
}

bool MayHoldDollar(std::string_view value) {
  return value.find('$') != std::string_view::npos || value.find("\\u") != std::string_view::npos;
}

// Appends the raw inside of a JSON string, guarded.
void AppendGuardedRaw(std::string& out, std::string_view raw) {
  std::string text;
  AppendUnescaped(text, raw);
  AppendGuardedText(out, text);
}

// A value, such that a template with this text evaluates to the value.
void AppendGuarded(std::string& out, std::string_view value) {
  if (!MayHoldDollar(value)) {
    out.append(value);
    return;
  }
  const JsonKind kind = KindOf(value);
  if (kind == JsonKind::kString) {
    out.push_back('"');
    AppendGuardedRaw(out, value.substr(1, value.size() - 2));
    out.push_back('"');
    return;
  }
  out.push_back(kind == JsonKind::kObject ? '{' : '[');
  bool first = true;
  for (JsonWalk walk(value); walk.Next(); first = false) {
    if (!first) out.push_back(',');
    if (kind == JsonKind::kObject) out.append("\"").append(walk.raw_key()).append("\":");
    AppendGuarded(out, walk.value());
  }
  out.push_back(kind == JsonKind::kObject ? '}' : ']');
}

void AppendValue(std::string& out, std::string_view value, bool whole, bool guard) {
  if (whole) {
    if (guard) return AppendGuarded(out, value);
    out.append(value);
    return;
  }
  if (!guard || !MayHoldDollar(value)) return AppendAsText(out, value);
  std::string text;
  AppendAsText(text, value);
  AppendGuardedRaw(out, text);
}

// An expression as it was written.
void AppendKept(std::string& out, std::string_view expression, bool whole) {
  out.append(whole ? "\"${" : "${");
  AppendEscaped(out, expression);
  out.append(whole ? "}\"" : "}");
}

}  // namespace

void AppendGuardedText(std::string& out, std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t dollar = text.find('$', at);
    if (dollar == std::string_view::npos) break;
    AppendEscaped(out, text.substr(at, dollar - at));
    out.append("${$}");
    at = dollar + 1;
  }
  AppendEscaped(out, text.substr(at));
}

Template::Template() {
  static const auto* const kEmpty = new std::shared_ptr<const Program>([] {
    auto program = std::make_shared<Program>();
    program->source = "{}";
    program->pieces.push_back({Program::PieceKind::kLiteral, "{}", "{}", 0});
    return program;
  }());
  program_ = *kEmpty;
}

Template::Template(std::shared_ptr<const Program> program) : program_(std::move(program)) {}

// One evaluation. After a limit is passed, every further value is null.
class TemplateEvaluation {
 public:
  using Program = Template::Program;

  // `except`: expressions that begin with this name are kept; empty: none.
  TemplateEvaluation(const Program& program, std::string_view except, const Scope& scope)
      : program_(program), except_(except), guard_(!except.empty()), scope_(scope) {}

  std::string Run() {
    for (const Program::Piece& piece : program_.pieces) {
      if (piece.kind == Program::PieceKind::kLiteral) {
        const std::string& literal = guard_ ? piece.guarded : piece.literal;
        // The kept expression would be the whole string, which is another thing than its text.
        if (out_.size() == lone_until_ && literal.starts_with('"')) out_.append("${}");
        out_.append(literal);
        continue;
      }
      Replace(piece);
    }
    return std::move(out_);
  }

  // OK while no limit was passed.
  const absl::Status& status() const { return status_; }

 private:
  void Replace(const Program::Piece& piece) {
    const Program::Expression& expression = program_.expressions[piece.expression];
    const Template::Use& use = program_.uses[expression.use];
    const bool whole = piece.kind == Program::PieceKind::kValue;
    const bool kept = guard_ && !use.path.empty() && use.path.front() == except_;
    if (expression.secret || kept) return Keep(use.text, whole);
    const auto value = Value(expression);
    if (work_.exhausted()) Refuse(use, FixedBound("kPathWorkMax", kPathWorkMax));
    if (value.has_value() && out_.size() + value->size() > kPayloadBytesCeiling) {
      Refuse(use, FixedBound("kPayloadBytesCeiling", kPayloadBytesCeiling));
    }
    AppendValue(out_, status_.ok() ? value.value_or("null") : "null", whole, guard_);
  }

  void Keep(std::string_view expression, bool whole) {
    const bool first = !out_.empty() && out_.back() == '"';
    AppendKept(out_, expression, whole);
    if (guard_ && !whole && first) lone_until_ = out_.size();
  }

  void Refuse(const Template::Use& use, std::string_view limit) {
    if (!status_.ok()) return;
    status_ = absl::ResourceExhaustedError(
        absl::StrCat("expression ${", use.text, "} passes ", std::string(limit)));
  }

  std::optional<std::string_view> Value(const Program::Expression& expression) {
    if (!status_.ok()) return std::nullopt;
    if (expression.path.has_value()) return expression.path->Evaluate(scope_, work_);
    std::string text;
    for (const Program::Part& part : expression.parts) {
      if (part.expression.has_value()) {
        text.append(InnerText(program_.expressions[*part.expression]));
      } else {
        text.append(part.text);
      }
      if (text.size() > kExpressionBytesMax) return std::nullopt;
    }
    // What the values made of it is no path: there is nothing there.
    const absl::StatusOr<JsonPath> path = JsonPath::Parse(text);
    return path.ok() ? path->Evaluate(scope_, work_) : std::nullopt;
  }

  std::string InnerText(const Program::Expression& expression) {
    const std::string_view value = Value(expression).value_or("null");
    if (value.size() > kExpressionBytesMax) return std::string(value);
    return TextForm(value);
  }

  const Program& program_;
  const std::string_view except_;
  const bool guard_;
  const Scope& scope_;
  PathWork work_;
  std::string out_;
  // So far a string holds nothing but a kept expression that is to be text: where that ends.
  std::size_t lone_until_ = std::string::npos;
  absl::Status status_;
};

absl::StatusOr<std::string> Template::TryEvaluate(const Scope& scope) const {
  TemplateEvaluation evaluation(*program_, {}, scope);
  std::string json = evaluation.Run();
  if (!evaluation.status().ok()) return evaluation.status();
  return json;
}

std::string Template::Evaluate(const Scope& scope) const {
  return TemplateEvaluation(*program_, {}, scope).Run();
}

std::string Template::EvaluateExcept(std::string_view root, const Scope& scope) const {
  return TemplateEvaluation(*program_, root, scope).Run();
}

const std::vector<std::string>& Template::roots() const { return program_->roots; }
bool Template::reads_anything() const { return program_->reads_anything; }
const std::vector<SecretPlace>& Template::secrets() const { return program_->secrets; }
const std::vector<Template::Use>& Template::uses() const { return program_->uses; }
std::string_view Template::source() const { return program_->source; }
bool Template::is_constant() const { return program_->uses.empty(); }

}  // namespace skald::core
