// SessionPool: a few sessions for calls that block, made when needed, at most kSessionsMax.
//
// Thread-safe. A caller waits at most kSessionWaitMs for a session; then UNAVAILABLE.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "engine/base/mutex.h"
#include "engine/postgres/session.h"

namespace skald::postgres {

inline constexpr int kSessionsMax = 4;
inline constexpr int kSessionWaitMs = 5'000;

class SessionPool {
 public:
  explicit SessionPool(std::string connection_string);

  // As Session's.
  absl::Status Transact(std::string_view what, const Session::Body& body);
  absl::Status Read(std::string_view what, const Session::Body& body);

 private:
  std::unique_ptr<Session> Take();
  void GiveBack(std::unique_ptr<Session> session);

  const std::string connection_string_;
  base::Mutex mutex_;
  base::CondVar changed_;
  std::vector<std::unique_ptr<Session>> free_ ABSL_GUARDED_BY(mutex_);
  int taken_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace skald::postgres
