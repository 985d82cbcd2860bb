// KeyClaimer: gathers the claims that wait while one transaction is under way into the next one.
//
// Thread-safe. What is open when it ends is answered CANCELLED.
#pragma once

#include <string>
#include <vector>

#include "engine/base/mutex.h"
#include "engine/ports/journal.h"
#include "engine/postgres/key_claims.h"
#include "engine/postgres/session_thread.h"

namespace skald::postgres {

inline constexpr std::size_t kClaimsQueuedMax = 100'000;

class KeyClaimer {
 public:
  using Done = ports::Done<std::vector<ports::KeyHolder>>;

  explicit KeyClaimer(std::string connection_string);

  // As ports::Journal::ClaimKeys.
  void Claim(std::vector<ports::KeyClaim> claims, Done done);

 private:
  struct Waiting {
    std::vector<ports::KeyClaim> claims;
    Done done;
  };

  void Schedule();
  void CarryOut(Session& session, const absl::Status& may);
  std::vector<Waiting> TakeSome();

  base::Mutex mutex_;
  std::vector<Waiting> waiting_ ABSL_GUARDED_BY(mutex_);
  std::size_t claims_waiting_ ABSL_GUARDED_BY(mutex_) = 0;
  bool scheduled_ ABSL_GUARDED_BY(mutex_) = false;

  SessionThread thread_;  // last: its end answers with what is above
};

}  // namespace skald::postgres
