// The contract of ports::Journal as tests, the same for every form of it.
//
// A form instantiates the suite with a factory:
//   INSTANTIATE_TEST_SUITE_P(Memory, JournalSuite, ::testing::Values(JournalForm{"memory",
//   MakeX}));
// Each test gets a fresh, empty store, and may open several journals over it: two processes.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/ports/journal.h"
#include "gtest/gtest.h"

namespace skald::conformance {

// One empty store with one shard or more, all slots unowned.
class JournalStore {
 public:
  virtual ~JournalStore() = default;
  // Another process's way to the store.
  virtual std::unique_ptr<ports::Journal> Open() = 0;
  // What skald.start_workflow() does in SQL. The id is chosen by the test.
  virtual void RequestStart(const ports::StartRequest& request) = 0;
  // An id of a pinned definition that rows may refer to.
  virtual std::int64_t PinnedDefinition() = 0;
};

struct JournalForm {
  std::string name;
  std::function<std::unique_ptr<JournalStore>()> make;
};

class JournalSuite : public ::testing::TestWithParam<JournalForm> {};

}  // namespace skald::conformance
