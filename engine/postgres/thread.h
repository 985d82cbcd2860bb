// Thread: the one place where this edge starts threads. Joins at its end.
//
// The function must return soon after its owner has asked it to, by means of the owner's own.
#pragma once

#include <functional>
#include <thread>
#include <utility>

namespace skald::postgres {

class Thread {
 public:
  explicit Thread(std::function<void()> run) : thread_(std::move(run)) {}
  ~Thread() { Join(); }
  Thread(const Thread&) = delete;
  Thread& operator=(const Thread&) = delete;

  void Join() {
    if (thread_.joinable()) thread_.join();
  }

 private:
  std::thread thread_;
};

}  // namespace skald::postgres
