// MockBook: which mocked result a task gets.
//
// Results are looked for under these keys, the first one counts: WORKFLOW/REFERENCE__ITERATION,
// WORKFLOW/REFERENCE, REFERENCE__ITERATION, REFERENCE, each behind "undo ", "probe " or "condition
// " when it is not the step's action; last the task type. A list is used up in order over the whole
// rehearsal; its last result stays. Single-threaded.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "engine/rehearsal/mocks.h"
#include "engine/runtime/engine.h"

namespace skald::rehearsal {

class MockBook {
 public:
  explicit MockBook(const std::map<std::string, std::vector<MockResult>>& results)
      : results_(results) {}

  // Null: there is none.
  const MockResult* Next(const runtime::Assignment& task);

  // What the task is called in mocks: "undo charge", "book__2".
  static std::string NameOf(const runtime::Assignment& task);

  // Keys that no task asked for.
  std::vector<std::string> unused() const;

 private:
  const std::map<std::string, std::vector<MockResult>>& results_;
  std::map<std::string, std::size_t> used_;
};

}  // namespace skald::rehearsal
