#include "engine/grpc_call/type_cache.h"

#include <utility>

#include "engine/grpc_call/limits.h"

namespace skald::grpc_call {

TypeCache::~TypeCache() {
  std::vector<std::shared_ptr<Inquiry>> inquiries;
  {
    base::MutexLock lock(mutex_);
    stopping_ = true;
    for (const auto& [number, inquiry] : inquiries_) {
      if (inquiry != nullptr) inquiries.push_back(inquiry);
    }
  }
  for (const auto& inquiry : inquiries) inquiry->Cancel();
  base::MutexLock lock(mutex_);
  while (!inquiries_.empty()) ended_.Wait(mutex_);
}

std::string TypeCache::KeyOf(const GrpcRequest& request) {
  if (!request.descriptor_set.empty()) return "set " + request.descriptor_set;
  return request.service + " at " + request.ChannelKey();
}

void TypeCache::Get(const GrpcRequest& request, std::shared_ptr<Connection> connection,
                    Ready ready) {
  const std::string key = KeyOf(request);
  const MonotonicTime now = std::chrono::steady_clock::now();
  const bool reflects = request.descriptor_set.empty();
  absl::StatusOr<Types> types = Types();
  std::uint64_t ask = 0;
  bool waits = false;
  {
    base::MutexLock lock(mutex_);
    const auto found = entries_.find(key);
    if (found != entries_.end() && found->second.types != nullptr &&
        (!reflects || now - found->second.made_at < kTypesFreshFor)) {
      found->second.used_at = now;
      types = found->second.types;
    } else if (stopping_) {
      types = absl::UnavailableError("the server is stopping");
    } else if (reflects) {
      if (found == entries_.end()) MakeRoom();
      Entry& entry = entries_[key];
      entry.used_at = now;
      entry.waiting.push_back(std::move(ready));
      waits = true;
      if (entry.inquiry == 0) {
        ask = entry.inquiry = ++last_inquiry_;
        inquiries_[ask] = nullptr;
      }
    }
  }
  if (ask != 0) Ask(key, ask, request, std::move(connection));
  if (waits) return;
  if (types.ok() && *types == nullptr) {
    types = MessageTypes::FromSet(request.descriptor_set);
    if (types.ok()) {
      base::MutexLock lock(mutex_);
      if (!entries_.contains(key)) MakeRoom();
      Entry& entry = entries_[key];
      entry.types = *types;
      entry.made_at = entry.used_at = now;
    }
  }
  ready(std::move(types));
}

void TypeCache::Ask(const std::string& key, std::uint64_t number, const GrpcRequest& request,
                    std::shared_ptr<Connection> connection) {
  std::shared_ptr<Inquiry> inquiry = AskForFiles(std::move(connection), request.service,
                                                 [this, key, number](absl::StatusOr<Files> files) {
                                                   Answered(key, number, std::move(files));
                                                 });
  bool stopping = false;
  {
    base::MutexLock lock(mutex_);
    const auto open = inquiries_.find(number);
    if (open == inquiries_.end()) return;  // answered already
    open->second = inquiry;
    stopping = stopping_;
  }
  if (stopping) inquiry->Cancel();
}

void TypeCache::Answered(const std::string& key, std::uint64_t number,
                         absl::StatusOr<Files> files) {
  const absl::StatusOr<Types> types =
      files.ok() ? MessageTypes::FromFiles(*std::move(files)) : files.status();
  std::vector<Ready> waiting;
  {
    base::MutexLock lock(mutex_);
    const auto found = entries_.find(key);
    if (found != entries_.end() && found->second.inquiry == number) {
      Entry& entry = found->second;
      waiting.swap(entry.waiting);
      entry.inquiry = 0;
      if (types.ok()) {
        entry.types = *types;
        entry.made_at = std::chrono::steady_clock::now();
      } else {
        entries_.erase(found);
      }
    }
  }
  for (const Ready& ready : waiting) ready(types);
  base::MutexLock lock(mutex_);
  inquiries_.erase(number);
  ended_.SignalAll();
}

void TypeCache::Forget(const GrpcRequest& request) {
  base::MutexLock lock(mutex_);
  const auto found = entries_.find(KeyOf(request));
  if (found != entries_.end()) found->second.made_at -= kTypesFreshFor;
}

// One that is being asked for stays: the calls that wait are as many as there may be calls.
void TypeCache::MakeRoom() {
  if (entries_.size() < kTypeSetsMax) return;
  auto oldest = entries_.end();
  for (auto each = entries_.begin(); each != entries_.end(); ++each) {
    if (each->second.inquiry != 0) continue;
    if (oldest == entries_.end() || each->second.used_at < oldest->second.used_at) oldest = each;
  }
  if (oldest != entries_.end()) entries_.erase(oldest);
}

}  // namespace skald::grpc_call
