#include "engine/rehearsal/workflow_rehearser.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/base/status.h"
#include "engine/core/bound.h"
#include "engine/core/checker.h"
#include "engine/core/construct.h"
#include "engine/core/definition_parser.h"
#include "engine/core/replay.h"
#include "engine/rehearsal/expectation.h"
#include "engine/rehearsal/mocks.h"
#include "engine/rehearsal/stage.h"
#include "engine/rehearsal/timeline.h"
#include "engine/runtime/definition_looker.h"

namespace skald::rehearsal {
namespace {

absl::Status BringAll(const ports::RehearsalRequest& request, const Mocks& mocks,
                      StageCatalog& catalog) {
  if (request.definitions.size() + mocks.definitions.size() > kDefinitionsMax) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "more than ", core::FixedBound("kDefinitionsMax", kDefinitionsMax, kLimitsHeader),
        " definitions"));
  }
  for (const std::vector<std::string>* list : {&request.definitions, &mocks.definitions}) {
    for (const std::string& json : *list) {
      RETURN_IF_ERROR(catalog.Bring(request.name_space, json));
    }
  }
  return absl::OkStatus();
}

// A broken invariant is a fault of the engine, and worth more than any difference.
absl::Status CheckHistories(const Stage& stage) {
  for (const auto& [id, recording] : stage.recordings()) {
    const auto violations = core::CheckHistory(*recording.definition, recording.events);
    if (violations.empty()) continue;
    return absl::InternalError(
        absl::StrCat("invariant ", violations.front().invariant, " does not hold in workflow '",
                     recording.definition->name, "' at event ", violations.front().seq, ": ",
                     violations.front().message));
  }
  return absl::OkStatus();
}

// What a workflow that has not ended is waiting for.
std::string WaitsFor(const core::Definition& definition, const core::State& state) {
  std::vector<std::string> open;
  for (const core::RunNumber run : state.open) {
    const core::Step& step = core::StepOf(definition, state, state.run(run).step);
    open.push_back(core::RunReference(state, state.run(run), step.reference));
  }
  if (core::IsTerminal(state.status) || open.empty()) return "";
  return "nothing more can happen; open: " + absl::StrJoin(open, ", ");
}

void AddWarnings(const Stage& stage, const std::string& waits_for, ports::RehearsalReport& report) {
  for (const std::string& key : stage.unused_mocks()) {
    report.warnings.push_back(absl::StrCat("mocks.", key, ": no task asked for it"));
  }
  if (!waits_for.empty()) report.warnings.push_back(waits_for);
}

// The definition that is meant: the one given, or one that is registered.
absl::StatusOr<std::string> DefinitionOf(const ports::RehearsalRequest& request,
                                         StageCatalog& catalog) {
  if (request.name.empty()) {
    if (request.version == 0) return request.definition;
    return absl::InvalidArgumentError("version: a name expected with it");
  }
  if (!request.definition.empty()) {
    return absl::InvalidArgumentError("definition or name: one of them expected");
  }
  if (request.version < 0) {
    return absl::InvalidArgumentError("version: a definition's version, or 0, expected");
  }
  ASSIGN_OR_RETURN(const ports::StoredDefinition stored,
                   catalog.GetDefinition(request.name_space, request.name, request.version));
  return stored.source;
}

// As strictly as at registration. Returns the warnings.
absl::StatusOr<std::vector<std::string>> Check(const ports::RehearsalRequest& request,
                                               const std::string& definition,
                                               const RehearserParts& parts, StageCatalog& catalog) {
  runtime::DefinitionLooker looker(catalog, request.name_space);
  const auto parsed = core::ParseDefinition(definition, looker.Tasks(),
                                            {.name_space = request.name_space,
                                             .children = looker.Children(),
                                             .environment = parts.environment});
  RETURN_IF_ERROR(looker.failed());
  if (!parsed.ok()) return core::InvalidDefinition(parsed.mistakes);
  std::vector<std::string> warnings;
  for (const core::Mistake& warning : parsed.warnings) {
    warnings.push_back(absl::StrCat(warning.path, ": ", warning.message));
  }
  // A sub-workflow may be the workflow itself.
  RETURN_IF_ERROR(catalog.Bring(request.name_space, definition));
  return warnings;
}

absl::StatusOr<ports::RehearsalReport> ReportOn(const Stage& stage, const Mocks& mocks,
                                                std::vector<std::string> warnings) {
  const auto found = stage.recordings().find(stage.root());
  if (found == stage.recordings().end()) {
    return absl::InternalError("the rehearsed workflow did not begin");
  }
  RETURN_IF_ERROR(CheckHistories(stage));
  const Recording& recording = found->second;
  ASSIGN_OR_RETURN(const core::State end,
                   core::Replay(*recording.definition, stage.root(), recording.events));
  Course course = CourseOf(recording);
  ports::RehearsalReport report;
  report.warnings = std::move(warnings);
  report.differences = Compare(mocks.expected, end, course);
  report.passed = report.differences.empty();
  report.status = end.status;
  report.saga_status = end.saga_status;
  report.reason = end.reason;
  report.output = std::string(end.output.text());
  report.executed = std::move(course.executed);
  report.undone = std::move(course.undone);
  report.timeline = MakeTimeline(stage);
  report.virtual_us = report.timeline.empty() ? 0 : report.timeline.back().at_us;
  AddWarnings(stage, WaitsFor(*recording.definition, end), report);
  return report;
}

}  // namespace

absl::StatusOr<ports::RehearsalReport> WorkflowRehearser::Rehearse(
    const ports::RehearsalRequest& request) {
  ASSIGN_OR_RETURN(const Mocks mocks, ParseMocks(request.mocks));
  Stage stage(mocks, {.name_space = request.name_space,
                      .registered = parts_.registered,
                      .environment = parts_.environment,
                      .runner = parts_.runner,
                      .real_clock = &parts_.real_clock});
  RETURN_IF_ERROR(BringAll(request, mocks, stage.catalog()));
  ASSIGN_OR_RETURN(const std::string json, DefinitionOf(request, stage.catalog()));
  ASSIGN_OR_RETURN(std::vector<std::string> warnings,
                   Check(request, json, parts_, stage.catalog()));
  ASSIGN_OR_RETURN(auto definition, stage.definitions().InPlace(request.name_space, json));
  RETURN_IF_ERROR(stage.Run(std::move(definition)));
  return ReportOn(stage, mocks, std::move(warnings));
}

}  // namespace skald::rehearsal
