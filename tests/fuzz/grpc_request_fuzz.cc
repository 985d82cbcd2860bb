// Fuzzer of GRPC steps: an input, a line feed, and what a server answers to reflection. Requests
// stay in their bounds; descriptors that are accepted take and give JSON.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/check.h"
#include "engine/core/json_check.h"
#include "engine/grpc_call/grpc_request.h"
#include "engine/grpc_call/message_types.h"
#include "engine/grpc_call/reflection.h"

namespace skald {
namespace {

void RunRequest(std::string_view input) {
  if (!core::CheckJsonObject(input).ok()) return;
  ports::RunnerTask task;
  task.step_key = "key";
  task.input = core::Payload(std::string(input));
  task.settings = task.input;
  const auto request = grpc_call::ParseRequest(task, {.default_ms = 10, .max_ms = 100});
  if (!request.ok()) return;
  CHECK(!request->targets.empty());
  CHECK(request->deadline_ms > 0);
  CHECK(request->deadline_ms <= 100);
  CHECK(core::CheckJsonObject(request->json).ok());
  for (const auto& target : request->targets) {
    const auto again = grpc_call::ParseTarget(target.ToString());
    CHECK(again.ok());
    CHECK(again->ToString() == target.ToString());
  }
}

void RunAnswer(std::string_view bytes) {
  auto files = grpc_call::ReadResponse(bytes);
  if (!files.ok()) return;
  const std::string first = files->front().message_type_size() > 0
                                ? files->front().message_type(0).name()
                                : std::string();
  const std::string package = files->front().package();
  const auto types = grpc_call::MessageTypes::FromFiles(*std::move(files));
  if (!types.ok()) return;
  const auto* type = (*types)->FindMessage(package.empty() ? first : package + "." + first);
  if (type == nullptr) return;
  const auto wire = (*types)->ToWire(type, "{}");
  if (wire.ok()) static_cast<void>((*types)->ToJson(type, *wire).ok());
}

}  // namespace
}  // namespace skald

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t split = text.find('\n');
  skald::RunRequest(text.substr(0, split));
  if (split != std::string_view::npos) skald::RunAnswer(text.substr(split + 1));
  return 0;
}
