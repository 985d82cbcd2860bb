// What a gRPC status means for a task: its name, whether to try again, what was done.
//
// Pure, knows no gRPC: codes are the numbers of the protocol (0 OK to 16 UNAUTHENTICATED).
#pragma once

#include <map>
#include <optional>
#include <string_view>

#include "engine/core/types.h"

namespace skald::grpc_call {

using OutcomeMap = std::map<int, core::Effect>;

// "DEADLINE_EXCEEDED"; what is no code counts as UNKNOWN.
std::string_view CodeName(int code);
std::optional<int> CodeOf(std::string_view name);

// Terminal where the same request would be refused again.
core::TaskStatus StatusOf(int code);

// The effect of a call that was made and ended with `code` (saga.md 2.3). What was not made did
// nothing, whatever `mapped` says.
core::Effect EffectOf(int code, const OutcomeMap& mapped);

}  // namespace skald::grpc_call
