// TaskRunner: runs one task with its handler and turns whatever comes of it into a Result. The one
// place where exceptions of users' handlers end.
//
// What it reports (saga.md 2.3):
//   a plain handler threw          FAILED, effect UNKNOWN: nobody knows how far it came
//   a handler under the barrier threw, or its SQL failed       FAILED, effect NONE: rolled back
//   the database is away, a lock was not had in time           FAILED, effect NONE
//   the commit is in doubt         delivered again here up to `local_deliveries` times, which finds
//                                  out; then FAILED, effect UNKNOWN
//   the key was used with another payload                      TERMINAL, effect NONE
//   no handler for the type or operation                       TERMINAL, effect NONE
//
// Single-threaded: one per thread, each with a database connection of its own.
#pragma once

#include <memory>

#include "workers/sdk/barrier.h"
#include "workers/sdk/handler_set.h"
#include "workers/sdk/pg_session.h"
#include "workers/sdk/task.h"

namespace skald::sdk {

struct TaskRunnerOptions {
  PgSessionOptions database;
  // How often a task is tried here when the database was lost under it, with a growing pause of
  // kRedeliveryPauseMs in between.
  int local_deliveries = 3;
};

inline constexpr int kRedeliveryPauseMs = 50;

class TaskRunner {
 public:
  // REQUIRES: `handlers` outlives the runner.
  TaskRunner(const HandlerSet& handlers, TaskRunnerOptions options);

  Result Run(Task& task);

 private:
  Result RunUnderBarrier(Task& task, const Handlers& handlers);
  absl::StatusOr<Result> Deliver(Task& task, const Handlers& handlers);
  absl::StatusOr<Result> DeliverAction(Task& task, const TransactionHandler& handler);
  absl::StatusOr<Result> DeliverUndo(Task& task, const TransactionHandler& handler);

  const HandlerSet& handlers_;
  const int local_deliveries_;
  PgSession session_;
  Barrier barrier_;
};

}  // namespace skald::sdk
