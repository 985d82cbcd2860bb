// FloorStore: the floor's database, one connection, one round trip per commit.
//
// All statements of a commit and the sync that ends their implicit transaction go down one libpq
// pipeline; rows travel as binary arrays. Single-threaded. Errors: UNAVAILABLE when the database is
// not there, INTERNAL for anything it refuses; after either the store is of no further use.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

struct pg_conn;

namespace skald::bench {

// What one transaction writes. The views have to outlive the commit.
struct FloorRows {
  struct Row {
    uint64_t workflow_id = 0;
    uint32_t step = 0;
    std::string_view payload;
  };
  std::vector<Row> started;     // one workflow row each, inserted
  std::vector<Row> results;     // one history row each
  std::vector<uint64_t> ended;  // one workflow row each, updated
};

class FloorStore {
 public:
  // Connects, makes the tables when they are not there and prepares the statements.
  static absl::StatusOr<FloorStore> Open(const std::string& database_url);

  // Returns once all rows are durable.
  absl::Status Commit(const FloorRows& rows);

 private:
  struct Close {
    void operator()(pg_conn* connection) const;
  };
  using Connection = std::unique_ptr<pg_conn, Close>;

  explicit FloorStore(Connection connection);

  absl::Status SendStarted(const std::vector<FloorRows::Row>& rows);
  absl::Status SendResults(const std::vector<FloorRows::Row>& rows);
  absl::Status SendEnded(const std::vector<uint64_t>& workflow_ids);
  absl::Status Sync();

  Connection connection_;
};

}  // namespace skald::bench
