// Fuzzer of the definition parser: any text gives mistakes or a definition, and an accepted one can
// be pinned, read back and pinned again to the same bytes.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/check.h"
#include "engine/codec/pinned.h"
#include "engine/core/definition_parser.h"

namespace skald {
namespace {

void CheckLinks(const core::Definition& definition) {
  for (const core::Step& step : definition.steps) {
    CHECK(step.parent == core::kNoStep || step.parent < step.index);
    CHECK(definition.Find(step.reference) == step.index);
    for (const core::StepIndex read : step.reads) CHECK(read < definition.steps.size());
    for (const core::StepIndex joined : step.join_on) CHECK(joined < step.index);
    const bool forks = step.type == core::StepType::kForkJoin;
    if (forks) CHECK(definition.steps[step.next].type == core::StepType::kJoin);
  }
}

void Run(std::string_view text) {
  core::ParseTaskDefinition(text);
  const auto lookup = [](const std::string& name) -> std::optional<std::string> {
    if (name.size() % 2 == 0) return std::nullopt;
    return R"({"name":"t","retryCount":1,"compensateWith":"undo"})";
  };
  const auto pinned = codec::PinDefinition(text, lookup, {.name_space = "fuzz"});
  if (!pinned.ok()) return;
  CheckLinks(pinned->definition);
  const auto decoded = codec::DecodePinned(pinned->body, 1);
  CHECK(decoded.ok());
  CHECK(decoded->steps.size() == pinned->definition.steps.size());
  const auto again = codec::PinDefinition(decoded->source.text(), lookup, {.name_space = "fuzz"});
  CHECK(again.ok());
  CHECK(again->body == pinned->body);
}

}  // namespace
}  // namespace skald

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  skald::Run({reinterpret_cast<const char*>(data), size});
  return 0;
}
