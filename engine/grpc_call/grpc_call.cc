#include "engine/grpc_call/grpc_call.h"

#include <optional>
#include <utility>

#include "engine/core/bound.h"
#include "engine/grpc_call/byte_buffers.h"
#include "engine/grpc_call/grpc_result.h"
#include "engine/grpc_call/limits.h"
#include "fmt/format.h"

namespace skald::grpc_call {

using core::Effect;
using ports::RunnerResult;

bool CallTable::Add(const std::shared_ptr<GrpcCall>& call) {
  base::MutexLock lock(mutex_);
  if (closed_) return false;
  calls_.emplace(call.get(), call);
  return true;
}

void CallTable::Remove(const GrpcCall& call) {
  base::MutexLock lock(mutex_);
  calls_.erase(&call);
  if (calls_.empty()) removed_.SignalAll();
}

std::vector<std::shared_ptr<GrpcCall>> CallTable::Find(std::string_view task_id) const {
  base::MutexLock lock(mutex_);
  std::vector<std::shared_ptr<GrpcCall>> found;
  for (const auto& [pointer, call] : calls_) {
    if (call->task_id() == task_id) found.push_back(call);
  }
  return found;
}

std::vector<std::shared_ptr<GrpcCall>> CallTable::Close() {
  base::MutexLock lock(mutex_);
  closed_ = true;
  std::vector<std::shared_ptr<GrpcCall>> all;
  for (const auto& [pointer, call] : calls_) all.push_back(call);
  return all;
}

void CallTable::WaitUntilEmpty() {
  base::MutexLock lock(mutex_);
  while (!calls_.empty()) removed_.Wait(mutex_);
}

GrpcCall::GrpcCall(CallParts parts, ports::RunnerTask task, ports::TaskRunner::Done done)
    : parts_(std::move(parts)), task_(std::move(task)), done_(std::move(done)) {}

void GrpcCall::Start() {
  absl::StatusOr<GrpcRequest> request =
      ParseRequest(task_, {parts_.options.deadline_ms_default, parts_.options.deadline_ms_max});
  if (!request.ok()) {
    End(FailedResult(request.status()));
    return;
  }
  request_ = *std::move(request);
  deadline_ = DeadlineIn(request_.deadline_ms);
  // Bounds the preparation; the call has its deadline from gRPC.
  SetAlarm();
  parts_.channels.Get(request_, [self = shared_from_this()](
                                    absl::StatusOr<std::shared_ptr<Connection>> connection) {
    self->OnConnection(std::move(connection));
  });
}

void GrpcCall::SetAlarm() {
  base::MutexLock lock(mutex_);
  if (stage_ == Stage::kEnded) return;
  alarm_.Set(deadline_, [weak = weak_from_this()](bool due) {
    const std::shared_ptr<GrpcCall> self = due ? weak.lock() : nullptr;
    if (self == nullptr || !self->Enter(Stage::kPreparing)) return;
    self->End(FailedResult(absl::DeadlineExceededError("the deadline passed before the call")));
  });
}

void GrpcCall::OnConnection(absl::StatusOr<std::shared_ptr<Connection>> connection) {
  if (!Enter(Stage::kPreparing)) return;
  if (!connection.ok()) {
    End(FailedResult(connection.status()));
    return;
  }
  connection_ = *std::move(connection);
  parts_.types.Get(request_, connection_, [self = shared_from_this()](absl::StatusOr<Types> types) {
    self->OnTypes(std::move(types));
  });
}

void GrpcCall::OnTypes(absl::StatusOr<Types> types) {
  if (!Enter(Stage::kPreparing)) return;
  if (!types.ok()) {
    if (types.status().code() == absl::StatusCode::kUnavailable) {
      parts_.channels.Unreachable(request_.ChannelKey());
    }
    End(FailedResult(types.status()));
    return;
  }
  types_ = *std::move(types);
  const auto method = types_->FindMethod(request_.service, request_.method);
  if (!method.ok()) {
    parts_.types.Forget(request_);
    End(FailedResult(method.status()));
    return;
  }
  method_ = *method;
  const absl::StatusOr<std::string> bytes = Serialize();
  if (!bytes.ok()) {
    End(FailedResult(bytes.status()));
    return;
  }
  out_ = BufferOf(*bytes);
  context_.set_deadline(deadline_);
  parts_.watcher.Watch(connection_, deadline_, weak_from_this(),
                       [weak = weak_from_this()](bool ready) {
                         const std::shared_ptr<GrpcCall> self = weak.lock();
                         if (self == nullptr) return;
                         if (ready) {
                           self->Send();
                         } else {
                           self->AskWhyUnreachable();
                         }
                       });
}

absl::StatusOr<std::string> GrpcCall::Serialize() const {
  absl::StatusOr<std::string> bytes = types_->ToWire(method_->input_type(), request_.json);
  if (bytes.ok() && bytes->size() > parts_.options.request_bytes_max) {
    return absl::InvalidArgumentError(fmt::format(
        "request: {} bytes; at most {}", bytes->size(),
        core::SettingBound("grpc_request_bytes_max", parts_.options.request_bytes_max)));
  }
  return bytes;
}

void GrpcCall::Send() {
  for (const auto& [name, value] : request_.metadata) context_.AddMetadata(name, value);
  if (!Enter(Stage::kCalling)) return;
  connection_->stub->UnaryCall(
      &context_, fmt::format("/{}/{}", request_.service, request_.method), {}, &out_, &in_,
      [self = shared_from_this()](const grpc::Status& status) { self->OnStatus(status); });
}

void GrpcCall::AskWhyUnreachable() {
  if (!Enter(Stage::kPreparing)) return;
  out_ = BufferOf("");
  connection_->stub->UnaryCall(
      &context_, "/grpc.health.v1.Health/Check", {}, &out_, &in_,
      [self = shared_from_this()](const grpc::Status& status) {
        if (!self->Enter(Stage::kPreparing)) return;
        self->parts_.channels.Unreachable(self->request_.ChannelKey());
        const bool said = status.error_code() == grpc::StatusCode::UNAVAILABLE;
        const bool late = status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED;
        self->End(FailedResult(
            late   ? absl::DeadlineExceededError("the deadline passed before a connection stood")
            : said ? absl::UnavailableError(status.error_message())
                   : absl::UnavailableError("no address could be connected to")));
      });
}

void GrpcCall::OnStatus(const grpc::Status& status) { End(ResultOf(status)); }

RunnerResult GrpcCall::ResultOf(const grpc::Status& status) {
  if (!status.ok()) {
    if (status.error_code() == grpc::StatusCode::UNAVAILABLE) {
      parts_.channels.Unreachable(request_.ChannelKey());
    }
    if (status.error_code() == grpc::StatusCode::UNIMPLEMENTED) parts_.types.Forget(request_);
    return RefusedResult(request_, status, *types_);
  }
  // From here on the server has done it, whatever becomes of its reply.
  const std::size_t bytes_max = parts_.options.response_bytes_max;
  if (in_.Length() > bytes_max) {
    return FailedResult(absl::OutOfRangeError(
                            fmt::format("reply: {} bytes; at most {}", in_.Length(),
                                        core::SettingBound("grpc_response_bytes_max", bytes_max))),
                        Effect::kApplied);
  }
  const absl::StatusOr<std::string> json = types_->ToJson(method_->output_type(), BytesOf(in_));
  if (!json.ok()) return FailedResult(json.status(), Effect::kApplied);
  if (json->size() > bytes_max) {
    return FailedResult(absl::OutOfRangeError(
                            fmt::format("reply: {} bytes as JSON; at most {}", json->size(),
                                        core::SettingBound("grpc_response_bytes_max", bytes_max))),
                        Effect::kApplied);
  }
  return RepliedResult(request_, *json, context_);
}

void GrpcCall::Cancel(std::string_view why) {
  // The context keeps it in mind for a call that is being made just now; OnStatus follows then.
  context_.TryCancel();
  if (!Enter(Stage::kPreparing)) return;
  End(FailedResult(absl::CancelledError(absl::string_view(why.data(), why.size()))));
}

bool GrpcCall::Enter(Stage stage) {
  base::MutexLock lock(mutex_);
  if (stage_ == Stage::kPreparing) stage_ = stage;
  return stage_ == stage;
}

void GrpcCall::End(RunnerResult result) {
  ports::TaskRunner::Done done;
  {
    base::MutexLock lock(mutex_);
    if (stage_ == Stage::kEnded) return;
    stage_ = Stage::kEnded;
    done = std::move(done_);
    alarm_.Cancel();
  }
  const std::shared_ptr<CallTable> table = parts_.table;
  const std::shared_ptr<GrpcCall> self = shared_from_this();
  done(std::move(result));
  table->Remove(*this);
}

}  // namespace skald::grpc_call
