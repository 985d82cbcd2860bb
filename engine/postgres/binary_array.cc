#include "engine/postgres/binary_array.h"

#include <endian.h>

#include <cstring>

#include "engine/postgres/text.h"

namespace skald::postgres {
namespace {

constexpr std::size_t kNullFlagOffset = 4;
constexpr std::size_t kCountOffset = 12;
constexpr core::TimeUs kPostgresEpochUs = 946'684'800LL * core::kSecondUs;  // 2000-01-01

void Append32(std::string& out, std::uint32_t value) {
  const std::uint32_t wire = htobe32(value);
  out.append(reinterpret_cast<const char*>(&wire), sizeof wire);
}

void Put32(std::string& out, std::size_t offset, std::uint32_t value) {
  const std::uint32_t wire = htobe32(value);
  std::memcpy(out.data() + offset, &wire, sizeof wire);
}

}  // namespace

BinaryArray::BinaryArray(ElementType type) {
  Append32(bytes_, 1);  // dimensions
  Append32(bytes_, 0);  // has nulls
  Append32(bytes_, static_cast<std::uint32_t>(type));
  Append32(bytes_, 0);  // elements
  Append32(bytes_, 1);  // lower bound
}

void BinaryArray::AddBool(bool value) { AddBytes(std::string_view(value ? "\1" : "\0", 1)); }

void BinaryArray::AddInt4(std::int32_t value) {
  Append32(bytes_, sizeof value);
  Append32(bytes_, static_cast<std::uint32_t>(value));
  ++count_;
}

void BinaryArray::AddInt8(std::int64_t value) {
  const std::uint64_t wire = htobe64(static_cast<std::uint64_t>(value));
  AddBytes({reinterpret_cast<const char*>(&wire), sizeof wire});
}

void BinaryArray::AddUuid(const core::WorkflowId& id) { AddBytes(id.bytes_view()); }

void BinaryArray::AddBytes(std::string_view value) {
  Append32(bytes_, static_cast<std::uint32_t>(value.size()));
  bytes_.append(value);
  ++count_;
}

void BinaryArray::AddText(std::string_view value) {
  if (IsStorableText(value)) {
    AddBytes(value);
  } else {
    AddBytes(StorableText(value));
  }
}

void BinaryArray::AddTime(core::TimeUs at) { AddInt8(at - kPostgresEpochUs); }

void BinaryArray::AddTimeOrNull(core::TimeUs at) {
  if (at == 0) {
    AddNull();
  } else {
    AddTime(at);
  }
}

void BinaryArray::AddNull() {
  Append32(bytes_, 0xFFFFFFFF);
  has_null_ = true;
  ++count_;
}

std::string_view BinaryArray::Bytes() {
  Put32(bytes_, kNullFlagOffset, has_null_ ? 1 : 0);
  Put32(bytes_, kCountOffset, count_);
  return bytes_;
}

}  // namespace skald::postgres
