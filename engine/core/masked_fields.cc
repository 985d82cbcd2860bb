#include "engine/core/masked_fields.h"

#include <algorithm>
#include <utility>

#include "engine/core/json_scan.h"

namespace skald::core {
namespace {

constexpr std::string_view kMask = "\"***\"";

}  // namespace

MaskedFields::MaskedFields(std::vector<std::string> names) : names_(std::move(names)) {
  std::sort(names_.begin(), names_.end());
  names_.erase(std::unique(names_.begin(), names_.end()), names_.end());
}

bool MaskedFields::Has(std::string_view name) const {
  return std::binary_search(names_.begin(), names_.end(), name);
}

std::string MaskedFields::Mask(std::string_view json) const {
  const std::string_view value = TrimJson(json);
  if (names_.empty() || value.empty()) return std::string(json);
  std::string out;
  out.reserve(value.size());
  Append(out, value);
  return out;
}

Payload MaskedFields::Mask(const Payload& payload) const {
  if (names_.empty() || payload.empty()) return payload;
  return Payload(Mask(payload.text()));
}

// As deep as the value, which CheckJson has bounded.
void MaskedFields::Append(std::string& out, std::string_view value) const {
  const JsonKind kind = KindOf(value);
  if (kind != JsonKind::kObject && kind != JsonKind::kArray) {
    out.append(value);
    return;
  }
  const bool object = kind == JsonKind::kObject;
  out.push_back(value.front());
  bool first = true;
  for (JsonWalk walk(value); walk.Next();) {
    if (!std::exchange(first, false)) out.push_back(',');
    const bool masked = object && Has(walk.key());
    if (object) out.append("\"").append(walk.raw_key()).append("\":");
    if (masked) {
      out.append(kMask);
    } else {
      Append(out, walk.value());
    }
  }
  out.push_back(object ? '}' : ']');
}

}  // namespace skald::core
