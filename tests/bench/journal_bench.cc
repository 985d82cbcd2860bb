// skald_journal_bench: what a commit of the PostgreSQL journal costs, without an engine.
//
//   skald_journal_bench [SECONDS per figure]
//
// Per batch size: history rows alone, and the mix of a chain of 3 steps, in which a third of the
// rows begin a workflow and a third end one. Then the same single row over a plain prepared INSERT,
// which is the floor of a commit. A throw-away cluster, durable as in production.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "engine/base/ids.h"
#include "engine/base/log.h"
#include "engine/base/status.h"
#include "engine/postgres/migrate.h"
#include "engine/postgres/pg_journal.h"
#include "tests/bench/bench_cluster.h"
#include "tests/bench/usage.h"

namespace skald::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kBatchSizes[] = {1, 16, 200, 1000};
constexpr std::int64_t kBirthMs = 1'795'300'000'000;
constexpr core::TimeUs kNowUs = kBirthMs * core::kMillisecondUs;

// One task's row as the engine writes it: a result of 256 bytes, the next task and its start.
std::string Events() {
  const std::string payload = "{\"data\":\"" + std::string(245, 'x') + "\"}";
  return R"([{"type":"TaskCompleted","task":1,"output":)" + payload +
         R"(},{"type":"TaskScheduled","task":2,"run":2,"step":1,"task_type":"work","ref":"two",)"
         R"("input":{},"after":[1]},)"
         R"({"type":"TaskStarted","task":2,"worker":"w","incarnation":"i"}])";
}

struct Figures {
  double rows_per_s = 0;
  double p50_ms = 0;
  double postgres_cpu_us_per_row = 0;
};

void Print(const char* what, std::size_t rows, const Figures& figures) {
  std::printf("%-14s rows/commit=%-5zu rows/s=%-8.0f commit_p50_ms=%-7.3f cpu_us/row=%.1f\n", what,
              rows, figures.rows_per_s, figures.p50_ms, figures.postgres_cpu_us_per_row);
}

// Repeats `commit`, which writes `rows` rows, for `seconds`.
absl::StatusOr<Figures> Measure(const BenchCluster& cluster, double seconds, std::size_t rows,
                                const std::function<absl::Status()>& commit) {
  constexpr int kWarmUp = 50;
  for (int i = 0; i < kWarmUp; ++i) RETURN_IF_ERROR(commit());
  std::vector<double> times_ms;
  const std::int64_t cpu_before_us = ProcessTreeCpuUs(cluster.pid());
  const Clock::time_point begin = Clock::now();
  const Clock::time_point end = begin + std::chrono::microseconds(std::int64_t(seconds * 1e6));
  while (Clock::now() < end) {
    const Clock::time_point asked = Clock::now();
    RETURN_IF_ERROR(commit());
    times_ms.push_back(std::chrono::duration<double, std::milli>(Clock::now() - asked).count());
  }
  const double took_s = std::chrono::duration<double>(Clock::now() - begin).count();
  const double cpu_us = double(ProcessTreeCpuUs(cluster.pid()) - cpu_before_us);
  const double all_rows = double(times_ms.size() * rows);
  std::nth_element(times_ms.begin(), times_ms.begin() + std::ptrdiff_t(times_ms.size() / 2),
                   times_ms.end());
  return Figures{all_rows / took_s, times_ms[times_ms.size() / 2], cpu_us / all_rows};
}

// Makes batches of ever new workflows; each workflow has one row in this bench.
class Batches {
 public:
  Batches(postgres::PgJournal& journal, ports::NodeLease lease)
      : journal_(journal), lease_(std::move(lease)) {}

  // Of each three rows, one begins a workflow and one ends the workflow of the batch before.
  absl::Status Commit(std::size_t rows, bool mixed) {
    ports::CommitBatch batch{.lease = lease_};
    std::vector<core::WorkflowId> begun;
    for (std::size_t i = 0; i < rows; ++i) {
      ++number_;
      const core::WorkflowId id =
          base::UuidV7(kBirthMs + std::int64_t(number_ / 50), number_, number_ * 2'654'435'761U);
      ports::WorkflowWrite write{
          .id = id, .first_seq = 1, .last_seq = 3, .events = events_, .at = kNowUs};
      if (mixed && i % 3 == 0) {
        write.row = Row(true);
        begun.push_back(id);
      } else if (mixed && i % 3 == 1 && !open_.empty()) {
        write.id = open_.back();
        write.first_seq = 4;
        write.last_seq = 6;
        write.row = Row(false);
        open_.pop_back();
      }
      batch.writes.push_back(std::move(write));
    }
    open_ = std::move(begun);
    std::promise<absl::Status> done;
    journal_.Commit(std::move(batch), [&](absl::Status status) { done.set_value(status); });
    return done.get_future().get();
  }

 private:
  static ports::WorkflowRow Row(bool insert) {
    return {.insert = insert,
            .name_space = "default",
            .name = "chain3",
            .version = 1,
            .definition_id = 1,
            .status = insert ? core::WorkflowStatus::kRunning : core::WorkflowStatus::kCompleted,
            .started_at = kNowUs,
            .updated_at = kNowUs,
            .ended_at = insert ? 0 : kNowUs};
  }

  postgres::PgJournal& journal_;
  const ports::NodeLease lease_;
  const std::string events_ = Events();
  std::uint64_t number_ = 0;
  std::vector<core::WorkflowId> open_;
};

absl::Status MeasureFloor(const BenchCluster& cluster, const std::string& url, double seconds) {
  ASSIGN_OR_RETURN(Database database, Database::Connect(url));
  RETURN_IF_ERROR(
      database.Run("CREATE TABLE raw (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY "
                   "KEY, at timestamptz, events bytea)"));
  RETURN_IF_ERROR(
      database.Run("PREPARE raw (bytea) AS INSERT INTO raw (at, events) VALUES "
                   "(now(), $1)"));
  const std::string sql = "EXECUTE raw ('" + Events() + "')";
  ASSIGN_OR_RETURN(const Figures figures,
                   Measure(cluster, seconds, 1, [&] { return database.Run(sql); }));
  Print("plain insert", 1, figures);
  return absl::OkStatus();
}

absl::Status Run(double seconds) {
  ASSIGN_OR_RETURN(const auto cluster, BenchCluster::Start());
  ASSIGN_OR_RETURN(const std::string url, cluster->CreateDatabase("journal"));
  RETURN_IF_ERROR(postgres::Migrate(url).status());
  ASSIGN_OR_RETURN(const auto journal, postgres::PgJournal::Open(url));
  std::promise<absl::StatusOr<ports::NodeLease>> acquired;
  journal->AcquireNode("bench", 3'600 * core::kSecondUs,
                       [&](absl::StatusOr<ports::NodeLease> lease) { acquired.set_value(lease); });
  ASSIGN_OR_RETURN(const ports::NodeLease lease, acquired.get_future().get());
  Batches batches(*journal, lease);
  RETURN_IF_ERROR(MeasureFloor(*cluster, url, seconds));
  for (const bool mixed : {false, true}) {
    for (const std::size_t rows : kBatchSizes) {
      ASSIGN_OR_RETURN(const Figures figures, Measure(*cluster, seconds, rows,
                                                      [&] { return batches.Commit(rows, mixed); }));
      Print(mixed ? "chain of 3" : "history alone", rows, figures);
    }
  }
  return absl::OkStatus();
}

}  // namespace
}  // namespace skald::bench

int main(int argc, char** argv) {
  double seconds = 3;
  if (argc > 1 && !absl::SimpleAtod(argv[1], &seconds)) {
    std::fprintf(stderr, "usage: skald_journal_bench [SECONDS]\n");
    return 2;
  }
  skald::base::SetLogLevel(skald::base::LogLevel::kWarn);
  const absl::Status status = skald::bench::Run(seconds);
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return status.ok() ? 0 : 1;
}
