// CommitPipeline: the commit's own connection. The one file of this edge that speaks libpq instead
// of libpqxx, which has neither pipelines nor binary array parameters.
//
// A commit is one round trip: fence check, inserts, update, delete, sync. Statements between two
// syncs share one implicit transaction, which the sync commits. Statements without rows are not
// sent. Single-threaded: two threads may share it that never use it at once; raising the wake ends
// every wait.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "engine/ports/journal.h"
#include "engine/postgres/commit_parameters.h"
#include "engine/postgres/wake.h"

struct pg_conn;
struct pg_result;

namespace skald::postgres {

// How long a connection may take to be made and prepared, and a commit to be answered.
inline constexpr int kConnectTimeoutMs = 5'000;
inline constexpr int kCommitTimeoutMs = 40'000;  // beyond the server's own statement_timeout

class CommitPipeline {
 public:
  // `connection_string` as CompleteConnectionString made it; `wake` outlives the pipeline.
  CommitPipeline(std::string connection_string, const Wake& wake);
  ~CommitPipeline();
  CommitPipeline(const CommitPipeline&) = delete;
  CommitPipeline& operator=(const CommitPipeline&) = delete;

  // False also when the server has closed the connection meanwhile.
  bool connected();

  // Connects and prepares. UNAVAILABLE: not possible now. INTERNAL: the schema is not ours.
  absl::Status Connect();

  // Errors as ports::Journal. After UNAVAILABLE and UNKNOWN the connection is closed. CANCELLED:
  // the wake was raised.
  absl::Status Commit(const ports::NodeLease& lease, CommitParameters parameters) {
    return Finish(Begin(lease, std::move(parameters)));
  }
  // Its halves. Begin does not wait: it sends what the socket takes, and returns what Finish is to
  // be given.
  absl::Status Begin(const ports::NodeLease& lease, CommitParameters parameters);
  absl::Status Finish(absl::Status begun);

 private:
  struct Close {
    void operator()(pg_conn* connection) const;
  };

  // What the answers up to the sync said.
  struct Answer {
    absl::Status status;    // the first error of a statement: nothing was written
    absl::Status lost;      // not OK: the connection ended, or the wait did, before the sync
    bool all_sent = false;  // the sync has left: without an answer it may have been carried out
  };

  absl::Status Establish();
  absl::Status Prepare();
  absl::Status SendFence(const ports::NodeLease& lease);
  absl::Status SendArrays(const char* statement, ArrayParameters& arrays);
  absl::Status SendBatch(const ports::NodeLease& lease, CommitParameters& parameters);
  Answer AwaitSync(int timeout_ms);
  // True when the sync was among the answers that are here already.
  bool TakeAnswers(Answer& answer);
  void TakeAnswer(const pg_result& result, Answer& answer);
  void CheckUpdated(const pg_result& result, Answer& answer) const;
  absl::Status LibraryError(std::string_view what) const;

  const std::string connection_string_;
  const Wake& wake_;
  std::unique_ptr<pg_conn, Close> connection_;
  std::string updates_sent_;  // rows of the batch's update
  bool null_before_ = false;  // the last result taken was a null: two in a row end the answers
};

}  // namespace skald::postgres
