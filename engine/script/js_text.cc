#include "engine/script/js_text.h"

#include <cstdint>

#include "engine/core/json_write.h"

namespace skald::script {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

bool IsHigh(char16_t unit) { return unit >= 0xD800 && unit <= 0xDBFF; }
bool IsLow(char16_t unit) { return unit >= 0xDC00 && unit <= 0xDFFF; }

// "\ud800" to "\udfff" at `at`; JSON.stringify writes them for halves that stand alone only.
bool IsEscapedHalf(std::u16string_view text, std::size_t at) {
  if (text.size() - at < 6 || text[at + 1] != u'u') return false;
  if (text[at + 2] != u'd' && text[at + 2] != u'D') return false;
  constexpr std::u16string_view kSecondDigits = u"89abcdefABCDEF";
  return kSecondDigits.find(text[at + 3]) != std::u16string_view::npos;
}

}  // namespace

std::string JsonFromUtf16(std::u16string_view json) {
  std::string out;
  out.reserve(json.size());
  for (std::size_t at = 0; at < json.size(); ++at) {
    const char16_t unit = json[at];
    if (unit == u'\\' && IsEscapedHalf(json, at)) {
      core::AppendUtf8(out, kReplacement);
      at += 5;
    } else if (unit == u'\\' && at + 1 < json.size() && json[at + 1] < 0x80) {
      out.push_back('\\');
      out.push_back(static_cast<char>(json[++at]));
    } else if (unit < 0x80) {
      out.push_back(static_cast<char>(unit));
    } else if (IsHigh(unit) && at + 1 < json.size() && IsLow(json[at + 1])) {
      const std::uint32_t high = static_cast<std::uint32_t>(unit) - 0xD800;
      const std::uint32_t low = static_cast<std::uint32_t>(json[++at]) - 0xDC00;
      core::AppendUtf8(out, 0x10000 + (high << 10) + low);
    } else if (IsHigh(unit) || IsLow(unit)) {
      core::AppendUtf8(out, kReplacement);
    } else {
      core::AppendUtf8(out, unit);
    }
  }
  return out;
}

std::string_view CutText(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  std::size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

}  // namespace skald::script
