#include "engine/postgres/text.h"

#include <cstddef>
#include <cstdint>

namespace skald::postgres {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

// How many bytes the letter at `offset` has; 0 when there is none that is storable.
std::size_t LetterBytes(std::string_view text, std::size_t offset) {
  const auto byte = [&](std::size_t i) {
    return offset + i < text.size() ? static_cast<std::uint8_t>(text[offset + i]) : 0U;
  };
  const unsigned first = byte(0);
  if (first < 0x80) return first == 0 ? 0 : 1;
  const std::size_t size = first < 0xC2   ? 0
                           : first < 0xE0 ? 2
                           : first < 0xF0 ? 3
                           : first < 0xF5 ? 4
                                          : 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  // Overlong forms, surrogates, and what lies beyond U+10FFFF.
  if (first == 0xE0 && byte(1) < 0xA0) return 0;
  if (first == 0xED && byte(1) >= 0xA0) return 0;
  if (first == 0xF0 && byte(1) < 0x90) return 0;
  if (first == 0xF4 && byte(1) >= 0x90) return 0;
  return size;
}

}  // namespace

bool IsStorableText(std::string_view text) {
  for (std::size_t offset = 0; offset < text.size();) {
    const std::size_t size = LetterBytes(text, offset);
    if (size == 0) return false;
    offset += size;
  }
  return true;
}

std::string StorableText(std::string_view text) {
  std::string result;
  for (std::size_t offset = 0; offset < text.size();) {
    const std::size_t size = LetterBytes(text, offset);
    result += size == 0 ? kReplacement : text.substr(offset, size);
    offset += size == 0 ? 1 : size;
  }
  return result;
}

std::string ArrayLiteral(std::span<const std::string> elements) {
  std::string literal = "{";
  for (const std::string& element : elements) {
    literal += literal.size() == 1 ? "\"" : ",\"";
    for (const char letter : element) {
      if (letter == '"' || letter == '\\') literal += '\\';
      literal += letter;
    }
    literal += '"';
  }
  return literal + "}";
}

std::string Trimmed(const char* text) {
  std::string_view view(text == nullptr ? "" : text);
  while (!view.empty() && (view.back() == '\n' || view.back() == ' ')) view.remove_suffix(1);
  return std::string(view);
}

}  // namespace skald::postgres
