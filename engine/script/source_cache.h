// SourceCache: what was compiled, by its source text; the least recently used goes first.
//
// Bounded by the number of entries and the bytes of their sources. Single-threaded.
#pragma once

#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace skald::script {

template <typename Compiled>
class SourceCache {
 public:
  SourceCache(std::size_t entries_max, std::size_t bytes_max)
      : entries_max_(entries_max), bytes_max_(bytes_max) {}

  // nullptr: not there. What is returned lives until the next Put().
  Compiled* Find(std::string_view source) {
    const auto found = by_source_.find(source);
    if (found == by_source_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, found->second);
    return &found->second->compiled;
  }

  // REQUIRES: Find(source) is nullptr.
  Compiled& Put(std::string source, Compiled compiled) {
    bytes_ += source.size();
    entries_.push_front({std::move(source), std::move(compiled)});
    by_source_.emplace(entries_.front().source, entries_.begin());
    while (entries_.size() > 1 && (entries_.size() > entries_max_ || bytes_ > bytes_max_)) {
      bytes_ -= entries_.back().source.size();
      by_source_.erase(entries_.back().source);
      entries_.pop_back();
    }
    return entries_.front().compiled;
  }

  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::string source;
    Compiled compiled;
  };

  std::size_t entries_max_;
  std::size_t bytes_max_;
  std::size_t bytes_ = 0;
  std::list<Entry> entries_;  // the last used first
  // The keys are the entries' own sources, which do not move.
  std::unordered_map<std::string_view, typename std::list<Entry>::iterator> by_source_;
};

}  // namespace skald::script
