#include "tests/bench/timers_client.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <thread>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "engine/base/mutex.h"
#include "engine/base/status.h"
#include "skald/v1/workflow.grpc.pb.h"
#include "tests/bench/engine_client.h"

namespace skald::bench {
namespace {

using Clock = std::chrono::system_clock;

constexpr std::chrono::seconds kTimersPatience(120);
constexpr std::chrono::milliseconds kTimersPoll(20);
constexpr std::uint32_t kTimersStartsPerCall = 500;
constexpr std::uint32_t kSinglePauseMs = 150;
constexpr std::int64_t kLeadSeconds = 15;  // for all starts, on a busy machine
constexpr std::int64_t kSingleSeconds = 3;
constexpr double kUsPerMs = 1e3;
constexpr std::int64_t kUsPerSecond = 1'000'000;
constexpr char kNobody[] = "bench_nobody";

std::int64_t NowUs() {
  return std::chrono::duration_cast<std::chrono::microseconds>(Clock::now().time_since_epoch())
      .count();
}

// The key under which an event says when the timer is due.
const char* DueKey(TimerKind kind) {
  switch (kind) {
    case TimerKind::kWait:
      return "\"available_at\":";
    case TimerKind::kPollTimeout:
      return "\"poll_timeout_at\":";
    case TimerKind::kWorkflowTimeout:
      break;
  }
  return "\"timeout_at\":";
}

// A definition whose only timer is `seconds` long. Time-outs are no expressions, so each length is
// a definition of its own.
std::string Definition(TimerKind kind, const std::string& name, std::int64_t seconds) {
  std::string step = R"("type":"HUMAN","name":"ask","taskReferenceName":"ask")";
  std::string more;
  if (kind == TimerKind::kWait) {
    step = absl::StrCat(R"("type":"WAIT","name":"wait","taskReferenceName":"wait",)",
                        R"("inputParameters":{"duration":")", seconds, R"( seconds"})");
  } else if (kind == TimerKind::kPollTimeout) {
    step = absl::StrCat(R"("type":"SIMPLE","name":")", kNobody, R"(","taskReferenceName":"task",)",
                        R"("taskDefinition":{"name":")", kNobody,
                        R"(","retryCount":0,"timeoutPolicy":"TIME_OUT_WF","pollTimeoutSeconds":)",
                        seconds, "}");
  } else {
    more = absl::StrCat(R"(,"timeoutSeconds":)", seconds, R"(,"timeoutPolicy":"TIME_OUT_WF")");
  }
  return absl::StrCat(R"({"name":")", name, R"(","version":1,"schemaVersion":2,"tasks":[{)", step,
                      "}]", more, "}");
}

// What a watch of one correlation id heard. Thread-safe.
class Heard {
 public:
  explicit Heard(TimerKind kind) : key_(DueKey(kind)) {}

  void Take(const v1::WatchResponse::Notice& notice, std::int64_t now_us) {
    base::MutexLock lock(mutex_);
    for (const v1::HistoryEvent& event : notice.events()) {
      const std::size_t at = event.body().find(key_);
      std::int64_t due_us = 0;
      if (at == std::string::npos || due_us_.contains(notice.workflow_id())) continue;
      const std::string digits = event.body().substr(at + key_.size(), 16);
      if (absl::SimpleAtoi(digits.substr(0, digits.find_first_not_of("0123456789")), &due_us)) {
        due_us_[notice.workflow_id()] = due_us;
      }
    }
    if (notice.ended_as() == v1::WORKFLOW_STATUS_UNSPECIFIED) return;
    const std::int64_t due_us = due_us_[notice.workflow_id()];
    told_us_.push_back(now_us - due_us);
    decided_us_.push_back(notice.events(notice.events_size() - 1).at_us() - due_us);
  }
  // How late each was, of those that ended so far.
  std::vector<std::int64_t> told_us() const {
    base::MutexLock lock(mutex_);
    return told_us_;
  }
  std::vector<std::int64_t> decided_us() const {
    base::MutexLock lock(mutex_);
    return decided_us_;
  }

 private:
  const std::string key_;
  mutable base::Mutex mutex_;
  std::map<std::string, std::int64_t> due_us_ GUARDED_BY(mutex_);
  std::vector<std::int64_t> told_us_ GUARDED_BY(mutex_);
  std::vector<std::int64_t> decided_us_ GUARDED_BY(mutex_);
};

// Listens until it is destroyed.
class Listener {
 public:
  static absl::StatusOr<std::unique_ptr<Listener>> Begin(
      const std::shared_ptr<grpc::Channel>& channel, const std::string& correlation_id,
      Heard& heard) {
    auto listener = std::unique_ptr<Listener>(new Listener());
    v1::WatchRequest request;
    request.set_correlation_id(correlation_id);
    listener->reader_ = v1::WorkflowService::NewStub(channel)->Watch(&listener->context_, request);
    v1::WatchResponse response;
    if (!listener->reader_->Read(&response)) return absl::UnavailableError("the watch ended");
    listener->thread_ = std::thread([reader = listener->reader_.get(), &heard] {
      v1::WatchResponse told;
      while (reader->Read(&told)) {
        const std::int64_t now_us = NowUs();
        for (const v1::WatchResponse::Notice& notice : told.notices()) heard.Take(notice, now_us);
      }
    });
    return listener;
  }
  ~Listener() {
    context_.TryCancel();
    if (thread_.joinable()) thread_.join();
  }

 private:
  Listener() = default;

  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<v1::WatchResponse>> reader_;
  std::thread thread_;
};

absl::Status StartBatch(const std::shared_ptr<grpc::Channel>& channel, const std::string& name,
                        const std::string& correlation_id, std::uint32_t count) {
  const auto stub = v1::WorkflowService::NewStub(channel);
  v1::StartManyRequest request;
  for (std::uint32_t i = 0; i < count; ++i) {
    v1::StartRequest& start = *request.add_starts();
    start.set_name(name);
    start.set_correlation_id(correlation_id);
  }
  grpc::ClientContext context;
  v1::StartManyResponse response;
  RETURN_IF_ERROR(FromGrpc(stub->StartMany(&context, request, &response), "start workflows"));
  for (const v1::StartManyResponse::Outcome& outcome : response.outcomes()) {
    if (outcome.code() != grpc::StatusCode::OK) {
      return absl::InternalError(absl::StrCat("start a workflow: ", outcome.error()));
    }
  }
  return absl::OkStatus();
}

Report Figures(std::vector<std::int64_t> late_us, std::vector<std::int64_t> decided_us) {
  std::sort(late_us.begin(), late_us.end());
  std::sort(decided_us.begin(), decided_us.end());
  const auto at = [&](double share) {
    const auto index = static_cast<std::size_t>(share * static_cast<double>(late_us.size() - 1));
    return static_cast<double>(late_us[index]) / kUsPerMs;
  };
  // Told before it was due on this machine's clock, or decided so on the engine's.
  const auto early =
      std::count_if(late_us.begin(), late_us.end(), [](auto us) { return us < 0; }) +
      std::count_if(decided_us.begin(), decided_us.end(), [](auto us) { return us < 0; });
  return {{"count", static_cast<double>(late_us.size())},
          {"early", static_cast<double>(early)},
          {"late_p50_ms", at(0.5)},
          {"late_p99_ms", at(0.99)},
          {"late_max_ms", at(1)},
          {"late_min_ms", at(0)},
          {"decided_max_ms", static_cast<double>(decided_us.back()) / kUsPerMs}};
}

}  // namespace

TimersClient::TimersClient(const std::string& address) : channel_(ConnectEngine(address)) {}

absl::StatusOr<Report> TimersClient::Run(TimerKind kind, const std::vector<std::uint32_t>& batches,
                                         std::uint32_t pause_ms, bool same_second) {
  const std::string run = absl::StrCat("timers", static_cast<int>(kind), "_", ++runs_);
  const auto name = [&](std::int64_t seconds) { return absl::StrCat(run, "_", seconds); };
  const std::int64_t longest = same_second ? kLeadSeconds : kSingleSeconds;
  std::vector<std::string> definitions;
  for (std::int64_t seconds = 1; seconds <= longest; ++seconds) {
    definitions.push_back(Definition(kind, name(seconds), seconds));
  }
  RETURN_IF_ERROR(RegisterDefinitions(channel_, {}, definitions));
  Heard heard(kind);
  ASSIGN_OR_RETURN(const auto listener, Listener::Begin(channel_, run, heard));
  const std::int64_t target_us = NowUs() + longest * kUsPerSecond;
  std::size_t count = 0;
  for (const std::uint32_t batch : batches) {
    const std::int64_t left_us = std::max<std::int64_t>(target_us - NowUs(), 1);
    const std::int64_t seconds =
        same_second ? std::clamp<std::int64_t>((left_us - 1) / kUsPerSecond + 1, 1, longest)
                    : 1 + static_cast<std::int64_t>(count) % longest;
    RETURN_IF_ERROR(StartBatch(channel_, name(seconds), run, batch));
    count += batch;
    if (pause_ms > 0) std::this_thread::sleep_for(std::chrono::milliseconds(pause_ms));
  }
  const Clock::time_point deadline = Clock::now() + kTimersPatience;
  while (heard.told_us().size() < count) {
    if (Clock::now() > deadline) {
      return absl::DeadlineExceededError(
          absl::StrCat(run, ": ", heard.told_us().size(), " of ", count, " were told"));
    }
    std::this_thread::sleep_for(kTimersPoll);
  }
  return Figures(heard.told_us(), heard.decided_us());
}

absl::StatusOr<Report> TimersClient::Burst(TimerKind kind, std::uint32_t count) {
  std::vector<std::uint32_t> batches(count / kTimersStartsPerCall, kTimersStartsPerCall);
  if (count % kTimersStartsPerCall != 0) batches.push_back(count % kTimersStartsPerCall);
  return Run(kind, batches, 0, true);
}

absl::StatusOr<Report> TimersClient::Singles(TimerKind kind, std::uint32_t count) {
  return Run(kind, std::vector<std::uint32_t>(count, 1), kSinglePauseMs, false);
}

}  // namespace skald::bench
