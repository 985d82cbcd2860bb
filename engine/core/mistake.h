// Mistake: something wrong in a document that a person wrote, with its place.
//
// Values. MistakeList is single-threaded and keeps at most kMistakesMax of each kind.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/core/limits.h"

namespace skald::core {

// `path` counts from the document's root, "tasks[2].inputParameters.x"; "" is the document.
struct Mistake {
  std::string path;
  std::string message;
  friend bool operator==(const Mistake&, const Mistake&) = default;
};

class MistakeList {
 public:
  void Add(std::string path, std::string message) { Put(mistakes_, path, message); }
  // Accepted, but hardly meant.
  void Warn(std::string path, std::string message) { Put(warnings_, path, message); }

  bool empty() const { return mistakes_.empty(); }
  const std::vector<Mistake>& mistakes() const { return mistakes_; }
  const std::vector<Mistake>& warnings() const { return warnings_; }

 private:
  static void Put(std::vector<Mistake>& list, std::string& path, std::string& message) {
    if (list.size() < kMistakesMax) list.push_back({std::move(path), std::move(message)});
  }

  std::vector<Mistake> mistakes_;
  std::vector<Mistake> warnings_;
};

// "inputParameters" and "x" → "inputParameters.x"; keys that are no plain names are quoted in
// brackets: ["a b"].
std::string JoinPath(const std::string& path, std::string_view key);
// "tasks" and 2 → "tasks[2]".
std::string JoinPath(const std::string& path, std::size_t index);

}  // namespace skald::core
