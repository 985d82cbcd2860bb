// Task domains: which workers may have a workflow's tasks (conductor.md 3.4).
//
// `taskToDomain` is an object from task types, or "*" for all others that workers carry out, to
// domains: one, or several joined by commas, of which the first with an active worker is meant,
// else the last; NO_DOMAIN: workers without one. Pure functions.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "engine/core/definition.h"
#include "engine/core/payload.h"
#include "engine/core/state.h"

namespace skald::core {

inline constexpr std::string_view kNoDomain = "NO_DOMAIN";
inline constexpr std::string_view kEveryTask = "*";

// INVALID_ARGUMENT unless it is absent or an object of texts within the bounds of limits.h.
absl::Status CheckTaskToDomain(const Payload& task_to_domain);

// The object of such entries, and its entries. Empty: no entries.
Payload TaskToDomain(const std::map<std::string, std::string>& entries);
std::map<std::string, std::string> DomainEntries(const Payload& task_to_domain);

// The domains that a worker's task of that step may go to, as written; "" = none is asked for. An
// undo or a probe may name its own.
std::string DomainsOf(const Step& step, const State& state, const Task& task);

// The domains of such a list, in order; "" for NO_DOMAIN. Never empty.
std::vector<std::string> SplitDomains(std::string_view list);

}  // namespace skald::core
