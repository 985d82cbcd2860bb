#include "engine/core/definition_fields.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "engine/core/bound.h"
#include "engine/core/json_scan.h"
#include "engine/core/limits.h"

namespace skald::core {
namespace {

bool HasControlCharacter(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

}  // namespace

Fields::Fields(std::string_view object, std::string path, MistakeList& mistakes)
    : path_(std::move(path)), mistakes_(mistakes) {
  for (JsonWalk walk(object); walk.Next();) {
    std::string key = walk.key();
    if (!positions_.emplace(key, members_.size()).second) {
      Add(key, "the field is given twice");
      continue;
    }
    members_.emplace_back(std::move(key), walk.value());
  }
}

void Fields::Add(std::string_view key, std::string message) const {
  mistakes_.Add(PathOf(key), std::move(message));
}

void Fields::Warn(std::string_view key, std::string message) const {
  mistakes_.Warn(PathOf(key), std::move(message));
}

void Fields::AddChoice(std::string_view key, const std::string& text,
                       const std::string& allowed) const {
  Add(key, absl::StrCat("unknown value '", text.substr(0, kNameBytesMax), "'; one of ", allowed));
}

void Fields::AddKind(std::string_view key, std::string_view value, std::string_view wanted) const {
  Add(key, absl::StrCat("must be ", std::string(wanted), ", not ",
                        std::string(Describe(KindOf(value)))));
}

std::optional<std::string_view> Fields::Raw(std::string_view key) const {
  const auto found = positions_.find(key);
  if (found == positions_.end()) return std::nullopt;
  return members_[found->second].second;
}

std::optional<std::string_view> Fields::Find(std::string_view key) const {
  const auto value = Raw(key);
  if (!value.has_value() || KindOf(*value) == JsonKind::kNull) return std::nullopt;
  return value;
}

std::string Fields::Text(std::string_view key) const {
  const auto value = Find(key);
  if (!value.has_value()) return {};
  if (KindOf(*value) == JsonKind::kString) return StringOf(*value);
  AddKind(key, *value, "a string");
  return {};
}

std::string Fields::Name(std::string_view key) const {
  std::string text = Text(key);
  if (text.size() > kNameBytesMax) {
    Add(key, absl::StrCat("longer than ", FixedBound("kNameBytesMax", kNameBytesMax), " bytes"));
    return text.substr(0, kNameBytesMax);
  }
  if (HasControlCharacter(text)) Add(key, "must not hold control characters");
  return text;
}

bool Fields::Boolean(std::string_view key, bool otherwise) const {
  const auto value = Find(key);
  if (!value.has_value()) return otherwise;
  const JsonKind kind = KindOf(*value);
  if (kind == JsonKind::kTrue || *value == "\"true\"") return true;
  if (kind == JsonKind::kFalse || *value == "\"false\"") return false;
  AddKind(key, *value, "true or false");
  return otherwise;
}

std::optional<std::int64_t> Fields::Integer(std::string_view key) const {
  const auto value = Find(key);
  if (!value.has_value()) return std::nullopt;
  std::string_view digits = *value;
  if (KindOf(digits) == JsonKind::kString) digits = digits.substr(1, digits.size() - 2);
  const auto number = IntegerOf(digits);
  if (!number.has_value()) {
    Add(key, KindOf(*value) == JsonKind::kNumber ? "must be a whole number in range"
                                                 : "must be a whole number");
  }
  return number;
}

std::optional<std::int64_t> Fields::IntegerIn(std::string_view key, std::int64_t low,
                                              std::int64_t high, std::string_view message) const {
  const auto number = Integer(key);
  if (!number.has_value()) return std::nullopt;
  if (*number >= low && *number <= high) return number;
  if (*number < low && !message.empty()) {
    Add(key, std::string(message));
  } else {
    Add(key, absl::StrCat("must be from ", low, " to ", high, ", not ", *number));
  }
  return std::nullopt;
}

std::optional<DurationUs> Fields::Seconds(std::string_view key, std::string_view message) const {
  const auto seconds = IntegerIn(key, 0, kDurationSecondsMax, message);
  if (!seconds.has_value()) return std::nullopt;
  return *seconds * kSecondUs;
}

std::optional<std::string_view> Fields::Object(std::string_view key) const {
  const auto value = Find(key);
  if (!value.has_value() || KindOf(*value) == JsonKind::kObject) return value;
  AddKind(key, *value, "an object");
  return std::nullopt;
}

std::optional<std::string_view> Fields::List(std::string_view key) const {
  const auto value = Find(key);
  if (!value.has_value() || KindOf(*value) == JsonKind::kArray) return value;
  AddKind(key, *value, "a list");
  return std::nullopt;
}

std::vector<std::string> Fields::Texts(std::string_view key) const {
  std::vector<std::string> texts;
  const auto list = List(key);
  if (!list.has_value()) return texts;
  std::size_t index = 0;
  for (JsonWalk walk(*list); walk.Next(); ++index) {
    if (KindOf(walk.value()) == JsonKind::kString) {
      texts.push_back(StringOf(walk.value()));
    } else {
      mistakes_.Add(JoinPath(PathOf(key), index), "must be a string");
    }
  }
  return texts;
}

}  // namespace skald::core
