// PathWork: what the evaluation of one template may still cost, and the values that it made.
//
// Single-threaded; lives as long as the values that were taken from it.
#pragma once

#include <cstddef>
#include <forward_list>
#include <string>
#include <string_view>
#include <utility>

#include "engine/core/limits.h"

namespace skald::core {

class PathWork {
 public:
  explicit PathWork(std::size_t units_max = kPathWorkMax) : left_(units_max) {}

  // One node, or kPathWorkBytes bytes that were passed over. False: the bound is reached, stop.
  bool Spend(std::size_t bytes) {
    const std::size_t units = 1 + bytes / kPathWorkBytes;
    if (units > left_) {
      exhausted_ = true;
      left_ = 0;
      return false;
    }
    left_ -= units;
    return true;
  }
  void Exhaust() { exhausted_ = true; }
  bool exhausted() const { return exhausted_; }

  // Keeps a value that stands in no document.
  std::string_view Keep(std::string text) { return made_.emplace_front(std::move(text)); }
  // A place for a document that a scope puts together.
  std::string& Scratch() { return made_.emplace_front(); }

 private:
  std::size_t left_;
  bool exhausted_ = false;
  std::forward_list<std::string> made_;  // a list: what it holds never moves
};

}  // namespace skald::core
