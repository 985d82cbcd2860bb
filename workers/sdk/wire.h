// Wire: this library's values ⇄ the messages of skald.v1. Pure functions, thread-safe.
#pragma once

#include "skald/v1/worker.pb.h"
#include "workers/sdk/result.h"
#include "workers/sdk/task.h"

namespace skald::sdk {

// Moves the texts out of `assignment`.
TaskData FromProto(v1::Assignment& assignment);

// Cuts the reason to its bound.
v1::TaskResult ToProto(const TaskData& task, Result result);

v1::Effect ToProto(Effect effect);

}  // namespace skald::sdk
