#include "tests/bench/binary_array.h"

#include <endian.h>

#include <cstring>

namespace skald::bench {
namespace {

constexpr size_t kCountOffset = 12;  // behind dimensions, null flag and element type

void AppendInt4(std::string& out, uint32_t value) {
  const uint32_t wire = htobe32(value);
  out.append(reinterpret_cast<const char*>(&wire), sizeof wire);
}

}  // namespace

BinaryArray::BinaryArray(uint32_t element_oid) {
  AppendInt4(bytes_, 1);  // dimensions
  AppendInt4(bytes_, 0);  // no nulls
  AppendInt4(bytes_, element_oid);
  AppendInt4(bytes_, 0);  // number of elements, written by Bytes
  AppendInt4(bytes_, 1);  // lower bound
}

void BinaryArray::AddInt8(uint64_t value) {
  const uint64_t wire = htobe64(value);
  AppendInt4(bytes_, sizeof wire);
  bytes_.append(reinterpret_cast<const char*>(&wire), sizeof wire);
  ++count_;
}

void BinaryArray::AddInt4(uint32_t value) {
  AppendInt4(bytes_, sizeof value);
  AppendInt4(bytes_, value);
  ++count_;
}

void BinaryArray::AddBytes(std::string_view value) {
  AppendInt4(bytes_, static_cast<uint32_t>(value.size()));
  bytes_.append(value);
  ++count_;
}

std::string_view BinaryArray::Bytes() {
  const uint32_t wire = htobe32(count_);
  std::memcpy(bytes_.data() + kCountOffset, &wire, sizeof wire);
  return bytes_;
}

}  // namespace skald::bench
