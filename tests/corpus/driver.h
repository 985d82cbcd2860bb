// Driver: watches every workflow of one correlation id, completes what waits for a person or a
// signal, and tells which workflows have come as far as they were expected to.
//
//   Driver driver(api, "corpus", references_of_wait_and_human_steps);
//   RETURN_IF_ERROR(driver.AwaitWatching());
//   … start a workflow …
//   driver.Expect(id, {.ends = true});
//   while (const auto id = driver.TakeSettled()) …
//
// Expect and TakeSettled are for one thread; the stream and the signals have threads of their own.
#pragma once

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "engine/base/mutex.h"
#include "skald/v1/workflow.grpc.pb.h"
#include "tests/e2e/server.h"

namespace skald::corpus {

// How far a workflow is to come, and how long that may take.
struct Goal {
  // A workflow of the reference that had not ended: it is settled when all these steps have been
  // scheduled and it was left alone for kOpenObservation.
  bool ends = true;
  std::set<std::string> references;
};

class Driver {
 public:
  // The bound for each workflow, the same as on the reference.
  static constexpr std::chrono::seconds kWorkflowMax{20};
  static constexpr std::chrono::seconds kOpenObservation{3};

  Driver(const testing::Api& api, std::string correlation_id, std::set<std::string> waiting);
  ~Driver();
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  // Returns when nothing that happens from now on is missed.
  absl::Status AwaitWatching();

  void Expect(const std::string& workflow_id, Goal goal);

  // Waits for the next expected workflow to settle, or to pass its bound; nothing when all have.
  std::optional<std::string> TakeSettled();

  // An error that ended the watching; the results are then worth nothing.
  absl::Status status() const;

 private:
  using Clock = std::chrono::steady_clock;

  struct Progress {
    bool has_ended = false;
    std::set<std::string> scheduled;
  };
  struct Expected {
    Goal goal;
    Clock::time_point since;
  };
  struct SignalTask {
    std::string workflow_id;
    std::string reference;
    std::string payload;
  };

  void Read();
  void SendSignals();
  void Take(const v1::WatchResponse::Notice& notice) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void TakeScheduled(const std::string& workflow_id, const std::string& body)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // When it is to be taken at the latest; now or earlier: it is settled.
  Clock::time_point DueAt(const std::string& workflow_id, const Expected& expected)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const testing::Api& api_;
  const std::string correlation_id_;
  const std::set<std::string> waiting_;
  grpc::ClientContext context_;
  mutable base::Mutex mutex_;
  base::CondVar changed_;
  bool is_watching_ ABSL_GUARDED_BY(mutex_) = false;
  bool is_stopping_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, Progress> progress_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, Expected> expected_ ABSL_GUARDED_BY(mutex_);
  std::deque<SignalTask> signals_ ABSL_GUARDED_BY(mutex_);
  std::thread reader_;
  std::thread signaller_;
};

}  // namespace skald::corpus
