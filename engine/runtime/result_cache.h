// ResultCache: results of tasks that may be used again, by cache key (core::CacheKey).
//
// Single-threaded; belongs to the loop. Bounded: the results used least recently go first. It is
// memory: what it loses is done again. A result may be kept before it is durable, because what is
// decided on it is never durable earlier; the memory of workflows and this one are dropped
// together.
#pragma once

#include <cstddef>
#include <list>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "engine/core/payload.h"
#include "engine/core/types.h"

namespace skald::runtime {

// What a node keeps, and uses again in one go.
inline constexpr std::size_t kCachedResultsMax = 100'000;
inline constexpr std::size_t kCachedBytesMax = 64 << 20;
inline constexpr std::size_t kReusesAtOnceMax = 1'000;

class ResultCache {
 public:
  ResultCache(std::size_t results_max, std::size_t bytes_max)
      : results_max_(results_max), bytes_max_(bytes_max) {}

  // Null when there is none, or its time is over. Valid until the next call.
  const core::Payload* Find(const std::string& key, core::TimeUs now);
  void Put(const std::string& key, core::Payload output, core::TimeUs until);
  void Clear();

  std::size_t size() const { return results_.size(); }

 private:
  struct Result {
    std::string key;
    core::Payload output;
    core::TimeUs until = 0;
  };
  using Results = std::list<Result>;  // used last first

  void Erase(Results::iterator result);

  const std::size_t results_max_;
  const std::size_t bytes_max_;
  std::size_t bytes_ = 0;
  Results results_;
  absl::flat_hash_map<std::string, Results::iterator> by_key_;
};

}  // namespace skald::runtime
