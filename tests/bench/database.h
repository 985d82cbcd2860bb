// Database: a plain connection for the bench's own questions to PostgreSQL. Single-threaded.
// Errors: UNAVAILABLE without a connection, INTERNAL when a statement is refused.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

struct pg_conn;

namespace skald::bench {

class Database {
 public:
  static absl::StatusOr<Database> Connect(const std::string& url);

  absl::Status Run(const std::string& sql);

  // The single row that `sql` yields, each column as a number.
  absl::StatusOr<std::vector<double>> Numbers(const std::string& sql);

 private:
  struct Close {
    void operator()(pg_conn* connection) const;
  };
  explicit Database(pg_conn* connection) : connection_(connection) {}

  std::unique_ptr<pg_conn, Close> connection_;
};

}  // namespace skald::bench
