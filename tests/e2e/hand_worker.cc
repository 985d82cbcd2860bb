#include "tests/e2e/hand_worker.h"

#include <chrono>

namespace skald::testing {
namespace {

constexpr std::chrono::seconds kStreamDeadline{60};

}  // namespace

v1::WorkRequest HelloFor(const std::vector<std::string>& task_types) {
  v1::WorkRequest request;
  v1::Hello& hello = *request.mutable_hello();
  hello.set_worker_id("hand");
  hello.set_incarnation("hand-1");
  hello.set_credits(10);
  for (const std::string& type : task_types) hello.add_task_types()->set_task_type(type);
  return request;
}

HandWorker::HandWorker(v1::WorkerService::Stub& stub) {
  context_.set_deadline(std::chrono::system_clock::now() + kStreamDeadline);
  context_.set_wait_for_ready(true);  // a server that has just been restarted
  stream_ = stub.Work(&context_);
}

HandWorker::~HandWorker() {
  context_.TryCancel();
  AwaitEnd();
}

bool HandWorker::Write(const v1::TaskResult& result) {
  v1::WorkRequest request;
  *request.add_results() = result;
  return Write(request);
}

std::optional<v1::Assignment> HandWorker::TakeAssignment() {
  while (assignments_.empty()) {
    if (!ReadOne()) return std::nullopt;
  }
  const v1::Assignment assignment = assignments_.front();
  assignments_.pop_front();
  return assignment;
}

std::optional<v1::ResultReceipt> HandWorker::TakeReceipt(const std::string& task_id) {
  while (true) {
    while (receipts_.empty()) {
      if (!ReadOne()) return std::nullopt;
    }
    v1::ResultReceipt receipt = receipts_.front();
    receipts_.pop_front();
    if (receipt.task_id() == task_id) return receipt;
  }
}

grpc::Status HandWorker::AwaitEnd() {
  if (stream_ == nullptr) return grpc::Status::OK;
  while (ReadOne()) {
  }
  const grpc::Status status = stream_->Finish();
  stream_.reset();
  return status;
}

bool HandWorker::ReadOne() {
  v1::WorkResponse response;
  if (!stream_->Read(&response)) return false;
  assignments_.insert(assignments_.end(), response.assignments().begin(),
                      response.assignments().end());
  receipts_.insert(receipts_.end(), response.receipts().begin(), response.receipts().end());
  if (response.has_ping()) {
    v1::WorkRequest request;
    request.mutable_pong()->set_nonce(response.ping().nonce());
    stream_->Write(request);
  }
  return true;
}

}  // namespace skald::testing
