// Ledger: the participants' databases: what took effect per step key, behind the barrier of
// saga.md 3.4.
//
// Single-threaded; survives the workers, as databases do.
#pragma once

#include <map>
#include <string>

#include "engine/core/types.h"
#include "tests/sim/probes.h"

namespace skald::sim {

class Ledger {
 public:
  explicit Ledger(Probes& probes) : probes_(probes) {}

  struct Outcome {
    core::Verdict verdict = core::Verdict::kDone;
    core::Effect effect = core::Effect::kApplied;
  };

  // The barrier refuses to commit later than `not_after` (0 = no bound).
  Outcome Act(const std::string& key, core::TimeUs now, core::TimeUs not_after) {
    Row& row = rows_[key];
    if (row.acted) return {core::Verdict::kReplayed, core::Effect::kApplied};
    if (row.sealed || (not_after != 0 && now >= not_after)) {
      if (row.sealed) probes_.Met(Probe::kSealedAction);
      return {core::Verdict::kRejected, core::Effect::kNone};
    }
    row.acted = true;
    ++row.effects;
    return {};
  }

  Outcome Undo(const std::string& key) {
    Row& row = rows_[key];
    if (row.undone) return {core::Verdict::kReplayed, core::Effect::kApplied};
    row.undone = true;
    if (!row.acted) {
      row.sealed = true;
      probes_.Met(Probe::kNullCompensation);
      return {core::Verdict::kNulled, core::Effect::kApplied};
    }
    --row.effects;
    return {};
  }

  // Looks without sealing: it can prove an effect, not its absence.
  core::Effect Look(const std::string& key) const {
    const auto found = rows_.find(key);
    if (found == rows_.end()) return core::Effect::kUnknown;
    if (found->second.acted) return core::Effect::kApplied;
    return found->second.sealed ? core::Effect::kNone : core::Effect::kUnknown;
  }

  // Seals the key unless the action is done: the answer is final.
  core::Effect LookAndSeal(const std::string& key) {
    Row& row = rows_[key];
    if (row.acted) return core::Effect::kApplied;
    row.sealed = true;
    return core::Effect::kNone;
  }

  bool Acted(const std::string& key) const {
    const auto found = rows_.find(key);
    return found != rows_.end() && found->second.acted;
  }
  // Actions minus undos that are in force.
  int Effects(const std::string& key) const {
    const auto found = rows_.find(key);
    return found == rows_.end() ? 0 : found->second.effects;
  }

 private:
  struct Row {
    bool acted = false;
    bool sealed = false;
    bool undone = false;
    int effects = 0;
  };
  Probes& probes_;
  std::map<std::string, Row> rows_;
};

}  // namespace skald::sim
