#include "tests/tidy/includes.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <optional>

#include "fmt/format.h"

namespace skald::tidy {
namespace {

// What each layer may include besides itself.
struct Layer {
  std::string_view name;
  std::initializer_list<std::string_view> below;
};

const std::array<Layer, 15>& Layers() {
  static const std::array<Layer, 15> layers = {{
      {"base", {}},
      {"core", {"base"}},
      {"ports", {"base", "core"}},
      {"codec", {"base", "core", "ports"}},
      {"runtime", {"base", "core", "ports", "codec"}},
      // The edges do not know each other, but http serves what telemetry counts.
      {"memory", {"base", "core", "ports", "codec", "runtime"}},
      // A whole engine in memory, behind ports/rehearsal.h.
      {"rehearsal", {"base", "core", "ports", "codec", "runtime", "memory"}},
      {"postgres", {"base", "core", "ports", "codec", "runtime"}},
      {"telemetry", {"base", "core", "ports", "codec", "runtime"}},
      {"grpc", {"base", "core", "ports", "codec", "runtime"}},
      {"http", {"base", "core", "ports", "codec", "runtime", "telemetry"}},
      // Runners of built-in step types (ports/task_runner.h).
      {"script", {"base", "core", "ports", "codec"}},
      {"http_call", {"base", "core", "ports", "codec"}},
      {"grpc_call", {"base", "core", "ports", "codec"}},
      {"app",
       {"base", "core", "ports", "codec", "runtime", "memory", "rehearsal", "postgres", "telemetry",
        "grpc", "http", "script", "http_call", "grpc_call"}},
  }};
  return layers;
}

// A library, and the folders that may include it. The tests may include everything.
struct Library {
  std::string_view include_prefix;
  std::initializer_list<std::string_view> folders;
  std::string_view instead;
};

const std::array<Library, 20>& Libraries() {
  static const std::array<Library, 20> libraries = {{
      {"spdlog/", {"engine/base/"}, "log through engine/base/log.h"},
      {"pqxx/", {"engine/postgres/", "workers/"}, "go through a port; SQL lives in the edges"},
      {"libpq-fe.h",
       {"engine/postgres/", "engine/app/", "workers/sdk/"},
       "go through a port; SQL lives in the edges"},
      {"grpcpp/",
       {"engine/grpc/", "engine/grpc_call/", "engine/app/", "workers/"},
       "hand values to engine/grpc; below it nobody knows gRPC"},
      {"grpc/",
       {"engine/grpc/", "engine/grpc_call/", "engine/app/", "workers/"},
       "hand values to engine/grpc; below it nobody knows gRPC"},
      {"google/protobuf/",
       {"engine/codec/", "engine/grpc/", "engine/grpc_call/", "engine/app/", "workers/"},
       "use core values; generated types stop at codec"},
      {"google/rpc/",
       {"engine/codec/", "engine/grpc/", "engine/grpc_call/", "engine/app/", "workers/"},
       "use core values; generated types stop at codec"},
      {"skald/v1/",
       {"engine/codec/", "engine/grpc/", "engine/app/", "workers/"},
       "use core values; generated types stop at codec"},
      {"prometheus/", {"engine/telemetry/"}, "count through the Metrics port"},
      {"curl/", {"engine/http_call/"}, "HTTP calls go out of engine/http_call only"},
      {"boost/beast", {"engine/http/"}, "HTTP is spoken in engine/http only"},
      {"boost/asio", {"engine/http/"}, "HTTP is spoken in engine/http only"},
      {"re2/", {"engine/core/"}, "match in a JSONPath filter"},
      {"jsapi.h", {"engine/script/"}, "evaluate scripts through a TaskRunner"},
      {"js/", {"engine/script/"}, "evaluate scripts through a TaskRunner"},
      {"jq.h", {"engine/script/"}, "evaluate jq programs through a TaskRunner"},
      {"jv.h", {"engine/script/"}, "evaluate jq programs through a TaskRunner"},
      {"CLI/", {"engine/app/", "workers/"}, "read options in the app layer and pass settings down"},
      {"gtest/", {}, "test helpers belong in tests/support"},
      {"gmock/", {}, "test helpers belong in tests/support"},
  }};
  return libraries;
}

// Parts of libraries that the core must do without, and why.
struct Forbidden {
  std::string_view include_prefix;
  std::string_view instead;
};

constexpr std::array<Forbidden, 25> kForbiddenInCore = {{
    {"chrono", "time comes with the event, as int64 microseconds"},
    {"ctime", "time comes with the event, as int64 microseconds"},
    {"time.h", "time comes with the event, as int64 microseconds"},
    {"sys/", "the core does not know the system"},
    {"unistd.h", "the core does not know the system"},
    {"absl/time/", "time comes with the event, as int64 microseconds"},
    {"random", "hash what must look random from ids"},
    {"absl/random/", "hash what must look random from ids"},
    {"thread", "the core is single-threaded"},
    {"mutex", "the core is single-threaded"},
    {"shared_mutex", "the core is single-threaded"},
    {"condition_variable", "the core is single-threaded"},
    {"future", "the core is single-threaded"},
    {"atomic", "the core is single-threaded"},
    {"absl/synchronization/", "the core is single-threaded"},
    {"engine/base/mutex.h", "the core is single-threaded"},
    {"engine/base/log.h", "the core does not log; return the reason"},
    {"iostream", "the core does not write; return the reason"},
    {"fstream", "the core does not read files; take the text"},
    {"filesystem", "the core does not read files; take the text"},
    {"unordered_map", "use std::map or a sorted vector: order must not differ between processes"},
    {"unordered_set", "use std::set or a sorted vector: order must not differ between processes"},
    {"boost/unordered", "use std::map or a sorted vector: order must not differ between processes"},
    {"absl/container/flat_hash", "use std::map or a sorted vector: its order differs by process"},
    {"absl/container/node_hash", "use std::map or a sorted vector: its order differs by process"},
}};

std::string_view Second(std::string_view path) {
  const size_t from = path.find('/') + 1;
  return path.substr(from, path.find('/', from) - from);
}

std::optional<Layer> LayerOf(std::string_view path) {
  const std::string_view name = Second(path);
  for (const Layer& layer : Layers()) {
    if (layer.name == name) return layer;
  }
  return std::nullopt;
}

// Returns what is wrong with the include, or "" if nothing is.
std::string LayerMistake(const SourceFile& file, std::string_view included) {
  if (included.starts_with("tests/") && !file.IsUnder("tests/")) {
    return fmt::format("includes {}: what ships must not need the tests", included);
  }
  if (file.IsUnder("workers/") && included.starts_with("engine/") &&
      !included.starts_with("engine/base/")) {
    return fmt::format(
        "includes {}: workers may use engine/base only; what they know of the "
        "engine is the protocol",
        included);
  }
  if (!file.IsUnder("engine/")) return "";
  if (included.starts_with("workers/")) {
    return fmt::format("includes {}: the engine knows workers by their protocol only", included);
  }
  if (!included.starts_with("engine/")) return "";
  const std::optional<Layer> layer = LayerOf(file.path);
  if (!layer.has_value()) {
    return fmt::format(
        "lies in no layer; name engine/{} in tests/tidy/includes.cc with what it "
        "may include",
        Second(file.path));
  }
  const std::string_view target = Second(included);
  if (target == layer->name) return "";
  if (std::find(layer->below.begin(), layer->below.end(), target) != layer->below.end()) return "";
  return fmt::format(
      "includes {}: {} may not know {}; put an interface into ports and let app "
      "wire it",
      included, layer->name, target);
}

bool NamesHeader(std::string_view included, std::string_view prefix) {
  // A whole name ("random") must not forbid what merely begins with it.
  const bool is_folder = prefix.find('/') != std::string_view::npos || prefix.ends_with(".h");
  return is_folder ? included.starts_with(prefix) : included == prefix;
}

}  // namespace

std::vector<Include> IncludesOf(const SourceFile& file) {
  std::vector<Include> result;
  size_t number = 0;
  for (std::string_view line : Lines(file.text)) {
    ++number;
    constexpr std::string_view kDirective = "#include ";
    if (!line.starts_with(kDirective)) continue;
    line.remove_prefix(kDirective.size());
    if (line.empty()) continue;
    const char close = line[0] == '<' ? '>' : '"';
    const size_t end = line.find(close, 1);
    if (end == std::string_view::npos) continue;
    result.push_back({.path = std::string(line.substr(1, end - 1)), .line = number});
  }
  return result;
}

Findings CheckLayers(const SourceFile& file) {
  Findings findings;
  for (const Include& include : IncludesOf(file)) {
    std::string mistake = LayerMistake(file, include.path);
    if (!mistake.empty()) findings.push_back({file.path, include.line, std::move(mistake)});
  }
  return findings;
}

Findings CheckLibraries(const SourceFile& file) {
  Findings findings;
  if (!file.IsUnder("engine/") && !file.IsUnder("workers/")) return findings;
  for (const Include& include : IncludesOf(file)) {
    for (const Library& library : Libraries()) {
      if (!include.path.starts_with(library.include_prefix)) continue;
      const bool allowed =
          std::any_of(library.folders.begin(), library.folders.end(),
                      [&file](std::string_view folder) { return file.IsUnder(folder); });
      if (allowed) continue;
      findings.push_back(
          {file.path, include.line, fmt::format("includes {}: {}", include.path, library.instead)});
    }
    if (!file.IsUnder("engine/core/")) continue;
    for (const Forbidden& forbidden : kForbiddenInCore) {
      if (!NamesHeader(include.path, forbidden.include_prefix)) continue;
      findings.push_back({file.path, include.line,
                          fmt::format("includes {}: {}", include.path, forbidden.instead)});
    }
  }
  return findings;
}

Findings CheckHeaderOpening(const SourceFile& file) {
  Findings findings;
  if (!file.IsHeader()) return findings;
  if (!file.text.starts_with("// ")) {
    findings.push_back({file.path, 1,
                        "does not open with its contract: say first what it is, its "
                        "thread-safety, ownership and errors"});
  }
  if (file.code.find("\n#pragma once\n") == std::string::npos) {
    findings.push_back({file.path, 0, "lacks #pragma once: put it below the opening comment"});
  }
  return findings;
}

}  // namespace skald::tidy
