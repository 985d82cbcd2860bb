// Session: one connection over libpqxx, connected at the first use and again after a loss.
//
// One thread at a time, save Cancel. Exceptions may leave a body and end in the session.
// Errors: whatever the body returned, else as Guard says: UNAVAILABLE when nothing was written,
// UNKNOWN when the answer to a commit was lost.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "engine/base/mutex.h"
#include "engine/postgres/guard.h"
#include "pqxx/pqxx"

namespace skald::postgres {

class Session {
 public:
  using Body = std::function<absl::Status(pqxx::transaction_base&)>;

  // `connection_string` as CompleteConnectionString made it.
  explicit Session(std::string connection_string);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Runs `body` in a transaction and commits it if the body returns OK. `what` names it in errors.
  absl::Status Transact(std::string_view what, const Body& body);
  // The same, reading only, and all statements of the body see the same moment.
  absl::Status Read(std::string_view what, const Body& body);

  // Makes the statement under way, if any, fail. Any thread.
  void Cancel();

 private:
  template <typename Transaction>
  absl::Status Run(std::string_view what, const Body& body);
  void Connect();
  void Drop();

  const std::string connection_string_;
  base::Mutex mutex_;                             // for Cancel: held where connection_ changes
  std::unique_ptr<pqxx::connection> connection_;  // changed by the using thread only
};

}  // namespace skald::postgres
