// MemoryJournal keeps the journal's contract.
#include "engine/memory/memory_journal.h"

#include <utility>

#include "tests/conformance/journal_suite.h"

namespace skald::conformance {
namespace {

// Moves with each look, as database clocks do.
class StepClock final : public ports::Clock {
 public:
  core::TimeUs Now() const override { return ++now_; }
  void Learn(core::TimeUs, core::TimeUs, core::TimeUs) override {}

 private:
  mutable core::TimeUs now_ = 1'700'000'000 * core::kSecondUs;
};

class MemoryForm final : public JournalStore {
 public:
  MemoryForm() : store_(clock_, 4) {}
  std::unique_ptr<ports::Journal> Open() override {
    return std::make_unique<memory::MemoryJournal>(store_);
  }
  void RequestStart(const ports::StartRequest& request) override { store_.RequestStart(request); }
  std::int64_t PinnedDefinition() override { return store_.PinDefinition("{}"); }

 private:
  StepClock clock_;
  memory::MemoryStore store_;
};

INSTANTIATE_TEST_SUITE_P(Memory, JournalSuite,
                         ::testing::Values(JournalForm{
                             "memory", [] { return std::make_unique<MemoryForm>(); }}),
                         [](const auto& form) { return form.param.name; });

}  // namespace
}  // namespace skald::conformance
