// Log: one structured line per state change or refusal, to standard error.
//
//   LogInfo("server.started", {{"address", address}, {"epoch", epoch}});
//   2026-11-21T05:20:01.123456Z INFO server.started address=127.0.0.1:8090 epoch=3
//
// The event is a constant, dotted, in the past tense; then come key=value pairs, a value quoted and
// escaped where it must be, cut beyond kLogValueBytesMax. Never log payloads or secrets.
// Levels: ERROR a person must act; WARN unexpected, handled; INFO life cycle; DEBUG the rest.
//
// Thread-safe. Nothing here throws or fails: a line that cannot be written is lost. Below the level
// a call costs one atomic read; its values are not formatted. The core does not log.
#pragma once

#include <atomic>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

#include "absl/status/statusor.h"

namespace skald::base {

// A longer value is cut, and ends in "...".
inline constexpr size_t kLogValueBytesMax = 2048;

enum class LogLevel { kDebug, kInfo, kWarn, kError, kOff };

// A value on its way into a line. Text is not copied: it must live until the call returns, as
// temporaries in the call's own arguments do.
class LogValue {
 public:
  // Not explicit, all of these, so that a list of fields reads as a list of fields.
  // NOLINTBEGIN(google-explicit-constructor)
  LogValue(bool value) : value_(value) {}
  LogValue(const char* value) : value_(std::string_view(value == nullptr ? "" : value)) {}
  template <std::signed_integral T>
  LogValue(T value) : value_(static_cast<int64_t>(value)) {}
  template <std::unsigned_integral T>
  LogValue(T value) : value_(static_cast<uint64_t>(value)) {}
  template <std::floating_point T>
  LogValue(T value) : value_(static_cast<double>(value)) {}
  // Every kind of string: std::string, std::string_view, absl::string_view.
  template <typename T>
    requires requires(const T& text) {
      { text.data() } -> std::convertible_to<const char*>;
      { text.size() } -> std::convertible_to<size_t>;
    }
  LogValue(const T& text) : value_(std::string_view(text.data(), text.size())) {}
  // NOLINTEND(google-explicit-constructor)

  // Appends the value as it stands in a line.
  void AppendTo(std::string& line) const;

 private:
  std::variant<bool, int64_t, uint64_t, double, std::string_view> value_;
};

struct LogField {
  std::string_view key;
  LogValue value;
};

using LogFields = std::initializer_list<LogField>;

// Lines below `level` are dropped from now on. INFO until it is called.
void SetLogLevel(LogLevel level) noexcept;

// Reads "debug", "info", "warn", "error" or "off". INVALID_ARGUMENT: anything else.
absl::StatusOr<LogLevel> ParseLogLevel(std::string_view text);

// Returns what stands after the time and the level: event, then the fields.
std::string FormatLogLine(std::string_view event, LogFields fields);

namespace log_internal {
extern std::atomic<LogLevel> level;
void Write(LogLevel level, std::string_view event, LogFields fields) noexcept;
}  // namespace log_internal

// Returns true if a line of this level would be written.
inline bool LogEnabled(LogLevel level) noexcept {
  return level >= log_internal::level.load(std::memory_order_relaxed);
}

inline void Log(LogLevel level, std::string_view event, LogFields fields = {}) noexcept {
  if (LogEnabled(level)) log_internal::Write(level, event, fields);
}

inline void LogDebug(std::string_view event, LogFields fields = {}) noexcept {
  Log(LogLevel::kDebug, event, fields);
}
inline void LogInfo(std::string_view event, LogFields fields = {}) noexcept {
  Log(LogLevel::kInfo, event, fields);
}
inline void LogWarn(std::string_view event, LogFields fields = {}) noexcept {
  Log(LogLevel::kWarn, event, fields);
}
inline void LogError(std::string_view event, LogFields fields = {}) noexcept {
  Log(LogLevel::kError, event, fields);
}

}  // namespace skald::base
