// Text between JavaScript and the engine.
//
// Pure, thread-safe.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace skald::script {

// JSON as JavaScript writes it, in UTF-8. A half of a surrogate pair that stands alone, which
// JavaScript's strings may hold and JSON escapes as \udxxx, becomes U+FFFD.
std::string JsonFromUtf16(std::u16string_view json);

// The text, cut to `bytes_max` at the border of a character.
std::string_view CutText(std::string_view text, std::size_t bytes_max);

}  // namespace skald::script
