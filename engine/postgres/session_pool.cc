#include "engine/postgres/session_pool.h"

#include <chrono>
#include <utility>

namespace skald::postgres {

SessionPool::SessionPool(std::string connection_string)
    : connection_string_(std::move(connection_string)) {}

absl::Status SessionPool::Transact(std::string_view what, const Session::Body& body) {
  std::unique_ptr<Session> session = Take();
  if (session == nullptr) return absl::UnavailableError("sessions_max reached");
  absl::Status status = session->Transact(what, body);
  GiveBack(std::move(session));
  return status;
}

absl::Status SessionPool::Read(std::string_view what, const Session::Body& body) {
  std::unique_ptr<Session> session = Take();
  if (session == nullptr) return absl::UnavailableError("sessions_max reached");
  absl::Status status = session->Read(what, body);
  GiveBack(std::move(session));
  return status;
}

std::unique_ptr<Session> SessionPool::Take() {
  using std::chrono::steady_clock;
  const auto deadline = steady_clock::now() + std::chrono::milliseconds(kSessionWaitMs);
  const base::MutexLock lock(mutex_);
  while (taken_ >= kSessionsMax) {
    const auto left = deadline - steady_clock::now();
    if (left.count() <= 0) return nullptr;
    changed_.WaitFor(mutex_, std::chrono::ceil<std::chrono::microseconds>(left));
  }
  ++taken_;
  if (free_.empty()) return std::make_unique<Session>(connection_string_);
  std::unique_ptr<Session> session = std::move(free_.back());
  free_.pop_back();
  return session;
}

void SessionPool::GiveBack(std::unique_ptr<Session> session) {
  const base::MutexLock lock(mutex_);
  --taken_;
  free_.push_back(std::move(session));
  changed_.Signal();
}

}  // namespace skald::postgres
