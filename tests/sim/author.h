// Author: writes random workflow definitions over all step types, as JSON. What it writes is mostly
// accepted; the rules of well-formed sagas refuse the rest.
//
// Single-threaded; the same seed and id give the same text.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/sim/sim_random.h"

namespace skald::sim {

// Kinds of workers' task types: "t0" to "t4", and "s…", "u…", "p…" alike (definitions.h).
inline constexpr int kTypes = 5;
// cacheConfig: no result is kept longer.
inline constexpr std::int64_t kCacheSecondsMax = 10;

class Author {
 public:
  // Other workflows are named by smaller numbers than `id`, so that none contains itself.
  Author(std::uint64_t seed, std::int64_t id) : random_(seed), id_(id) {}

  // Version 1; what is written first.
  std::string Write(const std::string& name);
  // Another version of what was written: its first level with steps that are new, gone or in
  // another place, its settings and all else as they were. `seed` says which.
  std::string WriteVersion(std::int32_t version, std::uint64_t seed);

 private:
  std::string Whole(std::int32_t version, const std::vector<std::string>& tasks) const;
  void Change(std::vector<std::string>& tasks);
  std::string Reference();
  std::string Other();
  std::string Head(const char* name, const char* type);

  std::string SagaSettings();
  std::string WorkflowRules();

  // Depth 0 and 1 may hold constructs.
  std::vector<std::string> List(int depth, std::uint64_t length);
  void Construct(int depth, std::vector<std::string>& tasks);
  std::string Leaf();

  // ---- constructs ----
  void Fork(int depth, std::vector<std::string>& tasks);
  void ForkWithUpdate(std::vector<std::string>& tasks);
  void DynamicFork(std::vector<std::string>& tasks);
  std::string SimpleStyle(const std::string& head);
  std::string TaskListStyle(const std::string& head);
  std::string LegacyStyle(const std::string& head);
  std::string Switch(int depth);
  void ChoiceAndJoin(std::vector<std::string>& tasks);
  std::string Loop(int depth);
  std::string Dynamic();
  std::string SubWorkflow();
  std::string DefinitionInPlace();
  std::string StartWorkflow();

  // ---- what a worker or a runner does ----
  std::string Simple();
  std::string Pivot();
  std::string Retryable();
  std::string Compensation(std::uint64_t type);
  std::string UndoOf(std::uint64_t type);
  std::string Script();
  std::string Call();
  std::string LookAtWorkflow();

  // ---- what the decision does, or the outside ----
  std::string Wait();
  std::string Human();
  std::string Event();
  std::string Pull();

  // "," and the step's own undo, in a saga, sometimes.
  std::string MaybeUndone(unsigned per_mille);

  SimRandom random_;
  const std::int64_t id_;
  std::string name_;
  std::vector<std::string> tasks_;  // of the first level
  std::string rest_;                // what follows them
  bool saga_ = false;
  int references_ = 0;
  std::string last_simple_;
};

}  // namespace skald::sim
