#include "tests/corpus/json_text.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <regex>
#include <vector>

#include "fmt/format.h"

namespace skald::corpus {
namespace {

constexpr std::size_t kTextMax = 600;  // longer values are kept as digests
constexpr std::size_t kDigestDigits = 16;
constexpr std::int64_t kEpochMsMin = 1'500'000'000'000;  // 2017
constexpr std::int64_t kEpochMsMax = 2'500'000'000'000;  // 2049

// Characters beyond ASCII as \uXXXX, in UTF-16, as Python writes them.
void AppendEscaped(std::string& out, std::uint32_t code) {
  constexpr std::uint32_t kPlaneOne = 0x10000;
  if (code < kPlaneOne) {
    out += fmt::format("\\u{:04x}", code);
    return;
  }
  const std::uint32_t rest = code - kPlaneOne;
  out += fmt::format("\\u{:04x}\\u{:04x}", 0xd800 + (rest >> 10), 0xdc00 + (rest & 0x3ff));
}

// Decodes the character at `at` (valid UTF-8: the parser has checked it) and moves behind it.
std::uint32_t TakeCharacter(std::string_view text, std::size_t& at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(at);
  const int more = first < 0x80 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
  constexpr std::array<unsigned, 4> kMasks = {0x7f, 0x1f, 0x0f, 0x07};
  std::uint32_t code = first & kMasks[static_cast<std::size_t>(more)];
  ++at;
  for (int i = 0; i < more && at < text.size(); ++i, ++at) code = (code << 6) | (byte(at) & 0x3f);
  return code;
}

void AppendText(std::string& out, std::string_view text) {
  out.push_back('"');
  for (std::size_t at = 0; at < text.size();) {
    const std::uint32_t code = TakeCharacter(text, at);
    switch (code) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      case '\b':
        out += "\\b";
        break;
      case '\f':
        out += "\\f";
        break;
      default:
        if (code >= 0x20 && code < 0x7f) {
          out.push_back(static_cast<char>(code));
        } else {
          AppendEscaped(out, code);
        }
    }
  }
  out.push_back('"');
}

void AppendDouble(std::string& out, double number) {
  std::string text = fmt::format("{}", number);
  if (text.find_first_of(".en") == std::string::npos) text += ".0";
  out += text;
}

void Append(std::string& out, const boost::json::value& value);

void AppendObject(std::string& out, const boost::json::object& object) {
  std::vector<std::string_view> keys;
  for (const auto& member : object) keys.emplace_back(member.key().data(), member.key().size());
  std::ranges::sort(keys);
  out.push_back('{');
  for (const std::string_view key : keys) {
    if (out.back() != '{' || key != keys.front()) out += ", ";
    AppendText(out, key);
    out += ": ";
    Append(out, object.at({key.data(), key.size()}));
  }
  out.push_back('}');
}

void Append(std::string& out, const boost::json::value& value) {
  switch (value.kind()) {
    case boost::json::kind::null:
      out += "null";
      break;
    case boost::json::kind::bool_:
      out += value.get_bool() ? "true" : "false";
      break;
    case boost::json::kind::int64:
      out += std::to_string(value.get_int64());
      break;
    case boost::json::kind::uint64:
      out += std::to_string(value.get_uint64());
      break;
    case boost::json::kind::double_:
      AppendDouble(out, value.get_double());
      break;
    case boost::json::kind::string:
      AppendText(out, {value.get_string().data(), value.get_string().size()});
      break;
    case boost::json::kind::array: {
      out.push_back('[');
      bool first = true;
      for (const boost::json::value& element : value.get_array()) {
        if (!first) out += ", ";
        first = false;
        Append(out, element);
      }
      out.push_back(']');
      break;
    }
    case boost::json::kind::object:
      AppendObject(out, value.get_object());
      break;
  }
}

std::string DigestOf(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes = {};
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), bytes.data(), &size, EVP_sha1(), nullptr);
  std::string digits;
  for (std::size_t i = 0; i < kDigestDigits / 2; ++i) digits += fmt::format("{:02x}", bytes[i]);
  return "sha1:" + digits;
}

}  // namespace

std::string SortedText(const boost::json::value& value) {
  std::string text;
  Append(text, value);
  return text;
}

std::string WithoutChance(std::string_view text) {
  static const std::regex id(
      R"([0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}(\.[0-9]+)?)");
  static const std::regex time(R"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?)"
                               R"((Z|[+-][0-9]{2}:?[0-9]{2})?)");
  static const std::regex host(R"((127\.0\.0\.1|localhost):[0-9]+)");
  std::string result(text);
  if (result.find('-') != std::string::npos) {
    result = std::regex_replace(result, id, "<id>");
    result = std::regex_replace(result, time, "<time>");
  }
  if (result.find(':') != std::string::npos) result = std::regex_replace(result, host, "<host>");
  return result;
}

boost::json::value WithoutChance(const boost::json::value& value) {
  if (value.is_string()) {
    const boost::json::string& text = value.get_string();
    return boost::json::string(WithoutChance(std::string_view(text.data(), text.size())));
  }
  if (value.is_int64() && value.get_int64() >= kEpochMsMin && value.get_int64() <= kEpochMsMax) {
    return "<ts>";
  }
  if (value.is_array()) {
    boost::json::array result;
    for (const auto& element : value.get_array()) result.push_back(WithoutChance(element));
    return result;
  }
  if (value.is_object()) {
    boost::json::object result;
    for (const auto& member : value.get_object()) {
      result[member.key()] = WithoutChance(member.value());
    }
    return result;
  }
  return value;
}

boost::json::value Shortened(const boost::json::value& value) {
  const std::string text = SortedText(value);
  if (text.size() <= kTextMax) return value;
  return boost::json::string(DigestOf(text));
}

bool IsSame(const boost::json::value& left, const boost::json::value& right) {
  if (left.is_number() && right.is_number()) {
    return left.to_number<double>() == right.to_number<double>();
  }
  if (left.is_array() && right.is_array()) {
    return std::ranges::equal(left.get_array(), right.get_array(), IsSame);
  }
  if (left.is_object() && right.is_object()) {
    const boost::json::object& object = right.get_object();
    return left.get_object().size() == object.size() &&
           std::ranges::all_of(left.get_object(), [&](const auto& member) {
             const boost::json::value* other = object.if_contains(member.key());
             return other != nullptr && IsSame(member.value(), *other);
           });
  }
  return left == right;
}

std::string TextOf(const boost::json::object& object, std::string_view key) {
  const boost::json::value* value = object.if_contains({key.data(), key.size()});
  if (value == nullptr || !value->is_string()) return "";
  return {value->get_string().data(), value->get_string().size()};
}

}  // namespace skald::corpus
