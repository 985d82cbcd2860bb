// Results that are used again (conductor.md 1.3, cacheConfig). The shell keeps them; what it gives
// becomes a result of the task like any other, marked as not done anew.
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/core/cache_key.h"
#include "engine/core/construct.h"
#include "engine/core/families.h"
#include "engine/core/json_scan.h"
#include "engine/core/limits.h"
#include "engine/core/scope.h"
#include "engine/core/task_steps.h"

namespace skald::core {
namespace {

// The task's input and nothing else: the key says all that the result depends on.
class InputScope final : public Scope {
 public:
  explicit InputScope(const Payload& input) : input_(input) {}

  std::size_t Resolve(const std::vector<std::string>& path, std::string&,
                      std::string_view& json) const override {
    const auto member = FindMember(input_.text(), path.front());
    if (!member.has_value()) return 0;
    json = *member;
    return 1;
  }

 private:
  const Payload& input_;
};

}  // namespace

std::string CacheKey(const Step& step, TaskNumber number, const Definition& definition,
                     const State& state) {
  const Task& task = state.task(number);
  // In a saga a result stands for an effect that may be undone: it is never another's.
  if (!step.cache.has_value() || task.operation != Operation::kAction || task.attempt > 1 ||
      IsSaga(definition, state)) {
    return "";
  }
  const absl::StatusOr<std::string> key = step.cache->key.TryEvaluate(InputScope(task.input));
  if (!key.ok() || KindOf(*key) == JsonKind::kNull) return "";
  const std::string text = TextForm(*key);
  if (text.empty() || text.size() > kCacheKeyBytesMax) return "";
  return absl::StrCat(state.start.name_space, "\n", step.task_type, "\n", step.name, "\n", text);
}

absl::Status OnReuseResult(const ReuseResult& trigger, Draft& draft) {
  const State& state = draft.state();
  if (!state.has_task(trigger.task)) {
    return absl::NotFoundError(
        absl::StrCat("reuse a result: no such task: ", TaskIdText(state, trigger.task)));
  }
  const Task& task = state.task(trigger.task);
  if (task.status != TaskStatus::kScheduled || !task.released) {
    draft.Answer(Answer::kSuperseded);
    return absl::OkStatus();
  }
  draft.Ask(WithdrawTask{trigger.task});
  draft.Emit(TaskCompleted{.task = trigger.task, .output = trigger.output, .cached = true});
  OnTaskEnded(trigger.task, draft);
  return absl::OkStatus();
}

}  // namespace skald::core
