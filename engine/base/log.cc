#include "engine/base/log.h"

#include <array>
#include <iterator>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "fmt/format.h"
#include "spdlog/logger.h"
#include "spdlog/pattern_formatter.h"
#include "spdlog/sinks/stdout_sinks.h"

namespace skald::base {
namespace {

constexpr std::array<std::pair<std::string_view, LogLevel>, 5> kLevelNames = {{
    {"debug", LogLevel::kDebug},
    {"info", LogLevel::kInfo},
    {"warn", LogLevel::kWarn},
    {"error", LogLevel::kError},
    {"off", LogLevel::kOff},
}};

// Level names are ours, not spdlog's, so the pattern leaves the level out and the line brings it.
constexpr const char* kPattern = "%Y-%m-%dT%H:%M:%S.%fZ %v";

// Never destroyed: threads of libraries may still log while the process ends.
spdlog::logger& Sink() {
  static spdlog::logger* const logger = [] {
    auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    sink->set_formatter(
        std::make_unique<spdlog::pattern_formatter>(kPattern, spdlog::pattern_time_type::utc));
    auto* created = new spdlog::logger("skald", std::move(sink));
    created->set_level(spdlog::level::trace);
    created->flush_on(spdlog::level::trace);
    return created;
  }();
  return *logger;
}

std::string_view LevelWord(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "DEBUG";
    case LogLevel::kInfo:
      return "INFO";
    case LogLevel::kWarn:
      return "WARN";
    case LogLevel::kError:
    case LogLevel::kOff:
      return "ERROR";
  }
  return "ERROR";
}

bool IsControl(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

bool NeedsQuotes(std::string_view text) {
  if (text.empty()) return true;
  for (const char c : text) {
    if (c == ' ' || c == '"' || c == '=' || c == '\\' || IsControl(c)) return true;
  }
  return false;
}

void AppendEscaped(char c, std::string& line) {
  if (c == '"' || c == '\\') {
    line += '\\';
    line += c;
  } else if (c == '\n') {
    line += "\\n";
  } else if (c == '\t') {
    line += "\\t";
  } else if (IsControl(c)) {
    fmt::format_to(std::back_inserter(line), "\\x{:02x}", static_cast<unsigned char>(c));
  } else {
    line += c;
  }
}

void AppendText(std::string_view text, std::string& line) {
  const bool cut = text.size() > kLogValueBytesMax;
  if (cut) text = text.substr(0, kLogValueBytesMax);
  const bool quoted = NeedsQuotes(text);
  if (quoted) line += '"';
  for (const char c : text) AppendEscaped(c, line);
  if (cut) line += "...";
  if (quoted) line += '"';
}

void AppendLine(std::string_view event, LogFields fields, std::string& line) {
  line += event;
  for (const LogField& field : fields) {
    line += ' ';
    line += field.key;
    line += '=';
    field.value.AppendTo(line);
  }
}

}  // namespace

void LogValue::AppendTo(std::string& line) const {
  if (const auto* text = std::get_if<std::string_view>(&value_)) {
    AppendText(*text, line);
    return;
  }
  std::visit([&line](const auto& value) { fmt::format_to(std::back_inserter(line), "{}", value); },
             value_);
}

void SetLogLevel(LogLevel level) noexcept {
  log_internal::level.store(level, std::memory_order_relaxed);
}

absl::StatusOr<LogLevel> ParseLogLevel(std::string_view text) {
  for (const auto& [name, level] : kLevelNames) {
    if (name == text) return level;
  }
  return absl::InvalidArgumentError(
      fmt::format("log level \"{}\" is none of debug, info, warn, error, off", text.substr(0, 64)));
}

std::string FormatLogLine(std::string_view event, LogFields fields) {
  std::string line;
  AppendLine(event, fields, line);
  return line;
}

namespace log_internal {

std::atomic<LogLevel> level = LogLevel::kInfo;

// A log line must not end the work it tells of: whatever goes wrong here (memory, the library)
// loses the line and nothing else.
void Write(LogLevel level, std::string_view event, LogFields fields) noexcept {
  try {
    std::string line(LevelWord(level));
    line += ' ';
    AppendLine(event, fields, line);
    Sink().log(spdlog::level::critical, spdlog::string_view_t(line.data(), line.size()));
  } catch (...) {
  }
}

}  // namespace log_internal

}  // namespace skald::base
