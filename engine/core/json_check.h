// JSON check: is this text one JSON value (RFC 8259), valid UTF-8, not nested too deep?
//
// Pure, thread-safe. One pass, no allocation unless it fails. Whatever enters the engine from
// outside passes here once; the scanner (json_scan.h) relies on it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "engine/core/limits.h"

namespace skald::core {

struct JsonFault {
  const char* message = nullptr;  // what is wrong, a constant; nullptr = nothing
  std::size_t offset = 0;         // byte at which it was noticed, from 0
  bool ok() const { return message == nullptr; }
};

// REQUIRES: depth_max <= kJsonDepthCeiling. A scalar has depth 0, "[]" depth 1.
JsonFault CheckJson(std::string_view text, std::size_t depth_max = kJsonDepthMax);

// As CheckJson; also wants an object. Empty text is a fault.
JsonFault CheckJsonObject(std::string_view text, std::size_t depth_max = kJsonDepthMax);

// Line and column of a byte, both from 1; the column counts bytes.
struct TextPosition {
  std::size_t line = 1;
  std::size_t column = 1;
};
TextPosition PositionOf(std::string_view text, std::size_t offset);

// "malformed JSON at byte 17 (line 2, column 4): unexpected character".
std::string DescribeFault(std::string_view text, const JsonFault& fault);

// A payload from outside. Empty is fine (absent).
//   INVALID_ARGUMENT    not JSON, or nested too deep; names `what` and the byte offset
//   RESOURCE_EXHAUSTED  longer than `bytes_max`, the bound named `bound` in the header `file`
absl::Status CheckPayload(std::string_view what, std::string_view json, std::string_view bound,
                          std::size_t bytes_max, std::string_view file);

}  // namespace skald::core
