#include "engine/grpc_call/reflection.h"

#include <grpcpp/client_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/client_callback.h>

#include <optional>
#include <set>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "engine/base/mutex.h"
#include "engine/core/bound.h"
#include "engine/grpc_call/byte_buffers.h"
#include "engine/grpc_call/limits.h"
#include "engine/grpc_call/message_types.h"
#include "fmt/format.h"

namespace skald::grpc_call {
namespace {

constexpr const char* kMethod = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
constexpr const char* kOldMethod = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";

// The stream of one inquiry in one version of the protocol. Lives until OnDone. Its reactions come
// one after the other; Cancel() may come at any time.
class Stream : public Inquiry,
               public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>,
               public std::enable_shared_from_this<Stream> {
 public:
  using Done = std::function<void(grpc::Status, absl::StatusOr<Files>)>;

  Stream(std::shared_ptr<Connection> connection, std::string service)
      : connection_(std::move(connection)), service_(std::move(service)) {}

  void Start(const char* method, Done done) {
    self_ = shared_from_this();
    done_ = std::move(done);
    context_.set_deadline(DeadlineIn(kReflectionMsMax));
    connection_->stub->PrepareBidiStreamingCall(&context_, method, {}, this);
    Ask(SymbolRequest(service_));
    StartCall();
  }

  void Cancel() override { context_.TryCancel(); }

  void OnWriteDone(bool ok) override {
    if (ok) StartRead(&reply_);
  }

  void OnReadDone(bool ok) override {
    if (!ok) return;  // the status says why
    absl::StatusOr<Files> files = ReadResponse(BytesOf(reply_));
    if (!files.ok()) {
      End(files.status());
      return;
    }
    if (!Add(*std::move(files))) {
      End(absl::ResourceExhaustedError(
          fmt::format("reflection: more files than {}, or more bytes than {}",
                      core::FixedBound("kTypeFilesMax", kTypeFilesMax, kLimitsHeader),
                      core::FixedBound("kTypeBytesMax", kTypeBytesMax, kLimitsHeader))));
      return;
    }
    const std::vector<std::string> missing = MissingImports(files_);
    if (missing.empty()) {
      End(absl::OkStatus());
    } else if (!asked_.insert(missing.front()).second) {
      End(absl::NotFoundError(
          fmt::format("reflection: the server does not give {}", missing.front())));
    } else {
      Ask(FileRequest(missing.front()));
    }
  }

  void OnDone(const grpc::Status& status) override {
    const std::shared_ptr<Stream> self = std::move(self_);
    const Done done = std::move(done_);  // it holds who holds this
    absl::StatusOr<Files> result = absl::InternalError("reflection: no answer");
    if (end_.has_value() && end_->ok()) {
      result = std::move(files_);
    } else if (end_.has_value()) {
      result = *end_;
    } else if (!status.ok()) {
      result = absl::Status(static_cast<absl::StatusCode>(status.error_code()),
                            fmt::format("reflection: {}", status.error_message()));
    }
    done(status, std::move(result));
  }

 private:
  void Ask(const std::string& request) {
    request_ = BufferOf(request);
    StartWrite(&request_);
  }

  // False: too many or too large.
  bool Add(Files files) {
    for (auto& file : files) {
      if (!names_.insert(file.name()).second) continue;
      bytes_ += file.ByteSizeLong();
      files_.push_back(std::move(file));
    }
    return bytes_ <= kTypeBytesMax && files_.size() <= kTypeFilesMax;
  }

  void End(absl::Status end) {
    end_ = std::move(end);
    context_.TryCancel();
  }

  const std::shared_ptr<Connection> connection_;  // shared: the pool may let it go meanwhile
  const std::string service_;
  std::shared_ptr<Stream> self_;  // gRPC holds a bare pointer until OnDone
  Done done_;
  grpc::ClientContext context_;
  grpc::ByteBuffer request_;
  grpc::ByteBuffer reply_;
  Files files_;
  std::set<std::string> names_;
  std::set<std::string> asked_;
  std::size_t bytes_ = 0;
  std::optional<absl::Status> end_;
};

// The newer protocol, then the older.
class TwoVersions : public Inquiry, public std::enable_shared_from_this<TwoVersions> {
 public:
  TwoVersions(std::shared_ptr<Connection> connection, std::string service,
              std::function<void(absl::StatusOr<Files>)> done)
      : connection_(std::move(connection)), service_(std::move(service)), done_(std::move(done)) {}

  void Start() { StartStream(kMethod); }

  void Cancel() override {
    std::shared_ptr<Stream> stream;
    {
      base::MutexLock lock(mutex_);
      canceled_ = true;
      stream = stream_;
    }
    if (stream != nullptr) stream->Cancel();
  }

 private:
  void StartStream(const char* method) {
    auto stream = std::make_shared<Stream>(connection_, service_);
    bool canceled = false;
    {
      base::MutexLock lock(mutex_);
      stream_ = stream;
      canceled = canceled_;
    }
    if (canceled) stream->Cancel();
    stream->Start(method, [self = shared_from_this(), old = method == kOldMethod](
                              const grpc::Status& status, absl::StatusOr<Files> files) {
      const bool unknown = status.error_code() == grpc::StatusCode::UNIMPLEMENTED;
      if (unknown && !old) {
        self->StartStream(kOldMethod);
      } else if (unknown) {
        self->done_(absl::UnimplementedError(
            "reflection: the server has none; register the step with a descriptorSet"));
      } else {
        self->done_(std::move(files));
      }
    });
  }

  const std::shared_ptr<Connection> connection_;
  const std::string service_;
  const std::function<void(absl::StatusOr<Files>)> done_;
  base::Mutex mutex_;
  std::shared_ptr<Stream> stream_ GUARDED_BY(mutex_);  // shared with gRPC's reactions
  bool canceled_ GUARDED_BY(mutex_) = false;
};

}  // namespace

std::shared_ptr<Inquiry> AskForFiles(std::shared_ptr<Connection> connection, std::string service,
                                     std::function<void(absl::StatusOr<Files>)> done) {
  auto inquiry =
      std::make_shared<TwoVersions>(std::move(connection), std::move(service), std::move(done));
  inquiry->Start();
  return inquiry;
}

}  // namespace skald::grpc_call
