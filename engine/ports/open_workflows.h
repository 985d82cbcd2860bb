// OpenWorkflows: how many workflows have not ended, as the journal counts them and metrics show
// them.
//
// A plain value.
#pragma once

#include <cstdint>

namespace skald::ports {

struct OpenWorkflows {
  std::int64_t running = 0;       // core::WorkflowStatus::kRunning
  std::int64_t paused = 0;        // kPaused: by a person, or with a parked saga
  std::int64_t sagas_parked = 0;  // core::SagaStatus::kParked: wait for a person

  OpenWorkflows& operator+=(const OpenWorkflows& other) {
    running += other.running;
    paused += other.paused;
    sagas_parked += other.sagas_parked;
    return *this;
  }
  OpenWorkflows& operator-=(const OpenWorkflows& other) {
    running -= other.running;
    paused -= other.paused;
    sagas_parked -= other.sagas_parked;
    return *this;
  }
  friend bool operator==(const OpenWorkflows&, const OpenWorkflows&) = default;
};

}  // namespace skald::ports
