// HandWorker: a worker's stream driven by hand, so that a test can say anything on it. Pings are
// answered on the way. Single-threaded. A stream has a deadline: no test waits for ever.
#pragma once

#include <grpcpp/grpcpp.h>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "skald/v1/worker.grpc.pb.h"

namespace skald::testing {

// A hello that is fine.
v1::WorkRequest HelloFor(const std::vector<std::string>& task_types);

class HandWorker {
 public:
  explicit HandWorker(v1::WorkerService::Stub& stub);
  ~HandWorker();
  HandWorker(const HandWorker&) = delete;
  HandWorker& operator=(const HandWorker&) = delete;

  bool Write(const v1::WorkRequest& request) { return stream_->Write(request); }
  bool Write(const v1::TaskResult& result);
  // Says that nothing more comes.
  void CloseHalf() { stream_->WritesDone(); }

  // What comes next; nothing when the stream has ended.
  std::optional<v1::Assignment> TakeAssignment();
  // Receipts for other tasks are passed over.
  std::optional<v1::ResultReceipt> TakeReceipt(const std::string& task_id);
  // Reads to the end of the stream.
  grpc::Status AwaitEnd();

 private:
  bool ReadOne();

  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::WorkRequest, v1::WorkResponse>> stream_;
  std::deque<v1::Assignment> assignments_;
  std::deque<v1::ResultReceipt> receipts_;
};

}  // namespace skald::testing
