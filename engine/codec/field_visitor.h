// Visitors over the fields of stored values: one description of each value (event_fields.h,
// state_fields.h) writes it, reads it and makes random ones in tests.
//
// A description calls, for each field in a fixed order:
//   visitor.Field(key, value)             left out when it is the zero of its type
//   visitor.Field(key, value, otherwise)  left out when it is `otherwise`
//   visitor.Always(key, value)
//   visitor.Nested(key, value)            a value with a description of its own
//   visitor.List(key, values)             a vector or set of such values
//   visitor.Table(key, values)            a map of such values, by their member `run`
//   visitor.Records(key, gaps, values)    a Numbered of such values; `gaps`: what is gone of it
// FieldWriter and FieldReader are single-threaded, used for one value. Both may be given what
// payloads stand apart (apart.h).
#pragma once

#include <concepts>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "engine/codec/apart.h"
#include "engine/codec/enum_names.h"
#include "engine/core/json_scan.h"
#include "engine/core/json_write.h"
#include "engine/core/masked_fields.h"
#include "engine/core/numbered.h"
#include "engine/core/payload.h"
#include "engine/core/types.h"
#include "engine/ports/journal.h"

namespace skald::codec {

// E is T or const T.
template <typename E, typename T>
concept Of = std::same_as<std::remove_const_t<E>, T>;

template <typename T>
concept Enumeration = std::is_enum_v<T>;
template <typename T>
concept Number = std::integral<T> && !std::same_as<T, bool>;

// Where payloads go that do not stand in the text.
struct ApartSink {
  std::size_t bytes_min = 0;
  std::vector<NamedPayload> payloads;
};

// Appends the members of one object; the caller writes its braces.
class FieldWriter {
 public:
  // `out` outlives the writer, and so do `apart` and `masked`, if they are given. The first member
  // gets a comma in front unless `out` ends with '{'. `masked`: what is written is for people, who
  // are not shown these fields of payloads.
  explicit FieldWriter(std::string& out, ApartSink* apart = nullptr,
                       const core::MaskedFields* masked = nullptr)
      : out_(out), apart_(apart), masked_(masked) {}

  template <typename T>
  void Field(std::string_view key, const T& value) {
    if (!IsZero(value)) Always(key, value);
  }
  template <typename T>
  void Field(std::string_view key, const T& value, const std::type_identity_t<T>& otherwise) {
    if (value != otherwise) Always(key, value);
  }
  template <typename T>
  void Always(std::string_view key, const T& value) {
    if constexpr (std::same_as<T, core::Payload>) {
      if (apart_ != nullptr && value.size() >= apart_->bytes_min) return AppendName(key, value);
    }
    Key(key);
    Append(value);
  }
  template <typename T>
  void Nested(std::string_view key, const T& value) {
    Key(key);
    AppendObject(value);
  }
  template <typename Container>
  void List(std::string_view key, const Container& values) {
    if (values.empty()) return;
    Key(key);
    out_.push_back('[');
    for (const auto& value : values) {
      if (out_.back() != '[') out_.push_back(',');
      AppendObject(value);
    }
    out_.push_back(']');
  }
  template <typename Key, typename T>
  void Table(std::string_view key, const std::map<Key, T>& values) {
    std::vector<T> list;
    for (const auto& [number, value] : values) list.push_back(value);
    List(key, list);
  }
  template <typename T>
  void Records(std::string_view key, std::string_view gaps, const core::Numbered<T>& values) {
    List(key, values);
    Field(gaps, values.gaps());
  }

 private:
  template <typename T>
  static bool IsZero(const T& value) {
    if constexpr (Enumeration<T>) {
      return value == T{};
    } else if constexpr (std::is_arithmetic_v<T>) {
      return value == T{};
    } else if constexpr (std::same_as<T, core::WorkflowId>) {
      return value.is_nil();
    } else {
      return value.empty();
    }
  }

  void Key(std::string_view key) {
    if (out_.back() != '{') out_.push_back(',');
    out_.push_back('"');
    out_.append(key);
    out_.append("\":", 2);
  }

  void AppendName(std::string_view key, const core::Payload& payload) {
    apart_->payloads.emplace_back(PayloadName(payload), payload);
    Key(std::string(key) + "@");
    Append(apart_->payloads.back().first);
  }

  template <typename T>
  void AppendObject(const T& value) {
    out_.push_back('{');
    FieldWriter writer(out_, apart_, masked_);
    VisitFields(writer, value);
    out_.push_back('}');
  }

  void Append(bool value) { out_.append(value ? "true" : "false"); }
  void Append(const std::string& text) { core::AppendJsonString(out_, text); }
  void Append(const core::Payload& payload) {
    if (masked_ == nullptr) {
      out_.append(payload.text_or_null());
    } else {
      out_.append(masked_->Mask(payload).text_or_null());
    }
  }
  void Append(const core::WorkflowId& id) { core::AppendJsonString(out_, id.ToString()); }
  template <Enumeration T>
  void Append(T value) {
    out_.push_back('"');
    out_.append(TextOf(value));
    out_.push_back('"');
  }
  template <Number T>
  void Append(T number) {
    if constexpr (std::is_signed_v<T>) {
      core::AppendJsonInteger(out_, number);
    } else {
      core::AppendJsonUnsigned(out_, number);
    }
  }
  void Append(const std::vector<std::string>& texts) {
    out_.push_back('[');
    for (const std::string& text : texts) {
      if (out_.back() != '[') out_.push_back(',');
      Append(text);
    }
    out_.push_back(']');
  }
  template <Number T>
  void Append(const std::vector<T>& numbers) {
    AppendNumbers(numbers);
  }
  template <Number T>
  void Append(const std::set<T>& numbers) {
    AppendNumbers(numbers);
  }
  // [key, value, key, value, …]
  template <Number K, Number V>
  void Append(const std::map<K, V>& numbers) {
    out_.push_back('[');
    for (const auto& [key, value] : numbers) {
      if (out_.back() != '[') out_.push_back(',');
      Append(key);
      out_.push_back(',');
      Append(value);
    }
    out_.push_back(']');
  }
  template <typename Container>
  void AppendNumbers(const Container& numbers) {
    out_.push_back('[');
    for (const auto number : numbers) {
      if (out_.back() != '[') out_.push_back(',');
      Append(number);
    }
    out_.push_back(']');
  }

  std::string& out_;
  ApartSink* const apart_;
  const core::MaskedFields* const masked_;
};

// Reads the members of one object. Absent fields get their default, unknown ones are passed over.
class FieldReader {
 public:
  // REQUIRES: `object` is a JSON object; it and `apart` outlive the reader.
  FieldReader(std::string_view object, const ports::Payloads& apart) : apart_(apart) {
    for (core::JsonWalk walk(object); walk.Next();) {
      members_.emplace_back(walk.raw_key(), walk.value());
    }
  }

  // The first thing that did not fit.
  const absl::Status& status() const { return status_; }
  std::optional<std::string_view> Raw(std::string_view key) const {
    for (const auto& [name, value] : members_) {
      if (name == key) return value;
    }
    return std::nullopt;
  }

  template <typename T>
  void Field(std::string_view key, T& value) {
    Field(key, value, T{});
  }
  void Field(std::string_view key, core::Payload& value) {
    for (const auto& [name, raw] : members_) {
      if (!name.starts_with(key)) continue;
      if (name.size() == key.size() + 1 && name.back() == '@') return FindApart(key, raw, value);
    }
    Field(key, value, core::Payload());
  }
  template <typename T>
  void Field(std::string_view key, T& value, const std::type_identity_t<T>& otherwise) {
    const auto raw = Raw(key);
    if (!raw.has_value()) {
      value = otherwise;
    } else if (!Read(*raw, value)) {
      Fail(key, *raw);
    }
  }
  template <typename T>
  void Always(std::string_view key, T& value) {
    Field(key, value, value);
  }
  template <typename T>
  void Nested(std::string_view key, T& value) {
    const auto raw = Raw(key);
    if (raw.has_value() && !ReadObject(*raw, value)) Fail(key, *raw);
  }
  template <typename Container>
  void List(std::string_view key, Container& values) {
    const auto raw = Raw(key);
    if (!raw.has_value()) return;
    if (core::KindOf(*raw) != core::JsonKind::kArray) return Fail(key, *raw);
    for (core::JsonWalk walk(*raw); walk.Next();) {
      typename Container::value_type value;
      if (!ReadObject(walk.value(), value)) return Fail(key, walk.value());
      values.insert(values.end(), std::move(value));
    }
  }
  template <typename Key, typename T>
  void Table(std::string_view key, std::map<Key, T>& values) {
    std::vector<T> list;
    List(key, list);
    for (T& value : list) values[value.run] = std::move(value);
  }
  template <typename T>
  void Records(std::string_view key, std::string_view gaps_key, core::Numbered<T>& values) {
    List(key, values);
    typename core::Numbered<T>::Gaps gaps;
    Field(gaps_key, gaps);
    values.Spread(gaps);
  }

 private:
  void Fail(std::string_view key, std::string_view value) {
    if (!status_.ok()) return;
    status_ = absl::InvalidArgumentError(absl::StrCat(
        "field ", std::string(key), ": '", std::string(value.substr(0, 60)), "' does not fit"));
  }

  template <typename T>
  bool ReadObject(std::string_view raw, T& value) {
    if (core::KindOf(raw) != core::JsonKind::kObject) return false;
    FieldReader reader(raw, apart_);
    VisitFields(reader, value);
    if (status_.ok()) status_ = reader.status();
    return true;
  }

  static bool Read(std::string_view raw, bool& value) {
    value = raw == "true";
    return value || raw == "false";
  }
  static bool Read(std::string_view raw, std::string& value) {
    if (core::KindOf(raw) != core::JsonKind::kString) return false;
    value = core::StringOf(raw);
    return true;
  }
  static bool Read(std::string_view raw, core::Payload& value) {
    value = core::Payload(std::string(raw));
    return true;
  }
  static bool Read(std::string_view raw, core::WorkflowId& value) {
    if (core::KindOf(raw) != core::JsonKind::kString) return false;
    const auto id = core::WorkflowId::Parse(core::StringOf(raw));
    if (id.ok()) value = *id;
    return id.ok();
  }
  template <Enumeration T>
  static bool Read(std::string_view raw, T& value) {
    if (core::KindOf(raw) != core::JsonKind::kString) return false;
    const auto found = ValueOf<T>(core::StringOf(raw));
    if (found.has_value()) value = *found;
    return found.has_value();
  }
  template <Number T>
  static bool Read(std::string_view raw, T& value) {
    const auto number = core::IntegerOf(raw);
    if (!number.has_value() || !std::in_range<T>(*number)) return false;
    value = static_cast<T>(*number);
    return true;
  }
  static bool Read(std::string_view raw, std::vector<std::string>& values) {
    if (core::KindOf(raw) != core::JsonKind::kArray) return false;
    for (core::JsonWalk walk(raw); walk.Next();) {
      if (!Read(walk.value(), values.emplace_back())) return false;
    }
    return true;
  }
  template <Number T>
  static bool Read(std::string_view raw, std::vector<T>& values) {
    if (core::KindOf(raw) != core::JsonKind::kArray) return false;
    for (core::JsonWalk walk(raw); walk.Next();) {
      if (!Read(walk.value(), values.emplace_back())) return false;
    }
    return true;
  }
  template <Number T>
  static bool Read(std::string_view raw, std::set<T>& values) {
    std::vector<T> list;
    if (!Read(raw, list)) return false;
    values = std::set<T>(list.begin(), list.end());
    return true;
  }
  template <Number K, Number V>
  static bool Read(std::string_view raw, std::map<K, V>& values) {
    std::vector<std::int64_t> list;
    if (!Read(raw, list) || list.size() % 2 != 0) return false;
    for (std::size_t i = 0; i < list.size(); i += 2) {
      if (!std::in_range<K>(list[i]) || !std::in_range<V>(list[i + 1])) return false;
      values[static_cast<K>(list[i])] = static_cast<V>(list[i + 1]);
    }
    return true;
  }

  void FindApart(std::string_view key, std::string_view name, core::Payload& value) {
    const bool text = core::KindOf(name) == core::JsonKind::kString;
    const auto found = text ? apart_.find(core::StringOf(name)) : apart_.end();
    if (found == apart_.end()) return Fail(key, name);
    value = found->second;
  }

  const ports::Payloads& apart_;
  std::vector<std::pair<std::string_view, std::string_view>> members_;
  absl::Status status_;
};

}  // namespace skald::codec
