#include "workers/sdk/connection.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "engine/base/log.h"
#include "fmt/format.h"
#include "workers/sdk/limits.h"
#include "workers/sdk/wire.h"

namespace skald::sdk {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

std::int64_t MonotonicMs() {
  return std::chrono::duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count();
}

std::int64_t WallClockUs() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::shared_ptr<grpc::Channel> MakeChannel(const std::string& server) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kResponseBytesMax);
  arguments.SetMaxSendMessageSize(-1);  // the server says its limit in the welcome
  // Backing off is done here; gRPC's own would add up to two minutes to it.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kReconnectDelayMsFirst);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kReconnectDelayMsFirst);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1'000);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(server, grpc::InsecureChannelCredentials(), arguments);
}

// Refusals that a second try would meet again.
bool IsForGood(grpc::StatusCode code) {
  switch (code) {
    case grpc::StatusCode::INVALID_ARGUMENT:
    case grpc::StatusCode::UNIMPLEMENTED:
    case grpc::StatusCode::PERMISSION_DENIED:
    case grpc::StatusCode::UNAUTHENTICATED:
    case grpc::StatusCode::NOT_FOUND:
      return true;
    default:
      return false;
  }
}

void* AsPointer(std::intptr_t tag) { return reinterpret_cast<void*>(tag); }

}  // namespace

// One call of WorkerService.Work. Lives until gRPC has given back every tag.
struct Connection::Stream {
  std::unique_ptr<v1::WorkerService::Stub> stub;
  grpc::ClientContext context;
  std::unique_ptr<grpc::ClientAsyncReaderWriter<v1::WorkRequest, v1::WorkResponse>> call;
  v1::WorkResponse response;
  grpc::Status status;
  bool reading = false;
  bool finishing = false;
  bool finished = false;
  bool welcomed = false;
  std::int64_t leave_at_ms = 0;  // the node goes away; 0: it does not

  void Cancel() { context.TryCancel(); }
};

Connection::Connection(ConnectionOptions options, std::vector<TypeOffer> offers, OnTasks on_tasks)
    : options_(std::move(options)),
      on_tasks_(std::move(on_tasks)),
      channels_(options_.servers.size()),
      random_(std::random_device{}()),
      session_(options_.session, std::move(offers)) {}

Connection::~Connection() {
  queue_.Shutdown();
  void* tag = nullptr;
  bool ok = false;
  while (queue_.Next(&tag, &ok)) {
  }
}

const std::shared_ptr<grpc::Channel>& Connection::ChannelTo(std::size_t server) {
  if (channels_[server] == nullptr) channels_[server] = MakeChannel(options_.servers[server]);
  return channels_[server];
}

// ---- the loop
// --------------------------------------------------------------------------------------

absl::Status Connection::Serve() {
  int failures = 0;
  bool ever_welcomed = false;
  while (true) {
    const grpc::Status status = ServeStream();
    bool welcomed = false;
    {
      base::MutexLock lock(mutex_);
      welcomed = session_.welcomed();
    }
    ever_welcomed = ever_welcomed || welcomed;
    failures = welcomed ? 1 : failures + 1;
    if (DrainIsOver(MonotonicMs(), false)) return Leave();
    if (!ever_welcomed && IsForGood(status.error_code())) {
      return absl::Status(static_cast<absl::StatusCode>(status.error_code()),
                          fmt::format("{} refused this worker: {}", options_.servers[next_server_],
                                      status.error_message()));
    }
    base::LogWarn("worker.disconnected", {{"server", options_.servers[next_server_]},
                                          {"code", static_cast<int>(status.error_code())},
                                          {"error", status.error_message()},
                                          {"failures", failures}});
    next_server_ = (next_server_ + 1) % options_.servers.size();
    if (!Pause(failures)) return Leave();
  }
}

// Waits before the next stream; false if the drain is over meanwhile.
bool Connection::Pause(int failures) {
  const int doublings = std::min(failures - 1, 20);
  const std::int64_t delay_ms = std::min(kReconnectDelayMsFirst << doublings, kReconnectDelayMsMax);
  const auto half = static_cast<std::uint64_t>(delay_ms / 2);
  const std::int64_t until_ms =
      MonotonicMs() + delay_ms - static_cast<std::int64_t>(random_() % (half + 1));
  for (std::int64_t now_ms = MonotonicMs(); now_ms < until_ms; now_ms = MonotonicMs()) {
    if (DrainIsOver(now_ms, false)) return false;
    void* tag = nullptr;
    bool ok = false;
    const std::int64_t wait_ms = std::min(until_ms - now_ms, kLoopIntervalMsMax);
    // Nothing is under way: this only waits.
    queue_.AsyncNext(&tag, &ok, std::chrono::system_clock::now() + milliseconds(wait_ms));
  }
  return true;
}

// A server that was told of the drain closes the stream itself: until then it may have sent a task.
bool Connection::DrainIsOver(std::int64_t now_ms, bool streaming) {
  if (!drain_asked_) return false;
  base::MutexLock lock(mutex_);
  if (drain_deadline_ms_ == 0) {
    drain_deadline_ms_ = now_ms + options_.drain_timeout_ms;
    session_.Drain();
  }
  if (session_.idle()) {
    if (idle_since_ms_ == 0) idle_since_ms_ = now_ms;
    return !streaming || now_ms >= idle_since_ms_ + kIdleDrainLingerMs;
  }
  idle_since_ms_ = 0;
  if (now_ms < drain_deadline_ms_) return false;
  // Handlers get half of the time again to answer to their cancel token.
  if (!tokens_cancelled_) session_.CancelAll();
  tokens_cancelled_ = true;
  return now_ms >= drain_deadline_ms_ + options_.drain_timeout_ms / 2;
}

absl::Status Connection::Leave() {
  base::MutexLock lock(mutex_);
  if (session_.idle()) return absl::OkStatus();
  return absl::DeadlineExceededError(fmt::format(
      "drain: {} tasks are still running and {} results are not acknowledged after {} ms",
      session_.held(), session_.unacknowledged(), options_.drain_timeout_ms * 3 / 2));
}

grpc::Status Connection::ServeStream() {
  Stream stream;
  stream.stub = v1::WorkerService::NewStub(ChannelTo(next_server_));
  stream.call = stream.stub->PrepareAsyncWork(&stream.context, &queue_);
  {
    base::MutexLock lock(mutex_);
    request_ = session_.Open(MonotonicMs());
    writing_ = true;
  }
  stream.call->StartCall(AsPointer(kStarted));
  while (true) {
    {
      base::MutexLock lock(mutex_);
      if (stream.finished && !stream.reading && !writing_) break;
    }
    void* tag = nullptr;
    bool ok = false;
    const auto deadline = std::chrono::system_clock::now() + milliseconds(WaitMs());
    const auto next = queue_.AsyncNext(&tag, &ok, deadline);
    if (next == grpc::CompletionQueue::GOT_EVENT) {
      Handle(stream, static_cast<Tag>(reinterpret_cast<std::intptr_t>(tag)), ok);
    }
    LookAround(stream);
  }
  CloseForWriting(stream);
  return stream.status;
}

std::int64_t Connection::WaitMs() const {
  base::MutexLock lock(mutex_);
  return std::clamp<std::int64_t>(session_.NextDueMs() - MonotonicMs(), 0, kLoopIntervalMsMax);
}

void Connection::Handle(Stream& stream, Tag tag, bool ok) {
  switch (tag) {
    case kStarted:
      return HandleStarted(stream, ok);
    case kRead:
      return HandleRead(stream, ok);
    case kWritten:
      return HandleWritten(stream, ok);
    case kFinished:
      stream.finished = true;
      return CloseForWriting(stream);
  }
}

void Connection::HandleStarted(Stream& stream, bool ok) {
  if (!ok) {
    base::MutexLock lock(mutex_);
    writing_ = false;
  }
  if (!ok) return Finish(stream);
  {
    base::MutexLock lock(mutex_);
    stream_ = &stream;
  }
  stream.reading = true;
  stream.call->Write(request_, AsPointer(kWritten));
  stream.call->Read(&stream.response, AsPointer(kRead));
}

void Connection::HandleRead(Stream& stream, bool ok) {
  stream.reading = false;
  if (!ok) return Finish(stream);
  absl::StatusOr<Intake> intake;
  {
    base::MutexLock lock(mutex_);
    intake = session_.Receive(stream.response, MonotonicMs());
  }
  if (!intake.ok()) {
    base::LogError("worker.protocol_violated", {{"server", options_.servers[next_server_]},
                                                {"error", intake.status().message()}});
    stream.Cancel();
    return Finish(stream);
  }
  if (!stream.welcomed) {
    stream.welcomed = true;
    base::LogInfo("worker.connected", {{"server", options_.servers[next_server_]},
                                       {"node", stream.response.welcome().node_id()}});
  }
  if (intake->node_drains && stream.leave_at_ms == 0) {
    base::LogInfo("worker.node_drains", {{"server", options_.servers[next_server_]}});
    stream.leave_at_ms = MonotonicMs() + kNodeDrainLingerMs;
  }
  if (!intake->tasks.empty()) on_tasks_(std::move(intake->tasks));
  stream.response.Clear();
  stream.reading = true;
  stream.call->Read(&stream.response, AsPointer(kRead));
}

void Connection::HandleWritten(Stream& stream, bool ok) {
  {
    base::MutexLock lock(mutex_);
    writing_ = false;
  }
  if (!ok) CloseForWriting(stream);  // the read fails too, and ends the stream
}

// Asks gRPC for the stream's status, once.
void Connection::Finish(Stream& stream) {
  CloseForWriting(stream);
  if (stream.finishing) return;
  stream.finishing = true;
  stream.call->Finish(&stream.status, AsPointer(kFinished));
}

// From here on no thread touches the stream any more, except this one.
void Connection::CloseForWriting(Stream& stream) {
  base::MutexLock lock(mutex_);
  if (stream_ == &stream) stream_ = nullptr;
  while (writers_inside_ > 0) writer_left_.Wait(mutex_);
}

void Connection::LookAround(Stream& stream) {
  const std::int64_t now_ms = MonotonicMs();
  bool end = DrainIsOver(now_ms, true);
  {
    base::MutexLock lock(mutex_);
    if (session_.Deaf(now_ms) && !stream.finishing) {
      base::LogWarn("worker.server_silent", {{"server", options_.servers[next_server_]}});
      end = true;
    }
    if (stream.leave_at_ms > 0 && (session_.idle() || now_ms >= stream.leave_at_ms)) end = true;
  }
  if (end) stream.Cancel();
  Flush();
}

// ---- from any thread
// -------------------------------------------------------------------------------

void Connection::Flush() {
  Stream* stream = nullptr;
  {
    base::MutexLock lock(mutex_);
    if (stream_ == nullptr || writing_) return;
    request_.Clear();
    if (!session_.Fill(MonotonicMs(), request_)) return;
    writing_ = true;
    ++writers_inside_;
    stream = stream_;
  }
  stream->call->Write(request_, AsPointer(kWritten));
  base::MutexLock lock(mutex_);
  if (--writers_inside_ == 0) writer_left_.SignalAll();
}

void Connection::Finish(const HeldTaskPtr& task, Result result, bool gather) {
  v1::TaskResult answer = ToProto(task->data, std::move(result));
  {
    base::MutexLock lock(mutex_);
    session_.Finish(task, std::move(answer));
  }
  if (!gather) Flush();
}

void Connection::Progress(const TaskData& task, int percent, std::string_view message) {
  {
    base::MutexLock lock(mutex_);
    session_.Progress(task.task_id, task.fence, percent, message);
  }
  Flush();
}

void Connection::Log(const TaskData& task, std::string_view message) {
  base::MutexLock lock(mutex_);
  session_.Log(task.task_id, task.fence, WallClockUs(), message);
}

}  // namespace skald::sdk
