#include "engine/script/script_checker.h"

#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/mutex.h"
#include "engine/base/status.h"
#include "engine/core/bound.h"
#include "engine/core/json_scan.h"
#include "engine/core/json_write.h"
#include "engine/script/limits.h"

namespace skald::script {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

// A text is parsed as a whole before any of it is run, and the first thing that it would do is to
// throw. The functions that are used are taken before a text can declare others of their names.
constexpr char kParseAll[] = R"((() => {
  const parse = eval, Wrong = SyntaxError, scripts = $.scripts, messages = [];
  for (let i = 0; i < scripts.length; ++i) {
    messages[i] = '';
    try {
      parse('throw null;' + scripts[i]);
    } catch (e) {
      if (e instanceof Wrong) {
        const line = e.lineNumber > 1 ? ' (line ' + e.lineNumber + ')' : '';
        messages[i] = 'SyntaxError: ' + e.message + line;
      }
    }
  }
  return messages;
})())";

// Where the answer is waited for. Shared with the runner, which may answer when nobody waits.
class Answer {
 public:
  void Set(ports::RunnerResult result) {
    base::MutexLock lock(mutex_);
    result_ = std::move(result);
    arrived_.SignalAll();
  }

  std::optional<ports::RunnerResult> WaitUntil(steady_clock::time_point end) {
    base::MutexLock lock(mutex_);
    while (!result_.has_value()) {
      const auto left = std::chrono::duration_cast<microseconds>(end - steady_clock::now());
      if (left.count() <= 0) return std::nullopt;
      arrived_.WaitFor(mutex_, left);
    }
    return std::move(result_);
  }

 private:
  base::Mutex mutex_;
  base::CondVar arrived_;
  std::optional<ports::RunnerResult> result_ GUARDED_BY(mutex_);
};

std::string InputOf(const std::vector<std::string>& scripts) {
  std::string input = R"({"expression":)";
  core::AppendJsonString(input, kParseAll);
  input.append(R"(,"scripts":[)");
  for (const std::string& script : scripts) {
    if (input.back() != '[') input.push_back(',');
    core::AppendJsonString(input, script);
  }
  input.append("]}");
  return input;
}

absl::StatusOr<std::vector<std::string>> MessagesOf(const ports::RunnerResult& result,
                                                    std::size_t count) {
  if (result.status != core::TaskStatus::kCompleted) {
    return absl::UnavailableError(absl::StrCat("parse scripts: ", result.reason));
  }
  const auto list = core::FindMember(core::TrimJson(result.output.text()), "result");
  std::vector<std::string> messages;
  if (list.has_value() && core::KindOf(*list) == core::JsonKind::kArray) {
    for (core::JsonWalk walk(*list); walk.Next();) {
      const bool text = core::KindOf(walk.value()) == core::JsonKind::kString;
      messages.push_back(text ? core::StringOf(walk.value()) : "");
    }
  }
  if (messages.size() == count) return messages;
  return absl::UnavailableError("parse scripts: the script host gave no answer for each");
}

}  // namespace

absl::StatusOr<std::vector<std::string>> ScriptChecker::Check(
    const std::vector<std::string>& scripts) {
  if (scripts.empty()) return std::vector<std::string>();
  const auto answer = std::make_shared<Answer>();
  const std::string id = absl::StrCat("check.", last_.fetch_add(1) + 1);
  const auto end = steady_clock::now() + milliseconds(wait_ms_max_);
  runner_.Run({.task_id = id,
               .task_type = "INLINE",
               .input = core::Payload(InputOf(scripts)),
               .timeout_us = core::DurationUs{kCheckMsMax} * core::kMillisecondUs},
              [answer](ports::RunnerResult result) { answer->Set(std::move(result)); });
  const std::optional<ports::RunnerResult> result = answer->WaitUntil(end);
  if (result.has_value()) return MessagesOf(*result, scripts.size());
  runner_.Cancel(id);
  return absl::UnavailableError(
      absl::StrCat("parse scripts: no script host answered within ",
                   core::FixedBound("kCheckWaitMsMax", wait_ms_max_, kLimitsHeader), " ms"));
}

}  // namespace skald::script
