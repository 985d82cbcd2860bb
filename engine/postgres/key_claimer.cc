#include "engine/postgres/key_claimer.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/cord.h"
#include "engine/runtime/engine.h"

namespace skald::postgres {
namespace {

// One that shares nothing with `status`: the callbacks hand it to threads of their own.
absl::Status CopyOf(const absl::Status& status) {
  absl::Status copy(status.code(), status.message());
  status.ForEachPayload(
      [&copy](absl::string_view url, const absl::Cord& payload) { copy.SetPayload(url, payload); });
  return copy;
}

}  // namespace

KeyClaimer::KeyClaimer(std::string connection_string) : thread_(std::move(connection_string)) {}

void KeyClaimer::Claim(std::vector<ports::KeyClaim> claims, Done done) {
  if (claims.empty()) {
    done(std::vector<ports::KeyHolder>());
    return;
  }
  bool schedule = false;
  {
    const base::MutexLock lock(mutex_);
    if (claims_waiting_ + claims.size() <= kClaimsQueuedMax) {
      claims_waiting_ += claims.size();
      waiting_.push_back({std::move(claims), std::move(done)});
      schedule = !std::exchange(scheduled_, true);
      done = nullptr;
    }
  }
  if (done != nullptr) done(runtime::OverloadError("claims_queued_max", "claim keys"));
  if (schedule) Schedule();
}

void KeyClaimer::Schedule() {
  thread_.Post([this](Session& session, const absl::Status& may) { CarryOut(session, may); });
}

std::vector<KeyClaimer::Waiting> KeyClaimer::TakeSome() {
  const base::MutexLock lock(mutex_);
  std::size_t claims = 0;
  std::size_t calls = 0;
  while (calls < waiting_.size() && (calls == 0 || claims < kClaimsPerTransactionMax)) {
    claims += waiting_[calls].claims.size();
    ++calls;
  }
  claims_waiting_ -= claims;
  const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(calls);
  std::vector<Waiting> taken(std::make_move_iterator(waiting_.begin()),
                             std::make_move_iterator(end));
  waiting_.erase(waiting_.begin(), end);
  scheduled_ = calls != 0;
  return taken;
}

// Goes on until nothing waits, also when all it may do is to answer.
void KeyClaimer::CarryOut(Session& session, const absl::Status& may) {
  for (std::vector<Waiting> taken = TakeSome(); !taken.empty(); taken = TakeSome()) {
    std::vector<ports::KeyClaim> claims;
    for (const Waiting& one : taken) {
      claims.insert(claims.end(), one.claims.begin(), one.claims.end());
    }
    std::vector<ports::KeyHolder> holders;
    absl::Status status = may;
    if (status.ok()) {
      status =
          thread_.Answer(session.Transact("claim keys", [&](pqxx::transaction_base& transaction) {
            holders = ClaimKeys(transaction, claims);
            return absl::OkStatus();
          }));
    }
    auto next = holders.begin();
    for (const Waiting& one : taken) {
      if (!status.ok()) {
        one.done(CopyOf(status));
        continue;
      }
      const auto end = next + static_cast<std::ptrdiff_t>(one.claims.size());
      one.done(std::vector<ports::KeyHolder>(next, end));
      next = end;
    }
  }
}

}  // namespace skald::postgres
