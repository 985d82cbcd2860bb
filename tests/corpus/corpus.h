// The corpus: workflow definitions written by others, and what the reference server did with each
// when every worker echoed its input. Its README.md defines the form; nothing of it is copied here.
//
// Values; thread-safe. Errors: NOT_FOUND when the folder is not there, INVALID_ARGUMENT with file
// and line when something in it has not the form of the README.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include <boost/json.hpp>

namespace skald::corpus {

// One task record: an attempt of a step in one iteration.
struct TaskLine {
  std::string type;       // the reference's `taskType`: FORK for forks, a worker's task type
  std::string reference;  // with __n inside a loop
  std::string status;
  std::int64_t retry_count = 0;
  std::int64_t iteration = 0;
  boost::json::value input;  // null in lines of sub-workflows
};

struct SubWorkflow {
  std::string status;
  std::vector<TaskLine> tasks;
};

// What happened to one definition; the same form for the reference and for us.
struct Outcome {
  bool registered = false;
  std::string register_error;
  std::string status;  // "OPEN" when it has not ended, "" when it was not started
  std::vector<TaskLine> tasks;
  std::map<std::string, SubWorkflow> sub;  // by reference of the SUB_WORKFLOW step
  boost::json::value output;
  std::string reason;
};

struct Case {
  std::string id;  // file below definitions/, '#', JSON pointer
  std::string name;
  std::int32_t version = 0;
  boost::json::object definition;
  Outcome reference;
  std::vector<std::string> unstable;  // parts in which the reference was not the same twice

  bool IsUnstable(std::string_view part) const;
};

// All definitions, in the order of expected.jsonl.
absl::StatusOr<std::vector<Case>> LoadCorpus(const std::filesystem::path& folder);

// One line of expected.jsonl, without its definition.
absl::StatusOr<Case> ParseExpected(std::string_view line);

absl::StatusOr<std::string> ReadFile(const std::filesystem::path& path);

}  // namespace skald::corpus
