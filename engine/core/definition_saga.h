// The part of the definition parser that reads saga data: of a step, of the workflow, undo tasks
// and probes (saga.md 2.1, 2.2). Internal to the definition parser.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/core/definition.h"
#include "engine/core/definition_fields.h"

namespace skald::core {

// The `saga` object of a workflow or step: the top-level one, else `metadata.saga`, which survives
// typed clients that drop unknown fields. nullopt when there is neither.
struct SagaObject {
  std::string_view json;
  std::string path;
};
std::optional<SagaObject> FindSagaObject(const Fields& fields);

// Workflow-level settings. `undo_retry` is the retry policy that undo tasks begin with.
struct WorkflowSagaParts {
  WorkflowSaga saga;
  bool undeclared_given = false;
  FailureWorkflowAt failure_workflow_at = FailureWorkflowAt::kAfterCompensation;
  RetryPolicy undo_retry;
};
WorkflowSagaParts ReadWorkflowSaga(const Fields& workflow);

// Where a step's undo is spelled out: its `compensateWith` that is an object, else its
// `saga.compensation`.
std::string UndoPath(const Fields& step);

// Saga data of one step, with what it inherits from `step.task`. Sets `step.saga`; returns true
// when the step, or its task definition, has any.
bool ReadStepSaga(const Fields& fields, const RetryPolicy& undo_retry, Step& step);

// Gives a step that does not say what becomes of an unknown outcome the workflow's or the server's
// word. After its kind is settled.
void InheritUnknown(const WorkflowSaga& saga, Step& step);

}  // namespace skald::core
