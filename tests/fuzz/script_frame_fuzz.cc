// What a script host may send: a stream of frames, cut anywhere. None of it may harm the engine,
// and what is accepted says the same when it is written again.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "engine/core/json_check.h"
#include "engine/script/frame.h"
#include "engine/script/task_plan.h"

namespace {

using skald::script::FrameDecoder;

void CheckReply(std::string_view body) {
  const auto reply = skald::script::DecodeReply(body);
  if (!reply.ok()) return;
  if (std::string_view(skald::script::EncodeReply(*reply)).substr(4) != body) std::abort();
  for (int kind = 0; kind <= static_cast<int>(skald::script::TaskKind::kDoWhile); ++kind) {
    const skald::script::TaskPlan plan = {.kind = static_cast<skald::script::TaskKind>(kind),
                                          .source = "$"};
    const auto result = skald::script::FinishTask(plan, reply->verdict, {.output_bytes = 1'000});
    if (!result.output.empty() && !skald::core::CheckJsonObject(result.output.text()).ok()) {
      std::abort();
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view stream(reinterpret_cast<const char*>(data + 1), size - 1);
  const std::size_t step = std::size_t{data[0]} + 1;
  FrameDecoder decoder;
  for (std::size_t at = 0; at < stream.size(); at += step) {
    decoder.Append(stream.substr(at, step));
    for (;;) {
      const auto body = decoder.Next();
      if (!body.ok()) return 0;
      if (!body->has_value()) break;
      CheckReply(**body);
      // Requests are read by hosts in the same way.
      if (const auto request = skald::script::DecodeRequest(**body); request.ok()) {
        if (std::string_view(skald::script::EncodeRequest(*request)).substr(4) != **body) {
          std::abort();
        }
      }
    }
  }
  return 0;
}
