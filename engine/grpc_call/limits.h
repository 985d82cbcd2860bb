// Bounds of GRPC steps that no setting changes; those that a deployment may set are GrpcOptions.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace skald::grpc_call {

// Where refusals say that these stand.
inline constexpr char kLimitsHeader[] = "engine/grpc_call/limits.h";

// ---- one request ----
inline constexpr std::size_t kTargetsMax = 16;
inline constexpr std::size_t kHostBytesMax = 253;
inline constexpr std::size_t kMethodBytesMax = 512;
inline constexpr std::size_t kMetadataMax = 100;
inline constexpr std::size_t kMetadataBytesMax = 16 * 1024;
inline constexpr std::size_t kDetailsMax = 32;  // of a failure; the rest is left out
inline constexpr std::size_t kDetailsBytesMax = 64 * 1024;

// ---- message types ----
inline constexpr std::size_t kTypeSetsMax = 256;  // services whose types are kept
inline constexpr std::size_t kTypeFilesMax = 1'000;
inline constexpr std::size_t kTypeBytesMax = 8 * 1024 * 1024;
inline constexpr std::chrono::seconds kTypesFreshFor{300};  // then reflection is asked again
inline constexpr std::int64_t kReflectionMsMax = 10'000;

// ---- connections ----
inline constexpr std::size_t kAddressesMax = 64;  // of one target; the rest is left out
inline constexpr std::size_t kResolverThreads = 4;
inline constexpr std::chrono::seconds kNamesFreshFor{30};
inline constexpr int kConnectMsMax = 10'000;  // of one attempt at one address
inline constexpr int kReconnectMsMin = 100;
inline constexpr int kReconnectMsMax = 10'000;

}  // namespace skald::grpc_call
