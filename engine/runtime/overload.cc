#include "engine/runtime/overload.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>

#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "engine/core/bound.h"
#include "engine/runtime/engine.h"
#include "engine/runtime/limits.h"

namespace skald::runtime {
namespace {

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

// Those of EngineOptions; the others are constants.
constexpr std::array<std::string_view, 6> kSettings = {
    "inbox_max",        "uncommitted_bytes_max", "active_workflows_max",
    "queued_tasks_max", "sessions_max",          "watches_max"};

std::string WayBeyond(std::string_view limit) {
  if (std::find(kSettings.begin(), kSettings.end(), limit) == kSettings.end()) return "fixed";
  return "raised by " + core::OptionOf(limit);
}

}  // namespace

absl::Status WithRetryDelay(absl::Status status, core::DurationUs delay_us) {
  const std::string delay_ms = absl::StrCat(delay_us / core::kMillisecondUs);
  // Not from the string itself: clang and g++ mangle that constructor of the packaged Abseil
  // differently.
  status.SetPayload(kRetryDelayUrl, absl::Cord(absl::string_view(delay_ms)));
  return status;
}

absl::Status OverloadError(std::string_view limit_name, std::string_view what) {
  return WithRetryDelay(absl::ResourceExhaustedError(absl::StrCat(
                            View(what), ": the engine is at its limit ", View(limit_name), " (",
                            WayBeyond(limit_name), ", docs/limits.md)")),
                        kOverloadDelayUs);
}

absl::Status ComeBackLater(std::string_view why) {
  return WithRetryDelay(absl::UnavailableError(View(why)), kRecoveryDelayUs);
}

std::optional<core::DurationUs> RetryDelayUs(const absl::Status& status) {
  const absl::optional<absl::Cord> payload = status.GetPayload(kRetryDelayUrl);
  std::int64_t delay_ms = 0;
  if (!payload.has_value() || !absl::SimpleAtoi(std::string(*payload), &delay_ms)) return {};
  return delay_ms * core::kMillisecondUs;
}

}  // namespace skald::runtime
