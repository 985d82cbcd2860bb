// How the command line shows the test of a workflow.
//
// Pure; thread-safe.
#pragma once

#include <string>

#include "skald/v1/test.pb.h"

namespace skald::app {

// The timeline, one line per event, then the end and what differs from what was expected.
std::string TestText(const v1::TestWorkflowResponse& report);

// All of it as one JSON object on one line.
std::string TestJson(const v1::TestWorkflowResponse& report);

}  // namespace skald::app
