// Fuzzer of the definition parser: any text gives mistakes or a definition, and an accepted one can
// be pinned, read back and pinned again to the same bytes.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/check.h"
#include "engine/codec/pinned.h"
#include "engine/core/definition_added.h"
#include "engine/core/definition_parser.h"
#include "engine/core/json_check.h"
#include "engine/core/json_scan.h"
#include "engine/core/limits.h"

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

// The same text as steps made at run time: mistakes, or a list that compiles again from its source.
void RunAdded(std::string_view text) {
  const core::JsonFault fault = core::CheckJson(text, core::kJsonDepthMax);
  if (!fault.ok() || core::KindOf(core::TrimJson(text)) != core::JsonKind::kArray) return;
  static const core::Definition definition = [] {
    const auto parsed = core::ParseDefinition(
        R"({"name":"w","tasks":[{"name":"f","taskReferenceName":"f","type":"FORK_JOIN_DYNAMIC",)"
        R"("dynamicForkJoinTasksParam":"p"},{"name":"j","taskReferenceName":"j","type":"JOIN"}]})",
        nullptr, {});
    CHECK(parsed.ok());
    return *parsed.value;
  }();
  const core::AddedSteps none;
  core::TaskDefinitionsWanted(definition, text, {});
  const core::Payload source = core::ComposeStepList(text, "{}", {});
  const auto list = core::CompileStepList(definition, none, 0, source, false);
  if (!list.ok()) return;
  core::StepsAdded event{.step = 0, .steps = source, .compiled = nullptr};
  CHECK(core::CompileSteps(definition, none, event).ok());
  CHECK(event.compiled->steps.size() == (*list.value)->steps.size());
  core::AddedSteps added;
  added.Append(event.compiled);
  for (const core::Step& step : event.compiled->steps) {
    CHECK(&core::StepOf(definition, added, step.index) == &step);
    CHECK(added.Find(step.reference) == step.index);
  }
}

}  // namespace
}  // namespace skald

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  skald::Run({reinterpret_cast<const char*>(data), size});
  skald::RunAdded({reinterpret_cast<const char*>(data), size});
  return 0;
}
