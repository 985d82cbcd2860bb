#include "engine/postgres/commit_pipeline.h"

#include <libpq-fe.h>
#include <poll.h>

#include <array>
#include <chrono>
#include <utility>
#include <vector>

#include "engine/base/log.h"
#include "engine/base/status.h"
#include "engine/postgres/sql_state.h"
#include "engine/postgres/statements.h"
#include "engine/postgres/text.h"
#include "fmt/format.h"

namespace skald::postgres {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kBinary = 1;
constexpr int kTextFormat = 0;
constexpr char kFence[] = "fence";
constexpr char kHistory[] = "history";
constexpr char kPayloads[] = "payloads";
constexpr char kInserted[] = "inserted";
constexpr char kUpdated[] = "updated";
constexpr char kConsumed[] = "consumed";
constexpr std::string_view kUpdateTag = "UPDATE ";

struct Statement {
  const char* name;
  const char* sql;
};
constexpr std::array kStatements = {
    Statement{kFence, kCheckFence},        Statement{kHistory, kInsertHistory},
    Statement{kPayloads, kInsertPayloads}, Statement{kInserted, kInsertWorkflows},
    Statement{kUpdated, kUpdateWorkflows}, Statement{kConsumed, kDeleteStartRequests},
};

struct ResultClear {
  void operator()(PGresult* result) const { PQclear(result); }
};
using Result = std::unique_ptr<PGresult, ResultClear>;

std::string_view Field(const PGresult& result, int code) {
  const char* const text = PQresultErrorField(&result, code);
  return text == nullptr ? std::string_view() : std::string_view(text);
}

void LogNotice(void* /*unused*/, const char* text) {
  base::LogInfo("postgres.notice_received", {{"text", Trimmed(text)}});
}

int LeftMs(Clock::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
  return left > 0 ? static_cast<int>(left) : 0;
}

// A row that exists already was written by somebody else, who therefore owns the workflow. What
// else the journal's contract does not know is a bug of ours.
absl::Status JournalError(std::string_view sql_state, std::string_view text) {
  const absl::Status status = StatusOfSqlState("commit", sql_state, text);
  switch (status.code()) {
    case absl::StatusCode::kAlreadyExists:
      return absl::AbortedError(status.message());
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kResourceExhausted:
      return status;
    default:
      return absl::InternalError(status.message());
  }
}

}  // namespace

void CommitPipeline::Close::operator()(pg_conn* connection) const { PQfinish(connection); }

CommitPipeline::CommitPipeline(std::string connection_string, const Wake& wake)
    : connection_string_(std::move(connection_string)), wake_(wake) {}

CommitPipeline::~CommitPipeline() = default;

absl::Status CommitPipeline::LibraryError(std::string_view what) const {
  return absl::UnavailableError(
      fmt::format("{}: {}", what, Trimmed(PQerrorMessage(connection_.get()))));
}

// While it lies idle the server has nothing to say but that it is ending. Its farewell comes before
// the end of the connection, so anything that can be read is reason enough to connect anew: what
// is sent into an ending connection is UNKNOWN for nothing.
bool CommitPipeline::connected() {
  if (connection_ == nullptr) return false;
  pollfd socket{.fd = PQsocket(connection_.get()), .events = POLLIN, .revents = 0};
  if (poll(&socket, 1, 0) == 0) return true;
  connection_.reset();
  return false;
}

absl::Status CommitPipeline::Connect() {
  absl::Status status = Establish();
  if (status.ok()) status = Prepare();
  if (!status.ok()) connection_.reset();
  return status;
}

absl::Status CommitPipeline::Establish() {
  const Clock::time_point deadline = Clock::now() + std::chrono::milliseconds(kConnectTimeoutMs);
  connection_.reset(PQconnectStart(connection_string_.c_str()));
  if (connection_ == nullptr) return absl::UnavailableError("connect: out of memory");
  if (PQstatus(connection_.get()) == CONNECTION_BAD) return LibraryError("connect");
  PQsetNoticeProcessor(connection_.get(), &LogNotice, nullptr);
  short events = POLLOUT;
  while (true) {
    const Waited waited = WaitFor(PQsocket(connection_.get()), events, wake_, LeftMs(deadline));
    if (waited == Waited::kWoken) return absl::CancelledError("connect: stopping");
    if (waited == Waited::kTimeout) return absl::UnavailableError("connect: no answer in time");
    const PostgresPollingStatusType step = PQconnectPoll(connection_.get());
    if (step == PGRES_POLLING_FAILED) return LibraryError("connect");
    if (step == PGRES_POLLING_OK) break;
    events = step == PGRES_POLLING_READING ? POLLIN : POLLOUT;
  }
  return absl::OkStatus();
}

// The settings and all statements, in one round trip after the first.
absl::Status CommitPipeline::Prepare() {
  const Result settings(PQexec(connection_.get(), kCommitSettings));
  if (PQresultStatus(settings.get()) != PGRES_COMMAND_OK) return LibraryError("set up");
  if (PQsetnonblocking(connection_.get(), 1) != 0 || PQenterPipelineMode(connection_.get()) != 1) {
    return LibraryError("enter pipeline mode");
  }
  for (const Statement& statement : kStatements) {
    if (PQsendPrepare(connection_.get(), statement.name, statement.sql, 0, nullptr) != 1) {
      return LibraryError(statement.name);
    }
  }
  if (PQpipelineSync(connection_.get()) != 1) return LibraryError("prepare");
  const Answer answer = AwaitSync(kConnectTimeoutMs);
  return answer.lost.ok() ? answer.status : answer.lost;
}

absl::Status CommitPipeline::Begin(const ports::NodeLease& lease, CommitParameters parameters) {
  return SendBatch(lease, parameters);
}

absl::Status CommitPipeline::Finish(absl::Status begun) {
  if (!begun.ok()) {
    connection_.reset();  // before the sync: nothing can have been written
    return begun;
  }
  const Answer answer = AwaitSync(kCommitTimeoutMs);
  if (answer.lost.ok()) return answer.status;
  connection_.reset();
  if (!answer.status.ok()) return answer.status;
  if (absl::IsCancelled(answer.lost)) return answer.lost;
  return answer.all_sent ? absl::UnknownError(answer.lost.message()) : answer.lost;
}

absl::Status CommitPipeline::SendBatch(const ports::NodeLease& lease,
                                       CommitParameters& parameters) {
  RETURN_IF_ERROR(SendFence(lease));
  RETURN_IF_ERROR(SendArrays(kHistory, parameters.history));
  RETURN_IF_ERROR(SendArrays(kPayloads, parameters.payloads));
  RETURN_IF_ERROR(SendArrays(kInserted, parameters.inserted));
  updates_sent_ = fmt::format("{}", parameters.updated.front().count());
  RETURN_IF_ERROR(SendArrays(kUpdated, parameters.updated));
  RETURN_IF_ERROR(SendArrays(kConsumed, parameters.consumed));
  return PQpipelineSync(connection_.get()) == 1 ? absl::OkStatus() : LibraryError("commit");
}

absl::Status CommitPipeline::SendFence(const ports::NodeLease& lease) {
  const std::string epoch = fmt::format("{}", lease.epoch);
  const std::array<const char*, 2> values = {lease.node_id.c_str(), epoch.c_str()};
  const int sent = PQsendQueryPrepared(connection_.get(), kFence, values.size(), values.data(),
                                       nullptr, nullptr, kTextFormat);
  return sent == 1 ? absl::OkStatus() : LibraryError(kFence);
}

absl::Status CommitPipeline::SendArrays(const char* statement, ArrayParameters& arrays) {
  if (arrays.front().count() == 0) return absl::OkStatus();
  std::vector<const char*> values;
  std::vector<int> lengths;
  for (BinaryArray& array : arrays) {
    const std::string_view bytes = array.Bytes();
    values.push_back(bytes.data());
    lengths.push_back(static_cast<int>(bytes.size()));
  }
  const std::vector<int> formats(arrays.size(), kBinary);
  const int sent =
      PQsendQueryPrepared(connection_.get(), statement, static_cast<int>(arrays.size()),
                          values.data(), lengths.data(), formats.data(), kBinary);
  return sent == 1 ? absl::OkStatus() : LibraryError(statement);
}

CommitPipeline::Answer CommitPipeline::AwaitSync(int timeout_ms) {
  const Clock::time_point deadline = Clock::now() + std::chrono::milliseconds(timeout_ms);
  Answer answer;
  null_before_ = false;
  while (true) {
    const int flushed = PQflush(connection_.get());
    answer.all_sent = answer.all_sent || flushed == 0;
    const short events = static_cast<short>(flushed == 0 ? POLLIN : POLLIN | POLLOUT);
    const Waited waited = WaitFor(PQsocket(connection_.get()), events, wake_, LeftMs(deadline));
    if (waited == Waited::kWoken) {
      answer.lost = absl::CancelledError("commit: stopping before the answer");
      return answer;
    }
    if (waited == Waited::kTimeout) {
      answer.lost = absl::UnavailableError("commit: no answer in time");
      return answer;
    }
    const bool alive = PQconsumeInput(connection_.get()) == 1;
    if (TakeAnswers(answer)) return answer;
    if (!answer.lost.ok()) return answer;
    if (!alive || PQstatus(connection_.get()) != CONNECTION_OK) {
      answer.lost = LibraryError("commit");
      return answer;
    }
  }
}

// In a pipeline a null stands behind the results of each statement, and alone when nothing is
// there yet.
bool CommitPipeline::TakeAnswers(Answer& answer) {
  while (PQisBusy(connection_.get()) == 0) {
    const Result result(PQgetResult(connection_.get()));
    if (result == nullptr) {
      if (null_before_) return false;
      null_before_ = true;
      continue;
    }
    null_before_ = false;
    if (PQresultStatus(result.get()) == PGRES_PIPELINE_SYNC) return true;
    TakeAnswer(*result, answer);
    if (!answer.lost.ok()) return false;
  }
  return false;
}

// A workflow that has ended may be removed while it is being opened again. Then nobody must hear
// that this has been recorded.
void CommitPipeline::CheckUpdated(const pg_result& result, Answer& answer) const {
  const std::string_view done = PQcmdStatus(const_cast<pg_result*>(&result));
  if (!done.starts_with(kUpdateTag) || !answer.status.ok()) return;
  if (done.substr(kUpdateTag.size()) == updates_sent_) return;
  answer.status = absl::UnknownError(fmt::format(
      "commit: {} workflows to be updated, {}: one has been removed", updates_sent_, done));
}

void CommitPipeline::TakeAnswer(const pg_result& result, Answer& answer) {
  const ExecStatusType outcome = PQresultStatus(&result);
  if (outcome == PGRES_COMMAND_OK || outcome == PGRES_TUPLES_OK)
    return CheckUpdated(result, answer);
  if (outcome == PGRES_PIPELINE_ABORTED) return;  // follows the error of an earlier statement
  const std::string_view sql_state = Field(result, PG_DIAG_SQLSTATE);
  const std::string text = Trimmed(PQresultErrorMessage(&result));
  const bool of_statement = Field(result, PG_DIAG_SEVERITY_NONLOCALIZED) == "ERROR";
  if (!of_statement || sql_state.empty()) {
    answer.lost = absl::UnavailableError(fmt::format("commit: {}", text));
  } else if (answer.status.ok()) {
    answer.status = JournalError(sql_state, text);
  }
}

}  // namespace skald::postgres
