// Apart: how big payloads are stored beside the rows that name them.
//
// In a text that was encoded apart, a payload of at least a given size stands by its name: instead
// of `"input":{…}` there is `"input@":"<name>"`, the name being the SHA-256 of its bytes, in hex.
// The bytes go with the text into the same transaction (ports::WorkflowWrite::payloads) and come
// back with it (ports::Payloads). Our own keys never end in '@', and user data is never looked
// into.
//
// Pure functions; thread-safe.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/core/event.h"
#include "engine/core/payload.h"
#include "engine/core/state.h"

namespace skald::codec {

using NamedPayload = std::pair<std::string, core::Payload>;

struct Apart {
  std::string text;
  std::vector<NamedPayload> payloads;  // that the text names; one may come several times
  std::size_t payload_bytes() const;
};

// SHA-256 in hex, 64 characters.
std::string PayloadName(const core::Payload& payload);

// As EncodeEvents and EncodeState; payloads of at least `bytes_min` bytes stand apart.
Apart EncodeEventsApart(std::span<const core::Event> events, std::size_t bytes_min);
Apart EncodeStateApart(const core::State& state, std::size_t bytes_min);

// The names that the text may refer to, each once: all that it does, and maybe some that only look
// like it.
std::vector<std::string> NamedPayloads(std::string_view text);

}  // namespace skald::codec
