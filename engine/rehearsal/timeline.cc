#include "engine/rehearsal/timeline.h"

#include <optional>
#include <set>
#include <string_view>
#include <variant>

#include "absl/strings/str_cat.h"
#include "engine/codec/events_json.h"
#include "engine/core/json_scan.h"
#include "engine/rehearsal/limits.h"

namespace skald::rehearsal {
namespace {

// What is known of a task from the event that scheduled it.
struct TaskName {
  core::Operation operation = core::Operation::kAction;
  std::string reference;
  std::int32_t attempt = 0;
};

struct Names {
  std::map<std::int64_t, TaskName> tasks;
  std::map<std::int64_t, std::string> runs;

  void Learn(const core::Event& event) {
    const auto* scheduled = std::get_if<core::TaskScheduled>(&event.body);
    if (scheduled == nullptr) return;
    tasks[scheduled->task] = {scheduled->operation, scheduled->reference, scheduled->attempt};
    runs.try_emplace(scheduled->run, scheduled->reference);
  }
};

// At most so many bytes, whole characters.
std::string Cut(std::string text) {
  if (text.size() <= kResultTextMax) return text;
  std::size_t end = kResultTextMax;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end) + "…";
}

std::string ResultOf(const std::string& json) {
  constexpr std::string_view kTold[] = {"status", "saga",    "terminal",   "timeout",    "cause",
                                        "effect", "verdict", "resolution", "permissive", "reason",
                                        "input",  "output",  "payload",    "variables",  "actor"};
  std::string text;
  for (const std::string_view key : kTold) {
    const std::optional<std::string_view> value = core::FindMember(json, key);
    if (!value.has_value()) continue;
    const std::string_view told = core::TrimJson(*value);
    const bool word = core::KindOf(told) == core::JsonKind::kString && key != "reason";
    absl::StrAppend(&text, text.empty() ? "" : " ", std::string(key), " ",
                    word ? core::StringOf(told) : std::string(told));
  }
  return Cut(std::move(text));
}

std::optional<std::int64_t> NumberIn(const std::string& json, std::string_view key) {
  const std::optional<std::string_view> value = core::FindMember(json, key);
  return value.has_value() ? core::IntegerOf(core::TrimJson(*value)) : std::nullopt;
}

ports::RehearsalEntry EntryOf(const core::WorkflowId& id, const Recording& recording,
                              const core::Event& event, const Names& names) {
  const std::string json = codec::EventJson(event);
  ports::RehearsalEntry entry;
  entry.at_us = event.at - Stage::kBeginUs;
  entry.workflow = recording.definition->name;
  entry.workflow_id = id.ToString();
  entry.seq = event.seq;
  entry.event = std::string(core::Name(event.body));
  entry.result = ResultOf(json);
  if (const auto task = NumberIn(json, "task"); task.has_value()) {
    const auto found = names.tasks.find(*task);
    if (found == names.tasks.end()) return entry;
    entry.operation = std::string(core::Name(found->second.operation));
    entry.reference = found->second.reference;
    entry.attempt = found->second.attempt;
  } else if (const auto run = NumberIn(json, "run"); run.has_value()) {
    const auto found = names.runs.find(*run);
    if (found != names.runs.end()) entry.reference = found->second;
  }
  return entry;
}

// Learns from one event after the other.
class CourseReader {
 public:
  void Read(const core::Event& event) {
    if (const auto* scheduled = std::get_if<core::TaskScheduled>(&event.body)) {
      runs_.try_emplace(scheduled->run, scheduled->reference);
      tasks_[scheduled->task] = *scheduled;
      if (scheduled->operation == core::Operation::kAction) {
        course_.newest[scheduled->reference] = scheduled->task;
      }
    } else if (const auto* started = std::get_if<core::TaskStarted>(&event.body)) {
      const core::TaskScheduled& task = tasks_[started->task];
      const bool action = task.operation == core::Operation::kAction;
      if (action && executed_.insert(task.run).second) course_.executed.push_back(task.reference);
    } else if (const auto* completed = std::get_if<core::TaskCompleted>(&event.body)) {
      const core::TaskScheduled& task = tasks_[completed->task];
      if (task.operation == core::Operation::kCompensate) Undone(task.run);
    } else if (const auto* resolved = std::get_if<core::UndoResolved>(&event.body)) {
      if (resolved->resolution == core::Resolution::kByHand) Undone(resolved->run);
    }
  }
  Course Finish() && { return std::move(course_); }

 private:
  void Undone(core::RunNumber run) { course_.undone.push_back(runs_[run]); }

  Course course_;
  std::map<core::TaskNumber, core::TaskScheduled> tasks_;
  std::map<core::RunNumber, std::string> runs_;  // references
  std::set<core::RunNumber> executed_;
};

}  // namespace

std::vector<ports::RehearsalEntry> MakeTimeline(const Stage& stage) {
  std::vector<ports::RehearsalEntry> entries;
  entries.reserve(stage.order().size());
  std::map<core::WorkflowId, Names> names;
  for (const auto& [id, position] : stage.order()) {
    const Recording& recording = stage.recordings().at(id);
    const core::Event& event = recording.events[position];
    names[id].Learn(event);
    entries.push_back(EntryOf(id, recording, event, names[id]));
  }
  return entries;
}

Course CourseOf(const Recording& recording) {
  CourseReader reader;
  for (const core::Event& event : recording.events) reader.Read(event);
  return std::move(reader).Finish();
}

}  // namespace skald::rehearsal
