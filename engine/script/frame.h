// Frames between the engine and its script hosts: a length of four bytes, little-endian, and a
// body.
//
// What comes from a host is not trusted: a frame that is too long, too short or says nothing known
// is INVALID_ARGUMENT, and the host that sent it is given up. Pure; a decoder is single-threaded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "engine/script/evaluation.h"

namespace skald::script {

// With the length in front. REQUIRES: source and input together below kFrameBytesMax.
std::string EncodeRequest(const Request& request);
std::string EncodeReply(const Reply& reply);

// The body alone. The views of the request point into `body`.
absl::StatusOr<Request> DecodeRequest(std::string_view body);
absl::StatusOr<Reply> DecodeReply(std::string_view body);

// Cuts a stream of bytes into bodies. Keeps at most one frame and what one read brought.
class FrameDecoder {
 public:
  void Append(std::string_view bytes) { buffer_.append(bytes); }

  // The next whole body; nullopt: more bytes are needed. INVALID_ARGUMENT: longer than
  // kFrameBytesMax; nothing that follows can be read.
  absl::StatusOr<std::optional<std::string>> Next();

 private:
  std::string buffer_;
  std::size_t at_ = 0;  // what stands before it was handed out
};

}  // namespace skald::script
