// BinaryArray: a one-dimensional array parameter in PostgreSQL's binary wire form, built element by
// element.
//
// Single-threaded. Bytes() completes it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/core/types.h"

namespace skald::postgres {

// Object ids of the built-in types, the same in every PostgreSQL.
enum class ElementType : std::uint32_t {
  kBool = 16,
  kBytea = 17,
  kInt8 = 20,
  kInt4 = 23,
  kText = 25,
  kTimestamptz = 1184,
  kUuid = 2950,
};

class BinaryArray {
 public:
  explicit BinaryArray(ElementType type);

  void AddBool(bool value);
  void AddInt4(std::int32_t value);
  void AddInt8(std::int64_t value);
  void AddUuid(const core::WorkflowId& id);
  void AddBytes(std::string_view value);
  // What a text cannot hold (a NUL, bytes that are not UTF-8) becomes U+FFFD: one strange letter in
  // a reason must not fail the batch of many workflows.
  void AddText(std::string_view value);
  void AddTime(core::TimeUs at);
  // 0 becomes null.
  void AddTimeOrNull(core::TimeUs at);
  void AddNull();

  std::size_t count() const { return count_; }
  // The whole parameter; valid until the next Add.
  std::string_view Bytes();

 private:
  std::string bytes_;
  std::uint32_t count_ = 0;
  bool has_null_ = false;
};

}  // namespace skald::postgres
