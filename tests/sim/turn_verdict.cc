#include "tests/sim/turn_verdict.h"

#include <algorithm>
#include <variant>

#include "absl/strings/str_cat.h"
#include "tests/sim/world.h"

namespace skald::sim {

void TurnVerdict::Add(const core::WorkflowId& id, const std::vector<core::Event>& events) {
  Line* line = nullptr;
  std::string name;
  bool holds = false;
  core::TimeUs waits_since = 0;
  for (const core::Event& event : events) {
    if (const auto* started = std::get_if<core::WorkflowStarted>(&event.body)) {
      name = started->name;
    } else if (const auto* queued = std::get_if<core::WorkflowQueued>(&event.body)) {
      line = &lines_[{name, queued->key}];
      line->running_max = queued->running_max;
      waits_since = event.at;
    } else if (line == nullptr) {
      continue;
    } else if (std::holds_alternative<core::WorkflowAdmitted>(event.body)) {
      line->changes.emplace_back(event.at, Change::kBegins, id);
      holds = true;
      waited_ += event.at > waits_since ? 1 : 0;
    } else if (const auto* reopened = std::get_if<core::WorkflowReopened>(&event.body)) {
      // From the beginning, it waits for its turn again; else it goes on at once.
      if (reopened->anew) continue;
      line->changes.emplace_back(event.at, Change::kGoesOn, id);
      holds = true;
    } else if (const auto* ended = std::get_if<core::WorkflowEnded>(&event.body)) {
      if (holds) {
        line->changes.emplace_back(event.at, Change::kEnds, id);
      } else if (ended->reason == kTurnGivenUp) {
        line->changes.emplace_back(event.at, Change::kGivesUp, id);
      }
      holds = false;
    }
  }
}

std::vector<std::string> TurnVerdict::Judge(std::size_t nodes, Probes& probes) const {
  for (int i = 0; i < waited_; ++i) probes.Met(Probe::kTurnWaited);
  std::vector<std::string> complaints;
  for (const auto& [name, line] : lines_) {
    auto changes = line.changes;
    std::sort(changes.begin(), changes.end());
    int running = 0;
    for (const auto& [at, change, id] : changes) {
      const std::string what =
          absl::StrCat(id.ToString(), ": ", running, " workflows of ", name.first, " with key '",
                       name.second, "' run, ", line.running_max, " may: ");
      if (change == Change::kGivesUp && running < line.running_max) {
        complaints.push_back(what + "it waited for a turn that was free");
      }
      if (change == Change::kBegins && running >= line.running_max * static_cast<int>(nodes)) {
        complaints.push_back(what + "its turn had not come");
      }
      if (change == Change::kGoesOn) probes.Met(Probe::kTurnOfReopened);
      if (change == Change::kEnds) --running;
      if (change == Change::kBegins || change == Change::kGoesOn) ++running;
    }
  }
  return complaints;
}

}  // namespace skald::sim
