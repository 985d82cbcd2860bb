#include "engine/runtime/result_cache.h"

#include <iterator>
#include <utility>

namespace skald::runtime {
namespace {

std::size_t BytesOf(const std::string& key, const core::Payload& output) {
  return key.size() + output.size();
}

}  // namespace

const core::Payload* ResultCache::Find(const std::string& key, core::TimeUs now) {
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return nullptr;
  if (found->second->until <= now) {
    Erase(found->second);
    return nullptr;
  }
  results_.splice(results_.begin(), results_, found->second);
  return &results_.front().output;
}

void ResultCache::Put(const std::string& key, core::Payload output, core::TimeUs until) {
  if (const auto found = by_key_.find(key); found != by_key_.end()) Erase(found->second);
  const std::size_t bytes = BytesOf(key, output);
  if (bytes > bytes_max_ || results_max_ == 0) return;
  while (results_.size() >= results_max_ || bytes_ + bytes > bytes_max_) {
    Erase(std::prev(results_.end()));
  }
  bytes_ += bytes;
  results_.push_front({key, std::move(output), until});
  by_key_[key] = results_.begin();
}

void ResultCache::Clear() {
  by_key_.clear();
  results_.clear();
  bytes_ = 0;
}

void ResultCache::Erase(Results::iterator result) {
  bytes_ -= BytesOf(result->key, result->output);
  by_key_.erase(result->key);
  results_.erase(result);
}

}  // namespace skald::runtime
