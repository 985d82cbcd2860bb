// Numbered: records that are numbered from 1 in the order in which they come, and of which some may
// go again while their numbers stay taken.
//
// A plain value, single-threaded. T has the members `number`, set here, and `gone`, true of a
// record that was let go and is only kept until the next compaction; walking and looking pass over
// those. Adding, looking and letting go take constant time on average while nothing or little is
// gone, else a look takes the logarithm of what is kept.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <utility>
#include <vector>

#include "engine/base/check.h"

namespace skald::core {

template <typename T>
class Numbered {
 public:
  using value_type = T;
  // First and last number of each stretch that is gone.
  using Gaps = std::map<std::uint32_t, std::uint32_t>;

  template <typename Record, typename Base>
  class Walk {
   public:
    using iterator_category = std::bidirectional_iterator_tag;
    using value_type = T;
    using difference_type = std::ptrdiff_t;
    using pointer = Record*;
    using reference = Record&;

    Walk() = default;
    Walk(Base at, Base begin, Base end) : at_(at), begin_(begin), end_(end) { Skip(); }
    reference operator*() const { return *at_; }
    pointer operator->() const { return &*at_; }
    Walk& operator++() {
      ++at_;
      Skip();
      return *this;
    }
    Walk& operator--() {
      do --at_;
      while (at_ != begin_ && at_->gone);
      return *this;
    }
    Walk operator++(int) { return std::exchange(*this, ++Walk(*this)); }
    Walk operator--(int) { return std::exchange(*this, --Walk(*this)); }
    friend bool operator==(const Walk& a, const Walk& b) { return a.at_ == b.at_; }

   private:
    void Skip() {
      while (at_ != end_ && at_->gone) ++at_;
    }
    Base at_, begin_, end_;
  };
  using iterator = Walk<T, typename std::vector<T>::iterator>;
  using const_iterator = Walk<const T, typename std::vector<T>::const_iterator>;
  using const_reverse_iterator = std::reverse_iterator<const_iterator>;

  // The newest number; numbers are given on from it.
  std::size_t size() const { return last_; }
  std::size_t kept() const { return records_.size() - gone_; }
  bool empty() const { return kept() == 0; }
  bool Has(std::uint32_t number) const { return Find(number) != nullptr; }

  // REQUIRES: Has(number).
  T& at(std::uint32_t number) { return const_cast<T&>(std::as_const(*this).at(number)); }
  const T& at(std::uint32_t number) const {
    const T* record = Find(number);
    CHECK(record != nullptr);
    return *record;
  }

  // The next number's record.
  T& emplace_back() {
    T& record = records_.emplace_back();
    record.number = ++last_;
    return record;
  }
  // As a container of visitors: `record` gets the next number.
  void insert(iterator, T record) {
    record.number = ++last_;
    records_.push_back(std::move(record));
  }

  // Lets the records with numbers in [first, last] go that `wanted` names.
  template <typename Predicate>
  void Release(std::uint32_t first, std::uint32_t last, Predicate wanted) {
    for (auto at = LowerBound(first); at != records_.end() && at->number <= last; ++at) {
      if (at->gone || !wanted(std::as_const(*at))) continue;
      const std::uint32_t number = at->number;
      *at = T{};
      at->number = number;
      at->gone = true;
      ++gone_;
    }
    if (gone_ > kCompactFrom && gone_ > kept()) Compact();
  }

  iterator begin() { return {records_.begin(), records_.begin(), records_.end()}; }
  iterator end() { return {records_.end(), records_.begin(), records_.end()}; }
  const_iterator begin() const { return {records_.begin(), records_.begin(), records_.end()}; }
  const_iterator end() const { return {records_.end(), records_.begin(), records_.end()}; }
  const_reverse_iterator rbegin() const { return const_reverse_iterator(end()); }
  const_reverse_iterator rend() const { return const_reverse_iterator(begin()); }
  // The first record with at least that number.
  const_iterator from(std::uint32_t number) const {
    const auto at = const_cast<Numbered*>(this)->LowerBound(number);
    return {records_.begin() + (at - const_cast<Numbered*>(this)->records_.begin()),
            records_.begin(), records_.end()};
  }

  Gaps gaps() const {
    Gaps gaps;
    std::uint32_t next = 1;
    for (const T& record : *this) {
      if (record.number > next) gaps[next] = record.number - 1;
      next = record.number + 1;
    }
    if (last_ >= next) gaps[next] = last_;
    return gaps;
  }
  // Numbers the records anew, around these gaps. Overlapping ones are passed over.
  void Spread(const Gaps& gaps) {
    last_ = 0;
    auto gap = gaps.begin();
    const auto skip = [&] {
      while (gap != gaps.end() && gap->first <= last_ + 1) {
        if (gap->first == last_ + 1 && gap->second > last_) last_ = gap->second;
        ++gap;
      }
    };
    for (T& record : records_) {
      skip();
      record.number = ++last_;
    }
    skip();
  }

 private:
  static constexpr std::size_t kCompactFrom = 16;

  typename std::vector<T>::iterator LowerBound(std::uint32_t number) {
    return std::lower_bound(
        records_.begin(), records_.end(), number,
        [](const T& record, std::uint32_t wanted) { return record.number < wanted; });
  }

  const T* Find(std::uint32_t number) const {
    if (number == 0 || number > last_) return nullptr;
    const std::size_t straight = number - 1;
    if (straight < records_.size() && records_[straight].number == number) {
      return records_[straight].gone ? nullptr : &records_[straight];
    }
    const auto at = const_cast<Numbered*>(this)->LowerBound(number);
    const bool there = at != const_cast<Numbered*>(this)->records_.end() && at->number == number;
    return there && !at->gone ? &*at : nullptr;
  }

  void Compact() {
    std::erase_if(records_, [](const T& record) { return record.gone; });
    gone_ = 0;
  }

  std::vector<T> records_;  // ascending numbers
  std::uint32_t last_ = 0;
  std::size_t gone_ = 0;  // of them
};

}  // namespace skald::core
