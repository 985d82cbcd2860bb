// Evaluation: what a script host is asked, and how it came out.
//
// Values; thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace skald::script {

enum class Language : std::uint8_t { kJavaScript, kJq };

enum class Outcome : std::uint8_t {
  // Said by hosts.
  kValue,        // text: JavaScript: the value as JSON; jq: the array of all results
  kScriptError,  // text: what the script threw, or why it does not compile
  kOutOfTime,
  kOutOfMemory,
  kOutputTooLarge,  // text: what is too large, for people
  kRefused,         // of the greeting: the host cannot be used; text: why
  kReady,           // of the greeting: the host may be used
  // Found out by the pool.
  kHostCrashed,  // the host died of the script; text: how
  kHostLost,     // no host, or it was ended by a stranger: not the script's fault; text: why
  kCanceled,
};

// The last one that a host may say.
inline constexpr Outcome kLastSaid = Outcome::kReady;

struct Verdict {
  Outcome outcome = Outcome::kValue;
  std::string text;
};

// A request on its way to or in a host. The views live as long as what they were made of.
struct Request {
  std::uint64_t id = 0;
  Language language = Language::kJavaScript;
  std::uint32_t time_ms = 0;
  std::uint32_t output_bytes_max = 0;
  std::string_view source;
  std::string_view input;  // JSON
};

struct Reply {
  std::uint64_t id = 0;  // of the request; 0: the greeting
  Verdict verdict;
  // The host ends after this answer; nothing more may be sent to it.
  bool last = false;
};

}  // namespace skald::script
