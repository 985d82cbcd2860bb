// FaultyJournal: a journal that is late and fails, as told by a plan; for simulations and tests.
//
// Wraps a journal that answers at once (MemoryJournal). Nothing happens by itself: calls wait until
// Advance reaches the moments that their fates say; with the fate {} they are merely queued and
// stepped. Single-threaded. `inner` outlives it. Its destructor answers what is under way with
// CANCELLED, as every journal does; Crash answers nobody.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/ports/journal.h"

namespace skald::memory {

// What becomes of one call. Delays are from the moment of the call.
struct Fate {
  enum class Kind {
    kOk,
    kUnavailable,     // not carried out, UNAVAILABLE
    kUnknownWritten,  // carried out, UNKNOWN
    kUnknownLost,     // not carried out, UNKNOWN
  };
  Kind kind = Kind::kOk;
  core::DurationUs carried_out_after_us = 0;
  // May be earlier than carrying it out only for UNKNOWN: the answer is lost, the call is not.
  core::DurationUs answered_after_us = 0;
};

enum class Call : std::uint8_t {
  kAcquireNode,
  kRenewNode,
  kTakeShards,
  kReleaseNode,
  kCommit,
  kLoad,
  kLoadActive,
  kCountOpen,
  kLoadDue,
  kNextWakeAt,
  kDelete,
  kRetain,
  kLoadStartRequests,
  kRefuseStartRequest,
  kClaimKeys,
};

class FaultyJournal final : public ports::Journal {
 public:
  using Plan = std::function<Fate(Call)>;
  FaultyJournal(ports::Journal& inner, Plan plan) : inner_(inner), plan_(std::move(plan)) {}
  ~FaultyJournal() override;

  // Carries out and answers everything that is due until `now`, in order of time.
  void Advance(core::TimeUs now);
  // 0 = nothing is under way.
  core::TimeUs next_at() const { return steps_.empty() ? 0 : steps_.begin()->first.first; }
  // The process of the node dies: nobody is answered any more. Calls on their way to the store are
  // still carried out when `reach_store`, at their time.
  void Crash(bool reach_store);

  void AcquireNode(const std::string& node_id, core::DurationUs lease_us,
                   ports::Done<ports::NodeLease> done) override;
  void RenewNode(const ports::NodeLease& lease, core::DurationUs lease_us,
                 ports::Done<ports::NodeLease> done) override;
  void TakeShards(const ports::NodeLease& lease,
                  ports::Done<std::vector<ports::Shard>> done) override;
  void ReleaseNode(const ports::NodeLease& lease, ports::DoneStatus done) override;
  void Commit(ports::CommitBatch batch, ports::DoneStatus done) override;
  void Load(const core::WorkflowId& id,
            ports::Done<std::optional<ports::StoredWorkflow>> done) override;
  void LoadActive(const ports::SlotRange& slots, const core::WorkflowId& after,
                  std::size_t count_max,
                  ports::Done<std::vector<ports::StoredWorkflow>> done) override;
  void CountOpen(const ports::SlotRange& slots, ports::Done<ports::OpenWorkflows> done) override;
  void LoadDue(const ports::SlotRange& slots, const ports::WakePoint& after, core::TimeUs until,
               std::size_t count_max,
               ports::Done<std::vector<ports::StoredWorkflow>> done) override;
  void NextWakeAt(const ports::SlotRange& slots, core::TimeUs from,
                  ports::Done<core::TimeUs> done) override;
  void Delete(const ports::NodeLease& lease, const core::WorkflowId& id,
              ports::Done<ports::Deletion> done) override;
  void Retain(const ports::NodeLease& lease, core::TimeUs before, std::uint32_t count_max,
              ports::Done<ports::Removed> done) override;
  void LoadStartRequests(const ports::SlotRange& slots, std::size_t count_max,
                         ports::Done<std::vector<ports::StartRequest>> done) override;
  void RefuseStartRequest(const core::WorkflowId& id, std::string reason,
                          ports::DoneStatus done) override;
  void OnStartRequest(std::function<void()> notify) override;
  void ClaimKeys(std::vector<ports::KeyClaim> claims,
                 ports::Done<std::vector<ports::KeyHolder>> done) override;

 private:
  // Called with `cancelled` true when it will not happen any more.
  struct Step {
    bool answers = false;
    std::function<void(bool cancelled)> run;
  };
  template <typename Answer>
  void Queue(Call call, std::function<void(std::function<void(Answer)>)> carry_out,
             std::function<void(Answer)> done);
  void At(core::TimeUs at, Step step) { steps_.emplace(std::pair(at, next_step_++), step); }

  ports::Journal& inner_;
  Plan plan_;
  core::TimeUs now_ = 0;
  std::uint64_t next_step_ = 0;
  std::map<std::pair<core::TimeUs, std::uint64_t>, Step> steps_;
};

}  // namespace skald::memory
