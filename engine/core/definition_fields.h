// Fields: reads the members of one JSON object of a definition, and reports what does not fit with
// its path. Internal to the definition parser.
//
// Single-threaded; views the text, which outlives it. An absent member and null are the same: the
// default. Numbers and booleans written as strings are taken, as Conductor does.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/core/mistake.h"
#include "engine/core/types.h"

namespace skald::core {

class Fields {
 public:
  // REQUIRES: `object` is a JSON object. `path` is where it stands in the document.
  Fields(std::string_view object, std::string path, MistakeList& mistakes);

  const std::string& path() const { return path_; }
  std::string PathOf(std::string_view key) const { return JoinPath(path_, key); }
  MistakeList& mistakes() const { return mistakes_; }
  void Add(std::string_view key, std::string message) const;
  void Warn(std::string_view key, std::string message) const;

  // The value, also when it is null.
  std::optional<std::string_view> Raw(std::string_view key) const;
  // nullopt when absent or null.
  std::optional<std::string_view> Find(std::string_view key) const;
  bool Has(std::string_view key) const { return Find(key).has_value(); }
  const std::vector<std::pair<std::string, std::string_view>>& members() const { return members_; }

  // A text of at most kNameBytesMax bytes without control characters; "" when absent.
  std::string Name(std::string_view key) const;
  std::string Text(std::string_view key) const;
  bool Boolean(std::string_view key, bool otherwise) const;
  std::optional<std::int64_t> Integer(std::string_view key) const;
  // As Integer; out of [low, high] is a mistake with `message`, and absent.
  std::optional<std::int64_t> IntegerIn(std::string_view key, std::int64_t low, std::int64_t high,
                                        std::string_view message = {}) const;
  // Seconds in [0, kDurationSecondsMax] as microseconds.
  std::optional<DurationUs> Seconds(std::string_view key, std::string_view message = {}) const;
  // The value when it is an object / a list; anything else is a mistake and nullopt.
  std::optional<std::string_view> Object(std::string_view key) const;
  std::optional<std::string_view> List(std::string_view key) const;
  std::vector<std::string> Texts(std::string_view key) const;

  // One of the named values; another text is a mistake that lists them.
  template <typename T>
  T Choice(std::string_view key, T otherwise,
           std::initializer_list<std::pair<std::string_view, T>> values) const {
    const std::string text = Text(key);
    if (text.empty()) return otherwise;
    std::string allowed;
    for (const auto& [name, value] : values) {
      if (name == text) return value;
      allowed.append(allowed.empty() ? "" : ", ").append(name);
    }
    AddChoice(key, text, allowed);
    return otherwise;
  }

 private:
  void AddChoice(std::string_view key, const std::string& text, const std::string& allowed) const;
  void AddKind(std::string_view key, std::string_view value, std::string_view wanted) const;

  std::string path_;
  MistakeList& mistakes_;
  std::vector<std::pair<std::string, std::string_view>> members_;
  std::map<std::string, std::size_t, std::less<>> positions_;  // in members_, by key
};

}  // namespace skald::core
