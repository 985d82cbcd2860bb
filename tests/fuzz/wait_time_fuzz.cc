// Fuzzer of wait times: any text is an error or a time within its bounds, which blanks around it
// and the case of its letters do not change; a moment is read again as it is written.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/strings/ascii.h"
#include "engine/base/check.h"
#include "engine/core/iso_time.h"
#include "engine/core/limits.h"
#include "engine/core/wait_time.h"

namespace skald {
namespace {

constexpr core::TimeUs kYear10000 = 253'402'300'800 * core::kSecondUs;
constexpr core::DurationUs kOffsetMax = 19 * 3'600 * core::kSecondUs;

void RunDuration(const std::string& text) {
  const auto duration = core::ParseWaitDuration(text);
  if (!duration.ok()) return;
  CHECK(*duration >= 0);
  CHECK(*duration <= core::kDurationSecondsMax * core::kSecondUs);
  CHECK(core::ParseWaitDuration(" " + absl::AsciiStrToUpper(text) + "\t").value() == *duration);
}

void RunUntil(const std::string& text) {
  const auto until = core::ParseWaitUntil(text);
  if (!until.ok()) return;
  CHECK(*until > -kOffsetMax);
  CHECK(*until < kYear10000 + kOffsetMax);
  CHECK(core::ParseWaitUntil("\n" + absl::AsciiStrToLower(text) + " ").value() == *until);
  if (*until < 0 || *until >= kYear10000) return;
  // "2026-11-21T05:20:00.000Z"
  std::string written = core::IsoTime(*until);
  CHECK(written.size() == 24);
  CHECK(written.substr(16) == ":00.000Z");
  std::replace(written.begin(), written.end(), 'T', ' ');
  CHECK(core::ParseWaitUntil(written.substr(0, 16)).value() == *until);
  CHECK(core::ParseWaitUntil(written.substr(0, 16) + " +00:00").value() == *until);
}

}  // namespace
}  // namespace skald

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  skald::RunDuration(text);
  skald::RunUntil(text);
  return 0;
}
