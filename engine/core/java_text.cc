#include "engine/core/java_text.h"

#include "engine/core/json_scan.h"

namespace skald::core {
namespace {

// Depth is bounded: what has passed CheckJson is nested kJsonDepthCeiling deep at most.
void Append(std::string_view json, std::string& out) {
  const std::string_view text = TrimJson(json);
  const JsonKind kind = KindOf(text);
  if (kind == JsonKind::kString) {
    out.append(StringOf(text));
    return;
  }
  if (kind != JsonKind::kObject && kind != JsonKind::kArray) {
    out.append(text);
    return;
  }
  const bool object = kind == JsonKind::kObject;
  out.push_back(object ? '{' : '[');
  bool first = true;
  for (JsonWalk walk(text); walk.Next(); first = false) {
    if (!first) out.append(", ");
    if (object) out.append(walk.key()).push_back('=');
    Append(walk.value(), out);
  }
  out.push_back(object ? '}' : ']');
}

}  // namespace

std::string JavaText(std::string_view json) {
  std::string out;
  Append(json, out);
  return out;
}

}  // namespace skald::core
