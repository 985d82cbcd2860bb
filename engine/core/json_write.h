// JSON writer: appends JSON to a string, nothing kept, nothing built.
//
// Pure, thread-safe. Never fails; bytes that are not UTF-8 become U+FFFD, so that what is written
// is always JSON.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace skald::core {

// The UTF-8 bytes of a code point. REQUIRES: a Unicode scalar value.
void AppendUtf8(std::string& out, std::uint32_t code);

// What stands between the quotes of a JSON string for this text.
void AppendEscaped(std::string& out, std::string_view text);

// With the quotes.
void AppendJsonString(std::string& out, std::string_view text);

void AppendJsonInteger(std::string& out, std::int64_t number);
void AppendJsonUnsigned(std::string& out, std::uint64_t number);

// `object` with the members of `defaults` added whose key it lacks or has as null (Conductor's
// "put if absent" of inputTemplate). Either may be empty, which counts as {}.
// REQUIRES: both have passed CheckJson and are objects, or empty.
std::string MergeDefaults(std::string_view object, std::string_view defaults);

// The members of `object`, replaced and followed by those of `over`. As above.
std::string OverlayMembers(std::string_view object, std::string_view over);

}  // namespace skald::core
