#include "engine/runtime/step_questions.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/log.h"
#include "engine/base/mutex.h"
#include "engine/runtime/limits.h"

namespace skald::runtime {
namespace {

// An answer that comes before the call that asks for it returns. Thread-safe.
class EarlyAnswer {
 public:
  // False: it is too late, the answer is untouched.
  bool Take(absl::StatusOr<core::TaskDefinitions>& answer) {
    base::MutexLock lock(mutex_);
    if (closed_) return false;
    answer_ = std::move(answer);
    return true;
  }
  std::optional<absl::StatusOr<core::TaskDefinitions>> Close() {
    base::MutexLock lock(mutex_);
    closed_ = true;
    return std::move(answer_);
  }

 private:
  base::Mutex mutex_;
  bool closed_ GUARDED_BY(mutex_) = false;
  std::optional<absl::StatusOr<core::TaskDefinitions>> answer_ GUARDED_BY(mutex_);
};

}  // namespace

void StepQuestions::Tick() {
  if (retry_at_ != 0 && retry_at_ <= state_.now) {
    retry_at_ = 0;
    for (StepQuestion& question : again_) state_.questions.push_back(std::move(question));
    again_.clear();
  }
  while (!state_.questions.empty() && in_flight_ < kQuestionsInFlightMax) {
    StepQuestion question = std::move(state_.questions.front());
    state_.questions.pop_front();
    Ask(std::move(question));
  }
}

void StepQuestions::Ask(StepQuestion question) {
  ++in_flight_;
  // Shared with the callback, which may come at once or from another thread after the loop is gone.
  const auto early = std::make_shared<EarlyAnswer>();
  const std::string name_space = question.name_space;
  std::vector<std::string> names = question.names;
  state_.task_definitions_by_name(
      name_space, std::move(names),
      [this, early, question, generation = state_.generation,
       inbox = state_.inbox](absl::StatusOr<core::TaskDefinitions> answer) mutable {
        if (early->Take(answer)) return;
        inbox->PostCompletion([this, question = std::move(question), generation,
                               answer = std::move(answer)]() mutable {
          if (generation != state_.generation) return;
          OnAnswer(std::move(question), std::move(answer));
        });
      });
  std::optional<absl::StatusOr<core::TaskDefinitions>> answer = early->Close();
  if (answer.has_value()) OnAnswer(std::move(question), *std::move(answer));
}

void StepQuestions::OnAnswer(StepQuestion question, absl::StatusOr<core::TaskDefinitions> answer) {
  --in_flight_;
  if (answer.ok()) return Tell(question, *std::move(answer));
  base::LogWarn("steps.lookup_failed", {{"workflow", question.workflow.ToString()},
                                        {"status", answer.status().ToString()}});
  again_.push_back(std::move(question));
  if (retry_at_ == 0) retry_at_ = state_.now + kJournalRetryUs;
}

void StepQuestions::Tell(const StepQuestion& question, core::TaskDefinitions definitions) {
  loader_.With(question.workflow, [this, request = question.request,
                                   definitions = std::move(definitions)](
                                      absl::StatusOr<Workflow*> workflow) mutable {
    // Not there: it asks again when it comes back.
    if (!workflow.ok()) return;
    const absl::StatusOr<core::Answer> told = decider_.Decide(
        **workflow, core::StepsResolved{.request = request, .definitions = std::move(definitions)});
    if (told.ok()) return;
    base::LogError("steps.answer_refused", {{"workflow", (*workflow)->state.id.ToString()},
                                            {"status", told.status().ToString()}});
  });
}

void StepQuestions::Forget() {
  in_flight_ = 0;
  again_.clear();
  retry_at_ = 0;
}

}  // namespace skald::runtime
