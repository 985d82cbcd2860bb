#include "engine/runtime/turns.h"

namespace skald::runtime {

void Turns::Wait(const core::WorkflowId& id, const TurnName& name, std::int32_t running_max,
                 core::TimeUs began_at) {
  const Place place(began_at, id);
  if (!members_.try_emplace(id, Member{name, place}).second) return;
  Line& line = lines_[name];
  line.running_max = running_max;
  line.waiting.insert(place);
  stirred_.insert(name);
}

void Turns::Hold(const core::WorkflowId& id, const TurnName& name, std::int32_t running_max) {
  if (!members_.try_emplace(id, Member{name, {}}).second) return;
  Line& line = lines_[name];
  line.running_max = running_max;
  line.running.insert(id);
}

void Turns::Leave(const core::WorkflowId& id) {
  const auto found = members_.find(id);
  if (found == members_.end()) return;
  const Member member = std::move(found->second);
  members_.erase(found);
  Line& line = lines_[member.name];
  line.waiting.erase(member.place);
  line.running.erase(id);
  stirred_.insert(member.name);
  MaybeForget(member.name);
}

void Turns::MaybeForget(const TurnName& name) {
  const auto line = lines_.find(name);
  if (!line->second.running.empty() || !line->second.waiting.empty()) return;
  lines_.erase(line);
  stirred_.erase(name);
}

bool Turns::HasRoom(const TurnName& name, std::int32_t running_max) const {
  const auto line = lines_.find(name);
  if (line == lines_.end()) return true;
  const std::size_t taken = line->second.running.size() + line->second.waiting.size();
  return taken < static_cast<std::size_t>(running_max);
}

core::WorkflowId Turns::Next() {
  while (has_next()) {
    const auto line = lines_.find(*stirred_.begin());
    const bool room =
        !line->second.waiting.empty() &&
        line->second.running.size() < static_cast<std::size_t>(line->second.running_max);
    if (!room) {
      stirred_.erase(stirred_.begin());
      continue;
    }
    const core::WorkflowId id = line->second.waiting.begin()->second;
    line->second.waiting.erase(line->second.waiting.begin());
    line->second.running.insert(id);
    return id;
  }
  return {};
}

void Turns::Drop() {
  lines_.clear();
  members_.clear();
  stirred_.clear();
}

std::vector<EngineStats::TurnUse> Turns::Uses() const {
  std::vector<EngineStats::TurnUse> uses;
  for (const auto& [name, line] : lines_) {
    uses.push_back({.name_space = name.name_space,
                    .workflow = name.workflow,
                    .key = name.key,
                    .running_max = line.running_max,
                    .running = line.running.size(),
                    .waiting = line.waiting.size()});
  }
  return uses;
}

}  // namespace skald::runtime
