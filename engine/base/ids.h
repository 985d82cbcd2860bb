// Uuid: 128 bits with a canonical text. TypedId<Tag>: a Uuid that only mixes with its own kind.
//
//   using WorkflowId = base::TypedId<struct WorkflowIdTag>;
//   WorkflowId id(base::UuidV7(now_ms, random.Next64(), random.Next64()));
//
// Everything here is a value and a pure function of its arguments: the time and the random bits
// come from the caller. Immutable use is thread-safe. Ordering is byte by byte, so ids of version 7
// sort by their time.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"

namespace skald::base {

// A slot is the low 16 bits of an id; a shard is a range of slots.
inline constexpr uint32_t kSlots = 65536;

class Uuid {
 public:
  static constexpr size_t kBytes = 16;
  static constexpr size_t kTextBytes = 36;

  // The nil id: all bits zero.
  constexpr Uuid() = default;
  constexpr explicit Uuid(const std::array<uint8_t, kBytes>& bytes) : bytes_(bytes) {}

  // Reads "0192f3a0-7c1e-7000-8000-0123456789ab", digits in either case; any version.
  // INVALID_ARGUMENT: anything else.
  static absl::StatusOr<Uuid> Parse(std::string_view text);

  // Reads sixteen bytes, most significant first. INVALID_ARGUMENT: another length.
  static absl::StatusOr<Uuid> FromBytes(std::string_view bytes);

  // Returns the canonical text, in lower case.
  std::string ToString() const;

  constexpr const std::array<uint8_t, kBytes>& bytes() const { return bytes_; }
  // Points into this object.
  std::string_view bytes_view() const {
    return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()};
  }

  constexpr bool is_nil() const { return *this == Uuid(); }

  constexpr uint16_t Slot() const { return static_cast<uint16_t>((bytes_[14] << 8) | bytes_[15]); }
  // Returns this id with its low 16 bits replaced: a child's id in its parent's slot.
  constexpr Uuid WithSlot(uint16_t slot) const {
    Uuid result = *this;
    result.bytes_[14] = static_cast<uint8_t>(slot >> 8);
    result.bytes_[15] = static_cast<uint8_t>(slot);
    return result;
  }

  // Returns the first 48 bits: in version 7, milliseconds since 1970.
  constexpr int64_t UnixMs() const {
    int64_t result = 0;
    for (size_t i = 0; i < 6; ++i) result = (result << 8) | bytes_[i];
    return result;
  }

  friend constexpr auto operator<=>(const Uuid&, const Uuid&) = default;

  // Folded, not mixed: enough for ids whose low bits are random.
  uint64_t Hash() const {
    uint64_t high = 0;
    uint64_t low = 0;
    std::memcpy(&high, bytes_.data(), sizeof(high));
    std::memcpy(&low, bytes_.data() + sizeof(high), sizeof(low));
    return (high * 0x9e3779b97f4a7c15ULL) ^ low;
  }

  template <typename H>
  friend H AbslHashValue(H state, const Uuid& id) {
    return H::combine(std::move(state), id.bytes_);
  }

 private:
  std::array<uint8_t, kBytes> bytes_ = {};
};

// Builds a UUID of version 7 (RFC 9562): the low 48 bits of `unix_ms`, then the low 12 bits of
// `random_a` and the low 62 bits of `random_b`. The slot is the low 16 bits of `random_b`.
constexpr Uuid UuidV7(int64_t unix_ms, uint64_t random_a, uint64_t random_b) {
  std::array<uint8_t, Uuid::kBytes> bytes = {};
  const auto ms = static_cast<uint64_t>(unix_ms);
  for (size_t i = 0; i < 6; ++i) bytes[i] = static_cast<uint8_t>(ms >> (40 - 8 * i));
  bytes[6] = static_cast<uint8_t>(0x70 | ((random_a >> 8) & 0x0f));
  bytes[7] = static_cast<uint8_t>(random_a);
  for (size_t i = 0; i < 8; ++i) bytes[8 + i] = static_cast<uint8_t>(random_b >> (56 - 8 * i));
  bytes[8] = static_cast<uint8_t>(0x80 | (bytes[8] & 0x3f));
  return Uuid(bytes);
}

// A Uuid of one kind: ids with different tags neither compare nor convert.
template <typename Tag>
class TypedId {
 public:
  constexpr TypedId() = default;
  constexpr explicit TypedId(const Uuid& value) : value_(value) {}

  // As Uuid::Parse.
  static absl::StatusOr<TypedId> Parse(std::string_view text) {
    absl::StatusOr<Uuid> value = Uuid::Parse(text);
    if (!value.ok()) return std::move(value).status();
    return TypedId(*value);
  }

  constexpr const Uuid& uuid() const { return value_; }
  std::string ToString() const { return value_.ToString(); }
  constexpr uint16_t Slot() const { return value_.Slot(); }
  constexpr bool is_nil() const { return value_.is_nil(); }

  friend constexpr auto operator<=>(const TypedId&, const TypedId&) = default;

  template <typename H>
  friend H AbslHashValue(H state, const TypedId& id) {
    return H::combine(std::move(state), id.value_);
  }

 private:
  Uuid value_;
};

}  // namespace skald::base

template <>
struct std::hash<skald::base::Uuid> {
  size_t operator()(const skald::base::Uuid& id) const noexcept { return id.Hash(); }
};

template <typename Tag>
struct std::hash<skald::base::TypedId<Tag>> {
  size_t operator()(const skald::base::TypedId<Tag>& id) const noexcept { return id.uuid().Hash(); }
};
