// Brings a workflow as the API shows it into the form of the corpus: the names of the reference for
// types and statuses, references with the number of their iteration, one line per attempt.
//
// Pure functions, thread-safe.
#pragma once

#include <map>
#include <string>

#include "skald/v1/workflow.pb.h"
#include "tests/corpus/corpus.h"

namespace skald::corpus {

// Everything but `sub`. Undos, probes and the evaluation of conditions are no task records.
Outcome ToOutcome(const v1::Workflow& workflow);

// The ids of the sub-workflows by the reference of their step.
std::map<std::string, std::string> SubWorkflowIds(const v1::Workflow& workflow);

}  // namespace skald::corpus
