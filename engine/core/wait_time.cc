#include "engine/core/wait_time.h"

#include <array>
#include <optional>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "engine/core/bound.h"
#include "engine/core/limits.h"

namespace skald::core {
namespace {

struct Unit {
  std::array<std::string_view, 5> names;
  std::int64_t seconds;
};
constexpr std::array<Unit, 4> kUnits = {{
    {{"d", "day", "days", "", ""}, 86'400},
    {{"h", "hr", "hrs", "hour", "hours"}, 3'600},
    {{"m", "min", "mins", "minute", "minutes"}, 60},
    {{"s", "sec", "secs", "second", "seconds"}, 1},
}};

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool AtEnd() const { return at_ >= text_.size(); }
  void SkipBlanks() {
    while (!AtEnd() && absl::ascii_isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
  }
  bool Take(char c) {
    if (AtEnd() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  // Between `low` and `high` digits.
  std::optional<std::int64_t> Digits(std::size_t low, std::size_t high) {
    std::int64_t number = 0;
    std::size_t count = 0;
    while (!AtEnd() && count < high &&
           absl::ascii_isdigit(static_cast<unsigned char>(text_[at_]))) {
      number = number * 10 + (text_[at_++] - '0');
      ++count;
    }
    return count < low ? std::nullopt : std::optional(number);
  }
  std::string LowerWord() {
    std::string word;
    while (!AtEnd() && absl::ascii_isalpha(static_cast<unsigned char>(text_[at_]))) {
      word.push_back(absl::ascii_tolower(static_cast<unsigned char>(text_[at_++])));
    }
    return word;
  }
  std::string_view Rest() const { return text_.substr(at_); }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

// Position of the unit in kUnits; nullopt = none.
std::optional<std::size_t> FindUnit(std::string_view word) {
  for (std::size_t i = 0; i < kUnits.size(); ++i) {
    for (const std::string_view name : kUnits[i].names) {
      if (!name.empty() && name == word) return i;
    }
  }
  return std::nullopt;
}

absl::Status BadDuration(std::string_view text) {
  return absl::InvalidArgumentError(
      absl::StrCat("Wait time specified is invalid.  The duration must be in the format like "
                   "'1 day 2 hours 30 minutes 5 seconds'; provided: '",
                   std::string(text.substr(0, kNameBytesMax)), "'"));
}

absl::Status BadDate(std::string_view text, std::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("Unable to parse date '",
                                                 std::string(text.substr(0, kNameBytesMax)),
                                                 "': ", std::string(why)));
}

constexpr std::string_view kDateFormats = "use yyyy-MM-dd, yyyy-MM-dd HH:mm or yyyy-MM-dd HH:mm z";

bool IsLeap(std::int64_t year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

std::int64_t DaysInMonth(std::int64_t year, std::int64_t month) {
  constexpr std::array<std::int64_t, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && IsLeap(year) ? 29 : kDays[static_cast<std::size_t>(month - 1)];
}

// Days from 1970-01-01 in the Gregorian calendar. REQUIRES: 1970 <= year <= 9999.
std::int64_t DaysSinceEpoch(std::int64_t year, std::int64_t month, std::int64_t day) {
  const std::int64_t past = year - 1;
  const std::int64_t leaps = past / 4 - past / 100 + past / 400 - 477;  // 477 up to 1969
  std::int64_t days = (year - 1970) * 365 + leaps;
  for (std::int64_t m = 1; m < month; ++m) days += DaysInMonth(year, m);
  return days + day - 1;
}

// Seconds east of UTC; nullopt when it is no zone we know.
std::optional<std::int64_t> ZoneOffset(std::string_view zone) {
  Reader reader(zone);
  const std::string name = reader.LowerWord();
  if (!name.empty() && name != "utc" && name != "gmt" && name != "z") return std::nullopt;
  if (reader.AtEnd()) return name.empty() ? std::nullopt : std::optional<std::int64_t>(0);
  const bool east = reader.Take('+');
  if (!east && !reader.Take('-')) return std::nullopt;
  const auto hours = reader.Digits(1, 2);
  reader.Take(':');
  const auto minutes = reader.AtEnd() ? std::optional<std::int64_t>(0) : reader.Digits(2, 2);
  if (!hours.has_value() || !minutes.has_value() || !reader.AtEnd()) return std::nullopt;
  if (*hours > 18 || *minutes > 59) return std::nullopt;
  const std::int64_t seconds = *hours * 3'600 + *minutes * 60;
  return east ? seconds : -seconds;
}

}  // namespace

absl::StatusOr<DurationUs> ParseWaitDuration(std::string_view text) {
  Reader reader(text);
  std::int64_t seconds = 0;
  std::size_t next_unit = 0;
  reader.SkipBlanks();
  if (reader.AtEnd()) return BadDuration(text);
  while (!reader.AtEnd()) {
    const auto number = reader.Digits(1, 9);
    if (!number.has_value()) return BadDuration(text);
    reader.SkipBlanks();
    const auto unit = FindUnit(reader.LowerWord());
    if (!unit.has_value() || *unit < next_unit) return BadDuration(text);
    next_unit = *unit + 1;
    seconds += *number * kUnits[*unit].seconds;
    reader.SkipBlanks();
  }
  if (seconds > kDurationSecondsMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("Wait time specified is invalid: longer than ",
                     FixedBound("kDurationSecondsMax", kDurationSecondsMax), " seconds"));
  }
  return seconds * kSecondUs;
}

absl::StatusOr<TimeUs> ParseWaitUntil(std::string_view text) {
  Reader reader(text);
  reader.SkipBlanks();
  const auto year = reader.Digits(4, 4);
  const bool first_dash = reader.Take('-');
  const auto month = reader.Digits(2, 2);
  const bool second_dash = reader.Take('-');
  const auto day = reader.Digits(2, 2);
  const bool date = year.has_value() && month.has_value() && day.has_value();
  if (!date || !first_dash || !second_dash) return BadDate(text, kDateFormats);
  if (*year < 1970 || *month < 1 || *month > 12 || *day < 1 || *day > DaysInMonth(*year, *month)) {
    return BadDate(text, "there is no such day from 1970 to 9999");
  }
  std::int64_t seconds = DaysSinceEpoch(*year, *month, *day) * 86'400;
  reader.SkipBlanks();
  if (reader.AtEnd()) return seconds * kSecondUs;
  const auto hour = reader.Digits(2, 2);
  const bool colon = reader.Take(':');
  const auto minute = reader.Digits(2, 2);
  if (!hour.has_value() || !minute.has_value() || !colon) return BadDate(text, kDateFormats);
  if (*hour > 23 || *minute > 59) return BadDate(text, "there is no such time of day");
  seconds += *hour * 3'600 + *minute * 60;
  reader.SkipBlanks();
  std::string_view zone = reader.Rest();
  while (!zone.empty() && absl::ascii_isspace(static_cast<unsigned char>(zone.back()))) {
    zone.remove_suffix(1);
  }
  if (zone.empty()) return seconds * kSecondUs;
  const auto offset = ZoneOffset(zone);
  if (!offset.has_value()) {
    return BadDate(text, absl::StrCat("time zone '", std::string(zone.substr(0, 64)),
                                      "' is not supported; use UTC or an offset like +02:00"));
  }
  return (seconds - *offset) * kSecondUs;
}

}  // namespace skald::core
