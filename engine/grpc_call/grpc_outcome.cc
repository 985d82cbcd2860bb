#include "engine/grpc_call/grpc_outcome.h"

#include <array>
#include <cstddef>

namespace skald::grpc_call {
namespace {

using core::Effect;
using core::TaskStatus;

struct Code {
  std::string_view name;
  bool terminal;
  Effect effect;  // once it was sent
};

constexpr std::size_t kUnknownCode = 2;

constexpr std::array<Code, 17> kCodes = {{
    {"OK", false, Effect::kApplied},
    {"CANCELLED", false, Effect::kUnknown},
    {"UNKNOWN", false, Effect::kUnknown},
    {"INVALID_ARGUMENT", true, Effect::kNone},
    {"DEADLINE_EXCEEDED", false, Effect::kUnknown},
    {"NOT_FOUND", true, Effect::kNone},
    {"ALREADY_EXISTS", true, Effect::kNone},
    {"PERMISSION_DENIED", true, Effect::kNone},
    {"RESOURCE_EXHAUSTED", false, Effect::kNone},
    {"FAILED_PRECONDITION", true, Effect::kNone},
    {"ABORTED", false, Effect::kUnknown},
    {"OUT_OF_RANGE", true, Effect::kNone},
    {"UNIMPLEMENTED", true, Effect::kNone},
    {"INTERNAL", false, Effect::kUnknown},
    {"UNAVAILABLE", false, Effect::kUnknown},
    {"DATA_LOSS", false, Effect::kUnknown},
    {"UNAUTHENTICATED", true, Effect::kNone},
}};

const Code& Entry(int code) {
  const auto index = static_cast<std::size_t>(code);
  return code >= 0 && index < kCodes.size() ? kCodes[index] : kCodes[kUnknownCode];
}

}  // namespace

std::string_view CodeName(int code) { return Entry(code).name; }

std::optional<int> CodeOf(std::string_view name) {
  for (std::size_t i = 0; i < kCodes.size(); ++i) {
    if (kCodes[i].name == name) return static_cast<int>(i);
  }
  return std::nullopt;
}

TaskStatus StatusOf(int code) {
  if (code == 0) return TaskStatus::kCompleted;
  return Entry(code).terminal ? TaskStatus::kFailedWithTerminalError : TaskStatus::kFailed;
}

Effect EffectOf(int code, const OutcomeMap& mapped) {
  const auto found = mapped.find(code);
  return found == mapped.end() ? Entry(code).effect : found->second;
}

}  // namespace skald::grpc_call
