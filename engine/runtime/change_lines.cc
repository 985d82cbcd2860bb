#include "engine/runtime/change_lines.h"

#include <string_view>
#include <variant>

#include "engine/codec/enum_names.h"

namespace skald::runtime {
namespace {

base::LogLevel LevelOf(const core::EventBody& body) {
  if (std::holds_alternative<core::SagaParked>(body)) return base::LogLevel::kError;
  if (std::holds_alternative<core::OrphanEffect>(body)) return base::LogLevel::kError;
  if (std::holds_alternative<core::SagaFaulted>(body)) return base::LogLevel::kWarn;
  if (std::holds_alternative<core::UndoParked>(body)) return base::LogLevel::kWarn;
  return base::LogLevel::kDebug;
}

// The step that the event is about; attempt 0: of no attempt.
struct Place {
  std::string_view step;
  std::int32_t attempt = 0;
};

Place PlaceOf(const Workflow& workflow, core::StepIndex step, std::int32_t attempt) {
  if (step == core::kNoStep) return {};
  return {core::StepOf(*workflow.definition, workflow.state, step).reference, attempt};
}

Place PlaceOf(const Workflow& workflow, const core::EventBody& body) {
  const core::State& state = workflow.state;
  return std::visit(
      [&](const auto& event) -> Place {
        // Those of an iteration that its loop no longer keeps are gone.
        if constexpr (requires { event.task; }) {
          if (state.has_task(event.task)) {
            const core::Task& task = state.task(event.task);
            return PlaceOf(workflow, task.step, task.attempt);
          }
        }
        if constexpr (requires { event.run; }) {
          if (state.has_run(event.run)) return PlaceOf(workflow, state.run(event.run).step, 0);
        }
        return {};
      },
      body);
}

std::string TextOf(const Workflow& workflow, const core::Event& event) {
  const std::string id = workflow.state.id.ToString();
  const Place place = PlaceOf(workflow, event.body);
  if (const auto* parked = std::get_if<core::SagaParked>(&event.body)) {
    return base::FormatLogLine("saga.parked", {{"workflow", id}, {"reason", parked->reason}});
  }
  if (std::holds_alternative<core::OrphanEffect>(event.body)) {
    return base::FormatLogLine("saga.orphan_effect", {{"workflow", id}, {"step", place.step}});
  }
  if (const auto* faulted = std::get_if<core::SagaFaulted>(&event.body)) {
    return base::FormatLogLine("saga.faulted", {{"workflow", id},
                                                {"step", place.step},
                                                {"cause", codec::TextOf(faulted->cause)},
                                                {"reason", faulted->reason}});
  }
  if (const auto* parked = std::get_if<core::UndoParked>(&event.body)) {
    return base::FormatLogLine(
        "saga.undo_parked", {{"workflow", id}, {"step", place.step}, {"reason", parked->reason}});
  }
  return base::FormatLogLine("workflow.changed", {{"workflow", id},
                                                  {"event", core::Name(event.body)},
                                                  {"seq", event.seq},
                                                  {"step", place.step},
                                                  {"attempt", place.attempt}});
}

}  // namespace

std::vector<ChangeLine> LinesOf(const Workflow& workflow, const std::vector<core::Event>& events) {
  std::vector<ChangeLine> lines;
  for (const core::Event& event : events) {
    const base::LogLevel level = LevelOf(event.body);
    if (!base::LogEnabled(level)) continue;
    lines.push_back({level, TextOf(workflow, event)});
  }
  return lines;
}

}  // namespace skald::runtime
