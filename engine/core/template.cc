#include "engine/core/template.h"

#include <utility>

#include "engine/core/json_scan.h"
#include "engine/core/json_write.h"
#include "engine/core/template_program.h"

namespace skald::core {
namespace {

// The value that the rest of a path leads to, from step `from` on.
std::optional<std::string_view> Descend(std::string_view value, const std::vector<PathStep>& path,
                                        std::size_t from) {
  for (std::size_t i = from; i < path.size(); ++i) {
    const bool element = path[i].index.has_value() && KindOf(value) == JsonKind::kArray;
    const auto inner =
        element ? FindElement(value, *path[i].index) : FindMember(value, path[i].name);
    if (!inner.has_value()) return std::nullopt;
    value = *inner;
  }
  return value;
}

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

std::string Template::Evaluate(const Scope& scope) const { return EvaluateExcept({}, scope); }

std::string Template::EvaluateExcept(std::string_view root, const Scope& scope) const {
  std::string out;
  std::string scratch;
  const bool guard = !root.empty();
  for (const Program::Piece& piece : program_->pieces) {
    if (piece.kind == Program::PieceKind::kLiteral) {
      out.append(guard ? piece.guarded : piece.literal);
      continue;
    }
    const Use& use = program_->uses[piece.expression];
    const bool whole = piece.kind == Program::PieceKind::kValue;
    if (guard && use.path.front() == root) {
      AppendKept(out, use.text, whole);
      continue;
    }
    scratch.clear();
    std::string_view json;
    const std::size_t used = scope.Resolve(use.path, scratch, json);
    const auto found =
        used == 0 ? std::nullopt : Descend(TrimJson(json), program_->paths[piece.expression], used);
    AppendValue(out, found.value_or("null"), whole, guard);
  }
  return out;
}

const std::vector<std::string>& Template::roots() const { return program_->roots; }
const std::vector<Template::Use>& Template::uses() const { return program_->uses; }
std::string_view Template::source() const { return program_->source; }
bool Template::is_constant() const { return program_->uses.empty(); }

}  // namespace skald::core
