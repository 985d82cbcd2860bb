// Macros over absl::Status, under the names that later Abseil releases give them (the packaged one
// has none).
//
//   RETURN_IF_ERROR(store.Put(key));
//   ASSIGN_OR_RETURN(auto value, store.Get(key));
#pragma once

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#define RETURN_IF_ERROR(expression)                                         \
  do {                                                                      \
    if (::absl::Status skald_status_ = (expression); !skald_status_.ok()) { \
      return skald_status_;                                                 \
    }                                                                       \
  } while (false)

#define SKALD_CONCAT_INNER_(a, b) a##b
#define SKALD_CONCAT_(a, b) SKALD_CONCAT_INNER_(a, b)

#define ASSIGN_OR_RETURN(target, expression) \
  ASSIGN_OR_RETURN_IMPL_(SKALD_CONCAT_(skald_status_or_, __LINE__), target, expression)

#define ASSIGN_OR_RETURN_IMPL_(temporary, target, expression) \
  auto temporary = (expression);                              \
  if (!temporary.ok()) {                                      \
    return std::move(temporary).status();                     \
  }                                                           \
  target = std::move(temporary).value()
