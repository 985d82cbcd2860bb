// BinaryArray: one-dimensional PostgreSQL array in the wire's binary form, built row by row.
//
// Single-threaded; the bytes are complete when Bytes is called.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace skald::bench {

class BinaryArray {
 public:
  static constexpr uint32_t kByteaOid = 17;
  static constexpr uint32_t kInt8Oid = 20;
  static constexpr uint32_t kInt4Oid = 23;

  explicit BinaryArray(uint32_t element_oid);

  void AddInt8(uint64_t value);
  void AddInt4(uint32_t value);
  void AddBytes(std::string_view value);

  // Writes the number of elements into the head. The view is valid until the next Add.
  std::string_view Bytes();

 private:
  uint32_t count_ = 0;
  std::string bytes_;
};

}  // namespace skald::bench
