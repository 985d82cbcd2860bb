#include "engine/core/iso_time.h"

#include "absl/strings/str_cat.h"

namespace skald::core {

// Days to a date by Howard Hinnant's algorithm (civil_from_days), years counted from March.
std::string IsoTime(TimeUs at) {
  const std::int64_t milliseconds = at / kMillisecondUs;
  const std::int64_t seconds_of_day = milliseconds / 1'000 % 86'400;
  const std::int64_t days = milliseconds / 86'400'000 + 719'468;
  const std::int64_t era = days / 146'097;
  const std::int64_t day_of_era = days % 146'097;
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const std::int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t month_from_march = (5 * day_of_year + 2) / 153;
  const std::int64_t day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
  const std::int64_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
  const std::int64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
  const auto two = [](std::int64_t number) { return absl::Dec(number, absl::kZeroPad2); };
  return absl::StrCat(absl::Dec(year, absl::kZeroPad4), "-", two(month), "-", two(day), "T",
                      two(seconds_of_day / 3'600), ":", two(seconds_of_day / 60 % 60), ":",
                      two(seconds_of_day % 60), ".",
                      absl::Dec(milliseconds % 1'000, absl::kZeroPad3), "Z");
}

}  // namespace skald::core
