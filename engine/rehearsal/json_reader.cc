#include "engine/rehearsal/json_reader.h"

#include "engine/base/status.h"
#include "engine/core/json_scan.h"
#include "engine/core/wait_time.h"

namespace skald::rehearsal {
namespace {

constexpr std::size_t kShownMax = 60;  // characters of a wrong value

absl::Status Want(const Place& place, core::JsonKind kind, const std::string& expected) {
  return core::KindOf(place.json) == kind ? absl::OkStatus() : Mistake(place, expected);
}

std::string Below(const std::string& path, const std::string& key) {
  return path.empty() ? key : absl::StrCat(path, ".", key);
}

}  // namespace

absl::Status Mistake(const Place& place, const std::string& expected) {
  const std::string path = place.path.empty() ? "" : place.path + ": ";
  return absl::InvalidArgumentError(absl::StrCat(path, expected, " expected, not ",
                                                 std::string(place.json.substr(0, kShownMax)),
                                                 place.json.size() > kShownMax ? "…" : ""));
}

absl::Status ReadMap(
    const Place& place,
    const std::function<absl::Status(const std::string& key, const Place&)>& read) {
  RETURN_IF_ERROR(Want(place, core::JsonKind::kObject, "an object"));
  for (core::JsonWalk walk(place.json); walk.Next();) {
    const std::string key = walk.key();
    RETURN_IF_ERROR(read(key, {Below(place.path, key), core::TrimJson(walk.value())}));
  }
  return absl::OkStatus();
}

absl::Status ReadObject(const Place& place, const MemberReaders& readers) {
  return ReadMap(place, [&](const std::string& key, const Place& member) {
    const auto reader = readers.find(key);
    if (reader == readers.end()) {
      std::string known;
      for (const auto& [name, read] : readers) {
        absl::StrAppend(&known, known.empty() ? "" : ", ", name);
      }
      return absl::InvalidArgumentError(
          absl::StrCat(member.path, ": no such member; there are ", known));
    }
    if (core::KindOf(member.json) == core::JsonKind::kNull) return absl::OkStatus();
    return reader->second(member);
  });
}

absl::Status ReadList(const Place& place, const std::function<absl::Status(const Place&)>& read) {
  RETURN_IF_ERROR(Want(place, core::JsonKind::kArray, "a list"));
  std::size_t index = 0;
  for (core::JsonWalk walk(place.json); walk.Next(); ++index) {
    RETURN_IF_ERROR(
        read({absl::StrCat(place.path, "[", index, "]"), core::TrimJson(walk.value())}));
  }
  return absl::OkStatus();
}

absl::Status ReadText(const Place& place, std::string& value) {
  RETURN_IF_ERROR(Want(place, core::JsonKind::kString, "a text"));
  value = core::StringOf(place.json);
  return absl::OkStatus();
}

absl::Status ReadTexts(const Place& place, std::vector<std::string>& value) {
  return ReadList(place, [&](const Place& element) {
    value.emplace_back();
    return ReadText(element, value.back());
  });
}

absl::Status ReadFlag(const Place& place, bool& value) {
  value = core::KindOf(place.json) == core::JsonKind::kTrue;
  return value ? absl::OkStatus() : Want(place, core::JsonKind::kFalse, "true or false");
}

absl::Status ReadInteger(const Place& place, std::int64_t least, std::int64_t most,
                         std::int64_t& value) {
  const std::optional<std::int64_t> number = core::IntegerOf(place.json);
  if (!number.has_value() || *number < least || *number > most) {
    return Mistake(place, absl::StrCat("a whole number from ", least, " to ", most));
  }
  value = *number;
  return absl::OkStatus();
}

absl::Status ReadDuration(const Place& place, core::DurationUs& value) {
  constexpr std::string_view kMilliseconds = "ms";
  constexpr std::size_t kDigitsMax = 12;
  constexpr char kExpected[] = "a duration such as \"250ms\", \"90s\" or \"2h 30m\"";
  std::string text;
  if (!ReadText(place, text).ok()) return Mistake(place, kExpected);
  if (text.ends_with(kMilliseconds)) {
    const std::string digits = text.substr(0, text.size() - kMilliseconds.size());
    const bool whole = !digits.empty() && digits.size() <= kDigitsMax &&
                       digits.find_first_not_of("0123456789") == std::string::npos;
    if (!whole) return Mistake(place, kExpected);
    value = std::stoll(digits) * core::kMillisecondUs;
    return absl::OkStatus();
  }
  const absl::StatusOr<core::DurationUs> parsed = core::ParseWaitDuration(text);
  if (!parsed.ok()) return Mistake(place, kExpected);
  value = *parsed;
  return absl::OkStatus();
}

absl::Status ReadObjectText(const Place& place, core::Payload& value) {
  RETURN_IF_ERROR(Want(place, core::JsonKind::kObject, "an object"));
  value = core::Payload(std::string(place.json));
  return absl::OkStatus();
}

}  // namespace skald::rehearsal
