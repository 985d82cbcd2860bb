// CHECK: stops the process when one of our own invariants does not hold. On in every build.
//
// For bugs of this program only; what users, workers, files and servers send is answered with a
// Status. One condition per CHECK, so that the message names what failed.
// Thread-safe.
#pragma once

#include <string_view>

namespace skald::base {

// Writes "CHECK failed: <condition> at <file>:<line>" to standard error and aborts.
[[noreturn]] void CheckFailed(std::string_view condition, std::string_view file, int line);

}  // namespace skald::base

#define CHECK(condition)                                          \
  do {                                                            \
    if (!(condition)) [[unlikely]] {                              \
      ::skald::base::CheckFailed(#condition, __FILE__, __LINE__); \
    }                                                             \
  } while (false)
