// What a text column can hold, and array literals for statements sent over libpqxx.
//
// Pure; thread-safe.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace skald::postgres {

// UTF-8 without a NUL.
bool IsStorableText(std::string_view text);

// `text` with U+FFFD in place of every byte that a text column refuses.
std::string StorableText(std::string_view text);

// {"a","b \"c\""}: the literal of an array of texts, numbers or ids.
std::string ArrayLiteral(std::span<const std::string> elements);

// A message of libpq or libpqxx without the line end that it comes with; nullptr gives "".
std::string Trimmed(const char* text);

}  // namespace skald::postgres
