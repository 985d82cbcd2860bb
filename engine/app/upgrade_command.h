// `skald workflow upgrade`: the call for one workflow, and how what came of one is told.
//
// Thread-safe.
#pragma once

#include <string>

#include "engine/app/action.h"

namespace skald::app {

// Asks it of the workflow arguments.id and says what came of it; the exit code.
int Upgrade(const Options& options, const Arguments& arguments);

// "went from version 1 to 2".
std::string UpgradeOutcome(const v1::UpgradeResponse& response, bool dry_run);

// "REFUSED  charge: removed: it has run".
std::string RefusalText(const v1::UpgradeResponse::Refusal& refusal);

}  // namespace skald::app
