// HttpLoop: the thread of HttpRunner, with all its transfers.
//
// Post() and Cancel() are thread-safe and wake the thread; the rest is the thread's own. The
// destructor cancels what is left and joins.
#pragma once

#include <curl/curl.h>

#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "engine/base/mutex.h"
#include "engine/http_call/http_runner.h"
#include "engine/http_call/transfer.h"

namespace skald::http_call {

struct MultiDeleter {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};

class HttpLoop {
 public:
  // `multi` is not null.
  HttpLoop(HttpOptions options, std::unique_ptr<CURLM, MultiDeleter> multi);
  ~HttpLoop();
  HttpLoop(const HttpLoop&) = delete;
  HttpLoop& operator=(const HttpLoop&) = delete;

  void Post(ports::RunnerTask task, ports::TaskRunner::Done done);
  void Cancel(std::string_view task_id);
  const HttpOptions& options() const { return options_; }

 private:
  struct Posted {
    ports::RunnerTask task;
    ports::TaskRunner::Done done;
  };
  // One scheme://host:port: how many requests are under way, and who waits for that.
  struct Host {
    std::size_t open = 0;
    std::deque<Transfer*> waiting;
  };

  void Loop();
  bool TakePosted();  // false: stop
  void Begin(Posted posted);
  void Enqueue(Transfer& transfer);
  void StartWaiting(const std::string& origin);
  void TakeEnded();
  void CheckDeadlines();
  void CancelAll();
  // Takes the transfer out of libcurl and its host.
  void Detach(Transfer& transfer);
  void Finish(Transfer& transfer, ports::RunnerResult result);

  const HttpOptions options_;
  const std::unique_ptr<CURLM, MultiDeleter> multi_;

  base::Mutex mutex_;
  std::vector<Posted> posted_ GUARDED_BY(mutex_);
  std::vector<std::string> canceled_ GUARDED_BY(mutex_);
  bool stopping_ GUARDED_BY(mutex_) = false;

  // The thread's own.
  std::unordered_map<Transfer*, std::unique_ptr<Transfer>> transfers_;
  std::unordered_multimap<std::string, Transfer*> by_task_;
  std::map<std::string, Host> hosts_;
  MonotonicTime next_check_;  // no deadline is before it

  std::thread thread_;  // last: it uses all of the above
};

}  // namespace skald::http_call
