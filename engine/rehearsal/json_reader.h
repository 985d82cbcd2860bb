// JSON reader: takes the members of JSON objects apart by name, for files that people write. An
// unknown member is a mistake, so that a typing error does not pass for a default.
//
// Pure, thread-safe. REQUIRES: the text has passed CheckJson. Errors: INVALID_ARGUMENT,
// "mocks.charge[1].status: COMPLETED or … expected".
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "engine/codec/enum_names.h"
#include "engine/core/payload.h"
#include "engine/core/types.h"

namespace skald::rehearsal {

// A value and the place where it stands.
struct Place {
  std::string path;
  std::string_view json;
};
absl::Status Mistake(const Place& place, const std::string& expected);

using MemberReaders = std::map<std::string, std::function<absl::Status(const Place&)>, std::less<>>;
// Calls the reader of each member; those that are null count as absent.
absl::Status ReadObject(const Place& place, const MemberReaders& readers);
// Calls `read` for each member, whatever its name.
absl::Status ReadMap(const Place& place,
                     const std::function<absl::Status(const std::string& key, const Place&)>& read);
absl::Status ReadList(const Place& place, const std::function<absl::Status(const Place&)>& read);

absl::Status ReadText(const Place& place, std::string& value);
absl::Status ReadTexts(const Place& place, std::vector<std::string>& value);
absl::Status ReadFlag(const Place& place, bool& value);
// From `least` to `most`.
absl::Status ReadInteger(const Place& place, std::int64_t least, std::int64_t most,
                         std::int64_t& value);
// A text such as "250ms", "90s", "2h 30m", "1 day".
absl::Status ReadDuration(const Place& place, core::DurationUs& value);
absl::Status ReadObjectText(const Place& place, core::Payload& value);

// The name of an enum's value.
template <typename Enum>
absl::Status ReadName(const Place& place, Enum& value) {
  std::string text;
  if (absl::Status read = ReadText(place, text); !read.ok()) return read;
  const std::optional<Enum> found = codec::ValueOf<Enum>(text);
  if (found.has_value()) {
    value = *found;
    return absl::OkStatus();
  }
  std::string names;
  for (std::uint8_t number = 0;; ++number) {
    const std::string_view name = codec::TextOf(static_cast<Enum>(number));
    if (name.empty()) break;
    absl::StrAppend(&names, names.empty() ? "" : ", ", std::string(name));
  }
  return Mistake(place, absl::StrCat("one of ", names));
}

}  // namespace skald::rehearsal
