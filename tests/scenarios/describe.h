// Describe: events, commands and states as the short lines that scenarios show. Pure.
#pragma once

#include <string>

#include "engine/core/decide.h"
#include "engine/core/definition.h"
#include "engine/core/state.h"

namespace skald::scenarios {

// Times are shown from here on: "at 13s".
inline constexpr core::TimeUs kStartUs = 1'800'000'000LL * core::kSecondUs;

std::string TimeText(core::TimeUs at);

// "charge#2", "undo reserve#1", "probe charge#1".
// "b__2": a run, with the iterations of the loops around it.
std::string RunText(const core::Definition& definition, const core::State& state,
                    core::RunNumber number);

std::string TaskText(const core::Definition& definition, const core::State& state,
                     core::TaskNumber task);

// `state`: after the event.
std::string Describe(const core::Definition& definition, const core::State& state,
                     const core::Event& event);
std::string Describe(const core::Definition& definition, const core::State& state,
                     const core::Command& command);
// Several lines: the workflow, then each run.
std::string Describe(const core::Definition& definition, const core::State& state);

}  // namespace skald::scenarios
