#include "engine/grpc/definition_change.h"

#include <utility>

#include "engine/base/status.h"
#include "engine/core/upgrade_diff.h"
#include "engine/core/upgrade_rules.h"

namespace skald::grpc_edge {
namespace {

v1::UpgradeResponse::Difference::Change ToProto(core::StepChange change) {
  switch (change) {
    case core::StepChange::kAdded:
      return v1::UpgradeResponse::Difference::CHANGE_ADDED;
    case core::StepChange::kRemoved:
      return v1::UpgradeResponse::Difference::CHANGE_REMOVED;
    case core::StepChange::kChanged:
      return v1::UpgradeResponse::Difference::CHANGE_CHANGED;
  }
  return v1::UpgradeResponse::Difference::CHANGE_UNSPECIFIED;
}

void FillDifferences(const core::Definition& from, const core::Definition& to,
                     v1::UpgradeResponse& response) {
  response.set_from_version(from.version);
  response.set_to_version(to.version);
  response.set_same(from.id == to.id);
  core::DefinitionDifferences differences = core::DifferencesOf(from, to);
  for (std::string& field : differences.fields) response.add_workflow_fields(std::move(field));
  for (core::StepDifference& step : differences.steps) {
    auto& message = *response.add_steps();
    message.set_change(ToProto(step.change));
    message.set_reference(std::move(step.reference));
    message.set_type(std::string(core::Name(step.type)));
    for (std::string& field : step.fields) message.add_fields(std::move(field));
  }
}

void FillRefusals(const core::Definition& from, const core::Definition& to,
                  const core::State& state, v1::UpgradeResponse& response) {
  if (from.id == to.id) return;
  for (core::UpgradeRefusal& refusal : core::UpgradeRefusals(from, to, state)) {
    auto& message = *response.add_refusals();
    message.set_reference(std::move(refusal.reference));
    message.set_what(std::move(refusal.what));
    message.set_why(std::move(refusal.why));
  }
}

}  // namespace

absl::StatusOr<core::RestartWorkflow> WithNewest(WorkflowReader& reader,
                                                 const std::string& name_space,
                                                 const core::WorkflowId& id,
                                                 core::RestartWorkflow restart) {
  ASSIGN_OR_RETURN(const WorkflowReader::View view, reader.ReadStored(name_space, id));
  ASSIGN_OR_RETURN(restart.definition,
                   reader.FindDefinition(name_space, view->state.start.name, 0));
  return restart;
}

absl::StatusOr<core::UpgradeWorkflow> WithVersion(WorkflowReader& reader,
                                                  const std::string& name_space,
                                                  const core::WorkflowId& id,
                                                  core::UpgradeWorkflow upgrade,
                                                  const v1::UpgradeRequest& request,
                                                  v1::UpgradeResponse& response) {
  ASSIGN_OR_RETURN(const WorkflowReader::View view, reader.ReadStored(name_space, id));
  const core::Definition& from = *view->definition;
  ASSIGN_OR_RETURN(upgrade.definition,
                   reader.FindDefinition(name_space, from.name, request.version()));
  FillDifferences(from, *upgrade.definition, response);
  if (request.dry_run()) FillRefusals(from, *upgrade.definition, view->state, response);
  return upgrade;
}

}  // namespace skald::grpc_edge
