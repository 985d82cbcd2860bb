// Stage: an engine of its own in virtual time, with workers that answer what the mocks say.
//
// It is the runtime's loop over a store in memory: what a server does with a definition happens
// here in the same code. Time stands still while there is something to do and jumps to the next
// moment at which something is due. Single-threaded; for one rehearsal.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "engine/core/definition.h"
#include "engine/core/event.h"
#include "engine/memory/memory_journal.h"
#include "engine/memory/memory_store.h"
#include "engine/memory/null_metrics.h"
#include "engine/ports/clock.h"
#include "engine/ports/task_runner.h"
#include "engine/rehearsal/mock_book.h"
#include "engine/rehearsal/mocks.h"
#include "engine/rehearsal/stage_catalog.h"
#include "engine/runtime/definition_cache.h"
#include "engine/runtime/loop.h"

namespace skald::rehearsal {

class VirtualClock final : public ports::Clock {
 public:
  explicit VirtualClock(core::TimeUs begin) : now_(begin) {}
  core::TimeUs Now() const override { return now_; }
  void Learn(core::TimeUs, core::TimeUs, core::TimeUs) override {}
  void Set(core::TimeUs now) { now_ = now; }

 private:
  core::TimeUs now_;
};

// The history of one workflow.
struct Recording {
  std::shared_ptr<const core::Definition> definition;  // shared with the engine
  std::vector<core::Event> events;
};

struct StageSettings {
  std::string name_space = "default";
  ports::Catalog* registered = nullptr;  // definitions that are not brought along; null: none
  std::shared_ptr<const core::Environment> environment;  // of expressions; shared, may be null
  // Carries out what has no mock; null: nothing does.
  ports::TaskRunner* runner = nullptr;
  const ports::Clock* real_clock = nullptr;  // REQUIRES: not null when there is a runner
};

class Stage {
 public:
  // Virtual time begins here, so that a rehearsal gives the same every time.
  static constexpr core::TimeUs kBeginUs = 1'767'225'600LL * core::kSecondUs;  // 2026-01-01

  // `mocks` outlives the stage.
  Stage(const Mocks& mocks, StageSettings settings);
  ~Stage();
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  StageCatalog& catalog() { return catalog_; }
  runtime::DefinitionCache& definitions() { return definitions_; }

  // Runs the workflow until nothing is left that could happen. Errors: as ports::Rehearser.
  absl::Status Run(std::shared_ptr<const core::Definition> definition);

  const core::WorkflowId& root() const { return root_; }
  const std::map<core::WorkflowId, Recording>& recordings() const { return recordings_; }
  // (workflow, position in its events), in the order in which it happened.
  const std::vector<std::pair<core::WorkflowId, std::size_t>>& order() const { return order_; }
  std::vector<std::string> unused_mocks() const { return book_.unused(); }

 private:
  class Desk;
  class Recorder;
  // An answer, or the loss of a task, that is due at its time.
  struct Answer {
    runtime::SessionId session = 0;
    runtime::Result result;
    bool lost = false;
  };

  absl::Status Settle();
  absl::Status Begin(std::shared_ptr<const core::Definition> definition);
  bool AttachWorkers();
  void TakeAssignment(runtime::SessionId session, const runtime::Assignment& task);
  void Deliver();
  void Act(const PlannedAction& action);
  absl::Status RunForReal();
  absl::Status CheckBounds(core::TimeUs next) const;
  core::TimeUs NextAt() const;
  core::WorkflowId FindWorkflow(const std::string& name) const;
  void Fail(const absl::Status& why);

  const Mocks& mocks_;
  const StageSettings settings_;
  VirtualClock clock_{kBeginUs};
  memory::NullMetrics metrics_;
  memory::MemoryStore store_;
  memory::MemoryJournal journal_;
  StageCatalog catalog_;
  runtime::DefinitionCache definitions_;
  MockBook book_;

  core::WorkflowId root_;
  std::map<core::WorkflowId, Recording> recordings_;
  std::vector<std::pair<core::WorkflowId, std::size_t>> order_;
  std::set<core::WorkflowId> running_;  // have not ended, or go on again
  std::multimap<core::TimeUs, Answer> answers_;
  std::size_t next_action_ = 0;
  core::TimeUs wake_at_ = 0;  // when the loop wants to be called again
  std::vector<std::pair<runtime::SessionId, runtime::Assignment>> real_;  // to be carried out
  std::size_t real_tasks_ = 0;
  core::DurationUs real_us_ = 0;
  absl::Status failure_;

  std::map<std::pair<std::string, std::string>, std::shared_ptr<Desk>> desks_;  // by type, domain
  runtime::Loop loop_;  // last: its callbacks reach everything above
};

}  // namespace skald::rehearsal
