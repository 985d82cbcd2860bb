// JSON scanner: finds things in a JSON text without building anything. A value is a slice of the
// text, byte for byte as it was written.
//
// Pure, thread-safe. REQUIRES, everywhere: the text has passed CheckJson. Slices live as long as
// the text. Of members with the same key the last one counts, as in PostgreSQL and most readers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace skald::core {

enum class JsonKind : std::uint8_t { kNull, kFalse, kTrue, kNumber, kString, kArray, kObject };

// REQUIRES: `value` begins with the value (no space before it).
JsonKind KindOf(std::string_view value);

// "a string", "an object", … for messages.
std::string_view Describe(JsonKind kind);

// The text without white space around it.
std::string_view TrimJson(std::string_view text);

// Position behind the value that begins at `at` / the first position from `at` that is no space.
std::size_t SkipJsonValue(std::string_view text, std::size_t at);
std::size_t SkipJsonSpace(std::string_view text, std::size_t at);

// Walks the members of an object or the elements of an array, in order.
//
//   for (JsonWalk walk(value); walk.Next();) Use(walk.key(), walk.value());
class JsonWalk {
 public:
  // REQUIRES: `container` begins with '{' or '['.
  explicit JsonWalk(std::string_view container)
      : text_(container), object_(container.front() == '{') {}

  bool Next();
  // Of objects: the key as written, between its quotes, escapes and all.
  std::string_view raw_key() const { return key_; }
  std::string key() const;
  std::string_view value() const { return value_; }

 private:
  std::string_view text_;
  bool object_;
  std::size_t at_ = 1;
  std::string_view key_;
  std::string_view value_;
};

// The value of the member `key`; nullopt when `object` is no object (or empty) or has none.
std::optional<std::string_view> FindMember(std::string_view object, std::string_view key);

// The element at `index`, from 0, or from the end when negative; nullopt as above.
std::optional<std::string_view> FindElement(std::string_view array, std::int64_t index);

// The text of a string value. REQUIRES: KindOf(value) == kString.
std::string StringOf(std::string_view value);

// The text of a string value, of any other what is written: `5`, `true`, `{"a":1}`.
std::string TextForm(std::string_view value);

// TextForm of the member `key`; "" when there is none, or it is null.
std::string TextIn(std::string_view object, std::string_view key);

// Appends the text of what stands between a string's quotes.
void AppendUnescaped(std::string& out, std::string_view raw);

// The number as an integer, when it is one that fits ("1", "-3"; not "1.5" or "1e3").
std::optional<std::int64_t> IntegerOf(std::string_view value);

}  // namespace skald::core
