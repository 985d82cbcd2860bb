#include "engine/grpc/worker_service.h"

#include <chrono>
#include <memory>
#include <utility>

#include "engine/base/log.h"
#include "engine/grpc/task_id.h"

namespace skald::grpc_edge {
namespace {

constexpr std::chrono::milliseconds kTick{250};

}  // namespace

std::int64_t MonotonicMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

WorkerHub::WorkerHub(const StreamOptions& options, std::string node_id, const ports::Clock& clock,
                     BlockingPool& pool, ports::TaskLog& log)
    : options_(options), node_id_(std::move(node_id)), clock_(clock), pool_(pool), log_(log) {
  thread_ = std::thread([this] { Serve(); });
}

WorkerHub::~WorkerHub() {
  {
    base::MutexLock lock(mutex_);
    stopping_ = true;
  }
  changed_.SignalAll();
  thread_.join();
}

void WorkerHub::Add(WorkerStream* stream) {
  base::MutexLock lock(mutex_);
  streams_.insert(stream);
}

void WorkerHub::Remove(WorkerStream* stream) {
  base::MutexLock lock(mutex_);
  streams_.erase(stream);
}

void WorkerHub::DrainAll() {
  base::MutexLock lock(mutex_);
  for (WorkerStream* stream : streams_) stream->Drain();
}

v1::Welcome WorkerHub::Welcome(core::DurationUs lease_us) const {
  v1::Welcome welcome;
  welcome.set_node_id(node_id_);
  welcome.set_ping_interval_ms(options_.ping_interval_ms);
  welcome.set_lease_ms(static_cast<std::uint32_t>(lease_us / core::kMillisecondUs));
  welcome.set_max_message_bytes(options_.message_bytes_max);
  welcome.set_server_time_us(clock_.Now());
  return welcome;
}

void WorkerHub::Serve() {
  base::MutexLock lock(mutex_);
  while (!stopping_) {
    changed_.WaitFor(mutex_, kTick);
    const std::int64_t now_ms = MonotonicMs();
    for (WorkerStream* stream : streams_) stream->Tick(now_ms);
    MaybeFlushLogs();
  }
}

void WorkerHub::Keep(const google::protobuf::RepeatedPtrField<v1::LogEntry>& logs) {
  if (logs.empty()) return;
  base::MutexLock lock(mutex_);
  for (const v1::LogEntry& entry : logs) {
    const auto name = ParseTaskId(entry.task_id());
    if (!name.ok() || lines_.size() >= kLogLinesMax) {
      ++lines_dropped_;
      continue;
    }
    lines_.push_back(
        {name->workflow, name->task, entry.at_us(), entry.message().substr(0, kLogLineBytesMax)});
  }
}

void WorkerHub::MaybeFlushLogs() {
  if (lines_dropped_ > 0) {
    base::LogWarn("task_log.dropped", {{"lines", lines_dropped_}});
    lines_dropped_ = 0;
  }
  if (lines_.empty()) return;
  auto lines = std::make_shared<std::vector<ports::TaskLogLine>>(std::move(lines_));
  lines_.clear();
  const absl::Status queued = pool_.Run([&log = log_, lines] {
    const absl::Status stored = log.Append(*lines, kLogLinesPerTaskMax);
    if (!stored.ok()) {
      base::LogWarn("task_log.dropped", {{"lines", lines->size()}, {"error", stored.message()}});
    }
  });
  if (!queued.ok()) lines_dropped_ += lines->size();
}

StreamWriter::Reactor* WorkerServiceImpl::Work(grpc::CallbackServerContext*) {
  return new WorkerStream(hub_, engine_, options_);
}

}  // namespace skald::grpc_edge
