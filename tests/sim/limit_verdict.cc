#include "tests/sim/limit_verdict.h"

#include <algorithm>
#include <set>
#include <variant>

#include "absl/strings/str_cat.h"
#include "tests/sim/definitions.h"

namespace skald::sim {
namespace {

constexpr int kEnds = 0;
constexpr int kBegins = 1;

// The task that holds its place no longer; 0 = none.
core::TaskNumber Given(const core::EventBody& body) {
  return std::visit(
      [](const auto& event) -> core::TaskNumber {
        using Body = std::decay_t<decltype(event)>;
        constexpr bool kOver =
            std::is_same_v<Body, core::TaskCompleted> || std::is_same_v<Body, core::TaskFailed> ||
            std::is_same_v<Body, core::TaskTimedOut> || std::is_same_v<Body, core::TaskCanceled> ||
            std::is_same_v<Body, core::TaskRequeued> || std::is_same_v<Body, core::TaskHandedOver>;
        if constexpr (kOver) return event.task;
        return 0;
      },
      body);
}

}  // namespace

void LimitVerdict::Add(const std::vector<core::Event>& events) {
  std::map<core::TaskNumber, std::string> types;
  std::set<core::TaskNumber> open;
  for (const core::Event& event : events) {
    if (const auto* scheduled = std::get_if<core::TaskScheduled>(&event.body)) {
      types[scheduled->task] = scheduled->task_type;
    } else if (const auto* started = std::get_if<core::TaskStarted>(&event.body)) {
      if (!open.insert(started->task).second) continue;
      Usage& usage = by_type_[types[started->task]];
      ++usage.changes[{event.at, kBegins}];
      usage.starts.push_back(event.at);
    } else if (const core::TaskNumber task = Given(event.body); open.erase(task) > 0) {
      --by_type_[types[task]].changes[{event.at, kEnds}];
    }
  }
}

std::vector<std::string> LimitVerdict::Judge(std::size_t nodes, Probes& probes) const {
  std::vector<std::string> complaints;
  for (const auto& [type, limits] : TaskLimitsOfAll()->at("default")) {
    const auto found = by_type_.find(type);
    if (found == by_type_.end()) continue;
    int in_progress = 0;
    int most = 0;
    for (const auto& [when, change] : found->second.changes) {
      in_progress += change;
      most = std::max(most, in_progress);
    }
    if (limits.places > 0 && most >= limits.places) probes.Met(Probe::kPlacesUsedUp);
    if (limits.places > 0 && most > limits.places * static_cast<int>(nodes)) {
      complaints.push_back(absl::StrCat(type, ": ", most, " in progress, ", limits.places,
                                        " allowed on each of ", nodes, " nodes"));
    }
    if (limits.starts == 0) continue;
    std::vector<core::TimeUs> starts = found->second.starts;
    std::sort(starts.begin(), starts.end());
    const std::size_t allowed = static_cast<std::size_t>(limits.starts) * nodes;
    for (std::size_t i = allowed; i < starts.size(); ++i) {
      if (starts[i] - starts[i - allowed] >= limits.window_us) continue;
      complaints.push_back(absl::StrCat(type, ": ", allowed + 1, " starts within ",
                                        starts[i] - starts[i - allowed], " us at ", starts[i]));
      break;
    }
  }
  return complaints;
}

}  // namespace skald::sim
