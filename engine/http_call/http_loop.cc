#include "engine/http_call/http_loop.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <optional>
#include <utility>

#include "engine/base/check.h"
#include "engine/base/log.h"

namespace skald::http_call {
namespace {

// How long the thread waits when nothing is due; a post or a socket wakes it.
constexpr std::chrono::milliseconds kIdleWait{60'000};

// OpenSSL writes to sockets whose peer may be gone; a blocked signal is none.
void BlockBrokenPipeSignal() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

}  // namespace

HttpLoop::HttpLoop(HttpOptions options, std::unique_ptr<CURLM, MultiDeleter> multi)
    : options_(std::move(options)),
      multi_(std::move(multi)),
      next_check_(MonotonicTime::max()),
      thread_([this] { Loop(); }) {}

HttpLoop::~HttpLoop() {
  {
    base::MutexLock lock(mutex_);
    stopping_ = true;
  }
  curl_multi_wakeup(multi_.get());
  thread_.join();
}

void HttpLoop::Post(ports::RunnerTask task, ports::TaskRunner::Done done) {
  {
    base::MutexLock lock(mutex_);
    if (!stopping_) {
      posted_.push_back({std::move(task), std::move(done)});
      done = nullptr;
    }
  }
  if (done == nullptr) {
    curl_multi_wakeup(multi_.get());
    return;
  }
  done(FailedResult(core::TaskStatus::kFailed, core::Effect::kNone, "the server is stopping"));
}

void HttpLoop::Cancel(std::string_view task_id) {
  {
    base::MutexLock lock(mutex_);
    // More cancels than tasks are repetitions.
    if (canceled_.size() >= options_.calls_max) return;
    canceled_.emplace_back(task_id);
  }
  curl_multi_wakeup(multi_.get());
}

void HttpLoop::Loop() {
  BlockBrokenPipeSignal();
  while (TakePosted()) {
    int running = 0;
    const CURLMcode code = curl_multi_perform(multi_.get(), &running);
    if (code != CURLM_OK) {
      base::LogError("http_call.perform_failed", {{"error", curl_multi_strerror(code)}});
    }
    TakeEnded();
    CheckDeadlines();
    const auto now = std::chrono::steady_clock::now();
    auto wait = kIdleWait;
    if (next_check_ != MonotonicTime::max()) {
      // Rounded up, so that the wait ends behind the deadline and not just before it.
      const auto until = std::chrono::ceil<std::chrono::milliseconds>(next_check_ - now);
      wait = std::clamp(until, std::chrono::milliseconds{0}, kIdleWait);
    }
    curl_multi_poll(multi_.get(), nullptr, 0, static_cast<int>(wait.count()), nullptr);
  }
  CancelAll();
}

bool HttpLoop::TakePosted() {
  std::vector<Posted> posted;
  std::vector<std::string> canceled;
  bool stopping = false;
  {
    base::MutexLock lock(mutex_);
    posted.swap(posted_);
    canceled.swap(canceled_);
    stopping = stopping_;
  }
  for (Posted& each : posted) Begin(std::move(each));
  for (const std::string& task_id : canceled) {
    const auto found = by_task_.find(task_id);
    if (found == by_task_.end()) continue;
    Transfer& transfer = *found->second;
    Detach(transfer);
    Finish(transfer, transfer.Canceled("canceled"));
  }
  return !stopping;
}

void HttpLoop::Begin(Posted posted) {
  auto owned = std::make_unique<Transfer>(options_, std::move(posted.task), std::move(posted.done),
                                          std::chrono::steady_clock::now());
  Transfer& transfer = *owned;
  transfers_.emplace(&transfer, std::move(owned));
  by_task_.emplace(transfer.task_id(), &transfer);
  if (auto result = transfer.Prepare()) {
    Finish(transfer, *std::move(result));
    return;
  }
  Enqueue(transfer);
}

void HttpLoop::Enqueue(Transfer& transfer) {
  next_check_ = std::min(next_check_, transfer.NextDeadline(std::chrono::steady_clock::now()));
  const std::string origin = transfer.origin();
  hosts_[origin].waiting.push_back(&transfer);
  StartWaiting(origin);
}

void HttpLoop::StartWaiting(const std::string& origin) {
  const auto found = hosts_.find(origin);
  if (found == hosts_.end()) return;
  Host& host = found->second;
  while (!host.waiting.empty() && host.open < options_.calls_per_host_max) {
    Transfer& transfer = *host.waiting.front();
    host.waiting.pop_front();
    if (auto result = transfer.Open(std::chrono::steady_clock::now())) {
      Finish(transfer, *std::move(result));
      continue;
    }
    ++host.open;
    CHECK(curl_multi_add_handle(multi_.get(), transfer.easy()) == CURLM_OK);
  }
  if (host.open == 0 && host.waiting.empty()) hosts_.erase(found);
}

void HttpLoop::Detach(Transfer& transfer) {
  const auto host = hosts_.find(transfer.origin());
  if (host == hosts_.end()) return;
  if (transfer.is_open()) {
    curl_multi_remove_handle(multi_.get(), transfer.easy());
    --host->second.open;
  } else {
    std::erase(host->second.waiting, &transfer);
  }
}

void HttpLoop::TakeEnded() {
  int left = 0;
  while (CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;  // the message dies with the removal below
    char* pointer = nullptr;
    CHECK(curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &pointer) == CURLE_OK);
    Transfer& transfer = *reinterpret_cast<Transfer*>(pointer);
    const std::string origin = transfer.origin();
    Detach(transfer);
    if (auto result = transfer.Close(code)) {
      Finish(transfer, *std::move(result));
    } else {
      Enqueue(transfer);
    }
    StartWaiting(origin);
  }
}

void HttpLoop::CheckDeadlines() {
  const MonotonicTime now = std::chrono::steady_clock::now();
  if (now < next_check_) return;
  std::vector<std::pair<Transfer*, ports::RunnerResult>> expired;
  next_check_ = MonotonicTime::max();
  for (const auto& [transfer, owned] : transfers_) {
    if (auto result = transfer->Expired(now)) {
      expired.emplace_back(transfer, *std::move(result));
    } else {
      next_check_ = std::min(next_check_, transfer->NextDeadline(now));
    }
  }
  for (auto& [transfer, result] : expired) {
    const std::string origin = transfer->origin();
    Detach(*transfer);
    Finish(*transfer, std::move(result));
    StartWaiting(origin);
  }
}

void HttpLoop::CancelAll() {
  // Transfers first see their requests gone, so that no host starts the next one.
  hosts_.clear();
  while (!transfers_.empty()) {
    Transfer& transfer = *transfers_.begin()->first;
    if (transfer.is_open()) curl_multi_remove_handle(multi_.get(), transfer.easy());
    Finish(transfer, transfer.Canceled("the server is stopping"));
  }
}

void HttpLoop::Finish(Transfer& transfer, ports::RunnerResult result) {
  const auto [first, last] = by_task_.equal_range(transfer.task_id());
  by_task_.erase(
      std::find_if(first, last, [&](const auto& entry) { return entry.second == &transfer; }));
  const ports::TaskRunner::Done done = transfer.TakeDone();
  transfers_.erase(&transfer);
  done(std::move(result));
}

}  // namespace skald::http_call
