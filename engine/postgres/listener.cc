#include "engine/postgres/listener.h"

#include <poll.h>

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "engine/base/log.h"
#include "engine/postgres/guard.h"

namespace skald::postgres {
namespace {

constexpr int kRetryMs = 50;
constexpr int kRetryMsMax = 2'000;
constexpr int kWaitMs = 3'600'000;  // nothing is done when it passes

class Receiver : public pqxx::notification_receiver {
 public:
  Receiver(pqxx::connection_base& connection, const std::string& channel,
           const std::function<void(const std::string&)>& notified)
      : notification_receiver(connection, channel), notified_(notified) {}

  void operator()(const std::string& payload, int /*backend_pid*/) override { notified_(payload); }

 private:
  const std::function<void(const std::string&)>& notified_;
};

}  // namespace

Listener::Listener(std::string connection_string, std::string channel, ListenerCallbacks callbacks)
    : connection_string_(std::move(connection_string)),
      channel_(std::move(channel)),
      callbacks_(std::move(callbacks)),
      thread_([this] { Run(); }) {}

Listener::~Listener() {
  stop_.Raise();
  thread_.Join();
}

void Listener::Run() {
  int retry_ms = kRetryMs;
  const Phase phase = Phase::kBody;
  while (!stop_.raised()) {
    was_connected_ = false;
    const Guarded outcome = Guard("listen", phase, [this] { return Serve(); });
    if (was_connected_) retry_ms = kRetryMs;
    if (stop_.raised()) return;
    base::LogWarn(
        "postgres.listener_lost",
        {{"channel", channel_}, {"error", outcome.status.message()}, {"retry_ms", retry_ms}});
    if (WaitFor(-1, 0, stop_, retry_ms) == Waited::kWoken) return;
    retry_ms = std::min(retry_ms * 2, kRetryMsMax);
  }
}

absl::Status Listener::Serve() {
  pqxx::connection connection(connection_string_);
  const Receiver receiver(connection, channel_, callbacks_.notified);
  {
    pqxx::nontransaction transaction(connection);
    callbacks_.connected(transaction);
  }
  was_connected_ = true;
  while (WaitFor(connection.sock(), POLLIN, stop_, kWaitMs) != Waited::kWoken) {
    connection.get_notifs();
  }
  return absl::OkStatus();
}

}  // namespace skald::postgres
