// Random events and states for round-trip tests, and equality of them field by field.
//
// Test code; single-threaded. The same seed gives the same values.
#pragma once

#include <concepts>
#include <map>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "engine/codec/state_fields.h"
#include <boost/pfr.hpp>

namespace skald::codec {

// A visitor (field_visitor.h) that fills every field, and counts them.
class RandomFields {
 public:
  explicit RandomFields(std::mt19937_64& random) : random_(random) {}

  std::size_t count() const { return count_; }

  template <typename T>
  void Field(std::string_view key, T& value) {
    Field(key, value, T{});
  }
  template <typename T>
  void Field(std::string_view, T& value, const std::type_identity_t<T>& otherwise) {
    ++count_;
    value = otherwise;
    if (random_() % 4 != 0) Fill(value);
  }
  template <typename T>
  void Always(std::string_view, T& value) {
    ++count_;
    Fill(value);
  }
  template <typename T>
  void Nested(std::string_view, T& value) {
    ++count_;
    RandomFields inner(random_);
    VisitFields(inner, value);
  }
  template <typename Container>
  void List(std::string_view, Container& values) {
    ++count_;
    for (std::size_t i = random_() % 4; i > 0; --i) {
      typename Container::value_type value;
      RandomFields inner(random_);
      VisitFields(inner, value);
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
  void Records(std::string_view key, std::string_view, core::Numbered<T>& values) {
    List(key, values);
    const auto last = static_cast<std::uint32_t>(values.size());
    values.Release(1, last, [this](const T&) { return random_() % 3 == 0; });
  }

 private:
  void Fill(bool& value) { value = random_() % 2 == 0; }
  void Fill(std::string& value) {
    static const std::string_view kPieces[] = {
        "a",        "charge_card",      "\"", "\\",  "\n", "\x01",        "${x}",
        "\xC3\xA9", "\xF0\x9F\x98\x80", " ",  "{\"", "]",  "\xE2\x80\xA8"};
    value.clear();
    for (std::size_t i = random_() % 6; i > 0; --i)
      value += kPieces[random_() % std::size(kPieces)];
  }
  void Fill(std::vector<std::string>& values) {
    values.resize(random_() % 3);
    for (std::string& value : values) Fill(value);
  }
  void Fill(core::Payload& value) {
    static const char* const kTexts[] = {
        "",         "null",    "{}",      "{\"a\" : [1, 2.50, \"\\u00e9\\n\"]}",
        "\"text\"", "-1.0e10", "[[],{}]", "{\"type\":\"TaskFailed\",\"at\":7}",
        " { } "};
    std::string text = kTexts[random_() % std::size(kTexts)];
    value = core::Payload(std::string(core::TrimJson(text)));
  }
  void Fill(core::WorkflowId& value) {
    value = core::WorkflowId(
        base::UuidV7(static_cast<std::int64_t>(random_() >> 20), random_(), random_()));
  }
  template <Enumeration T>
  void Fill(T& value) {
    std::uint8_t count = 0;
    while (!TextOf(static_cast<T>(count)).empty()) ++count;
    value = static_cast<T>(random_() % count);
  }
  template <Number T>
  void Fill(T& value) {
    // Also the ends of the range that JSON readers agree on.
    const std::uint64_t bits = random_() >> (random_() % 64);
    value = static_cast<T>(sizeof(T) == 8 ? bits >> 1 : bits);
  }
  template <Number T>
  void Fill(std::vector<T>& values) {
    values.assign(random_() % 4, T{});
    for (T& value : values) Fill(value);
  }
  template <Number T>
  void Fill(std::set<T>& values) {
    std::vector<T> list;
    Fill(list);
    values = std::set<T>(list.begin(), list.end());
  }
  template <Number K, Number V>
  void Fill(std::map<K, V>& values) {
    std::vector<K> list;
    Fill(list);
    for (const K key : list) Fill(values[key]);
  }

  std::mt19937_64& random_;
  std::size_t count_ = 0;
};

template <typename T>
bool SameFields(const T& a, const T& b);

template <typename T>
bool SameFields(const std::vector<T>& a, const std::vector<T>& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!SameFields(a[i], b[i])) return false;
  }
  return true;
}

template <typename T>
bool SameFields(const core::Numbered<T>& a, const core::Numbered<T>& b) {
  if (a.size() != b.size() || a.kept() != b.kept()) return false;
  auto other = b.begin();
  for (const T& value : a) {
    if (!SameFields(value, *other)) return false;
    ++other;
  }
  return true;
}

template <typename K, typename T>
bool SameFields(const std::map<K, T>& a, const std::map<K, T>& b) {
  if (a.size() != b.size()) return false;
  auto other = b.begin();
  for (const auto& [key, value] : a) {
    if (key != other->first || !SameFields(value, other->second)) return false;
    ++other;
  }
  return true;
}

// Every field that the struct has, whether a codec knows of it or not.
template <typename T>
bool SameFields(const T& a, const T& b) {
  if constexpr (std::equality_comparable<T>) {
    return a == b;
  } else {
    bool same = true;
    boost::pfr::for_each_field(a, [&](const auto& field, auto index) {
      same = same && SameFields(field, boost::pfr::get<index>(b));
    });
    return same;
  }
}

template <std::size_t kIndex = 0>
core::EventBody RandomBody(std::size_t index, std::mt19937_64& random) {
  if constexpr (kIndex < std::variant_size_v<core::EventBody>) {
    if (index != kIndex) return RandomBody<kIndex + 1>(index, random);
    core::EventBody body(std::in_place_index<kIndex>);
    RandomFields fields(random);
    VisitFields(fields, std::get<kIndex>(body));
    return body;
  } else {
    return {};
  }
}

}  // namespace skald::codec
