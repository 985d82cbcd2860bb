#include "engine/runtime/refusals.h"

#include "engine/base/log.h"
#include "engine/runtime/engine.h"
#include "engine/runtime/limits.h"

namespace skald::runtime {

void Refusals::Note(std::string_view limit, std::string_view what) {
  metrics_.Refused(limit);
  untold_.fetch_add(1, std::memory_order_relaxed);
  const core::TimeUs now = clock_.Now();
  core::TimeUs due_at = next_line_at_.load(std::memory_order_relaxed);
  // Of several threads that find it due, one writes the line.
  if (now < due_at || !next_line_at_.compare_exchange_strong(due_at, now + kRefusalLineUs)) return;
  base::LogWarn("request.refused", {{"limit", limit},
                                    {"what", what},
                                    {"refused", untold_.exchange(0, std::memory_order_relaxed)}});
}

absl::Status Refusals::Refuse(std::string_view limit, std::string_view what) {
  Note(limit, what);
  return OverloadError(limit, what);
}

}  // namespace skald::runtime
