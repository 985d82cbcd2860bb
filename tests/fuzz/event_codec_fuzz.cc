// Fuzzer of the stored forms: any text is an error or events (a state) that are written as they
// were read.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/check.h"
#include "engine/codec/events_json.h"
#include "engine/codec/state_json.h"

namespace skald {
namespace {

constexpr core::TimeUs kAt = 1'700'000'000'000'000;

void RunEvents(std::string_view text) {
  const auto events = codec::DecodeEvents(1, kAt, text);
  if (!events.ok()) return;
  const std::string written = codec::EncodeEvents(*events);
  const core::TimeUs row_at = events->empty() ? kAt : events->front().at;
  const auto again = codec::DecodeEvents(1, row_at, written);
  CHECK(again.ok());
  CHECK(codec::EncodeEvents(*again) == written);
}

void RunState(std::string_view text) {
  const auto state = codec::DecodeState(core::Definition(), text);
  if (!state.ok()) return;
  const std::string written = codec::EncodeState(*state);
  const auto again = codec::DecodeState(core::Definition(), written);
  CHECK(again.ok());
  CHECK(codec::EncodeState(*again) == written);
}

}  // namespace
}  // namespace skald

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  skald::RunEvents(text);
  skald::RunState(text);
  return 0;
}
