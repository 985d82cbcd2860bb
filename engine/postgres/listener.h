// Listener: a connection of its own that waits for notices of the database.
//
// Connects again after a loss, with growing delays. Sends nothing while it waits. Owns its thread;
// the callbacks run on it, must not block long, and are not called any more once the destructor
// has returned.
#pragma once

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "engine/postgres/thread.h"
#include "engine/postgres/wake.h"
#include "pqxx/pqxx"

namespace skald::postgres {

struct ListenerCallbacks {
  // After each connect, once notices can no longer be missed. May throw what libpqxx throws.
  std::function<void(pqxx::transaction_base& transaction)> connected;
  std::function<void(const std::string& payload)> notified;
};

class Listener {
 public:
  // `connection_string` as CompleteConnectionString made it.
  Listener(std::string connection_string, std::string channel, ListenerCallbacks callbacks);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

 private:
  void Run();
  absl::Status Serve();

  const std::string connection_string_;
  const std::string channel_;
  const ListenerCallbacks callbacks_;
  bool was_connected_ = false;  // since the last attempt
  Wake stop_;
  Thread thread_;  // last: starts when everything else stands
};

}  // namespace skald::postgres
