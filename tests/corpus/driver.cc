#include "tests/corpus/driver.h"

#include <algorithm>
#include <iostream>
#include <utility>

#include "tests/corpus/definition_text.h"
#include "tests/corpus/echo_worker.h"
#include <boost/json.hpp>

namespace skald::corpus {
namespace {

constexpr std::chrono::seconds kSignalDeadline{10};

std::string TextOf(const boost::json::object& object, const char* key) {
  const boost::json::value* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

}  // namespace

Driver::Driver(const testing::Api& api, std::string correlation_id, std::set<std::string> waiting)
    : api_(api),
      correlation_id_(std::move(correlation_id)),
      waiting_(std::move(waiting)),
      reader_([this] { Read(); }),
      signaller_([this] { SendSignals(); }) {}

Driver::~Driver() {
  {
    base::MutexLock lock(mutex_);
    is_stopping_ = true;
    changed_.SignalAll();
  }
  context_.TryCancel();
  reader_.join();
  signaller_.join();
}

absl::Status Driver::AwaitWatching() {
  base::MutexLock lock(mutex_);
  while (!is_watching_ && status_.ok()) changed_.Wait(mutex_);
  return status_;
}

absl::Status Driver::status() const {
  base::MutexLock lock(mutex_);
  return status_;
}

void Driver::Expect(const std::string& workflow_id, Goal goal) {
  base::MutexLock lock(mutex_);
  expected_[workflow_id] = {std::move(goal), Clock::now()};
}

Driver::Clock::time_point Driver::DueAt(const std::string& workflow_id, const Expected& expected) {
  const Progress& progress = progress_[workflow_id];
  if (progress.has_ended || !status_.ok()) return expected.since;
  if (!expected.goal.ends && std::ranges::includes(progress.scheduled, expected.goal.references)) {
    return expected.since + kOpenObservation;
  }
  return expected.since + kWorkflowMax;
}

std::optional<std::string> Driver::TakeSettled() {
  base::MutexLock lock(mutex_);
  while (!expected_.empty()) {
    Clock::time_point first = Clock::time_point::max();
    for (const auto& [id, expected] : expected_) {
      const Clock::time_point due = DueAt(id, expected);
      if (due <= Clock::now()) {
        std::string settled = id;
        expected_.erase(settled);
        return settled;
      }
      first = std::min(first, due);
    }
    changed_.WaitFor(mutex_, std::chrono::ceil<std::chrono::microseconds>(first - Clock::now()));
  }
  return std::nullopt;
}

void Driver::Read() {
  v1::WatchRequest request;
  request.set_correlation_id(correlation_id_);
  const auto stream = api_.workflows->Watch(&context_, request);
  v1::WatchResponse response;
  while (stream->Read(&response)) {
    base::MutexLock lock(mutex_);
    is_watching_ = is_watching_ || response.watching();
    for (const auto& notice : response.notices()) Take(notice);
    changed_.SignalAll();
  }
  const grpc::Status status = stream->Finish();
  base::MutexLock lock(mutex_);
  if (!is_stopping_) {
    status_ = absl::UnavailableError("the watch ended: " + status.error_message());
  }
  changed_.SignalAll();
}

void Driver::Take(const v1::WatchResponse::Notice& notice) {
  for (const v1::HistoryEvent& event : notice.events()) {
    if (event.name() == "TaskScheduled") TakeScheduled(notice.workflow_id(), event.body());
  }
  if (notice.ended_as() != v1::WORKFLOW_STATUS_UNSPECIFIED) {
    progress_[notice.workflow_id()].has_ended = true;
  }
}

void Driver::TakeScheduled(const std::string& workflow_id, const std::string& body) {
  boost::json::error_code error;
  const boost::json::value value = boost::json::parse(body, error);
  if (error || !value.is_object()) return;
  const boost::json::object& event = value.get_object();
  const std::string reference = TextOf(event, "ref");
  progress_[workflow_id].scheduled.insert(PlainReference(reference));
  // Another definition may have a step for workers under that reference.
  const std::string type = TextOf(event, "task_type");
  const bool is_for_workers = !type.empty() && type != "WAIT" && type != "HUMAN";
  // A workflow of the reference that had not ended is not driven on for ever.
  const auto expected = expected_.find(workflow_id);
  if (expected != expected_.end() && !expected->second.goal.ends &&
      std::ranges::includes(progress_[workflow_id].scheduled, expected->second.goal.references)) {
    return;
  }
  if (!waiting_.contains(PlainReference(reference)) || event.contains("op") || is_for_workers)
    return;
  const boost::json::value* iteration = event.if_contains("iteration");
  const boost::json::value* input = event.if_contains("input");
  signals_.push_back({workflow_id, PlainReference(reference),
                      Echo(input == nullptr ? "{}" : boost::json::serialize(*input),
                           ReferenceInLoop(reference, iteration != nullptr && iteration->is_int64()
                                                          ? iteration->get_int64()
                                                          : 0))});
}

void Driver::SendSignals() {
  while (true) {
    SignalTask task;
    {
      base::MutexLock lock(mutex_);
      while (signals_.empty() && !is_stopping_) changed_.Wait(mutex_);
      if (is_stopping_) return;
      task = std::move(signals_.front());
      signals_.pop_front();
    }
    v1::SignalRequest request;
    request.set_workflow_id(task.workflow_id);
    request.set_reference(task.reference);
    request.set_payload(task.payload);
    request.set_actor("corpus");
    v1::ActionResponse response;
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kSignalDeadline);
    const grpc::Status status = api_.workflows->Signal(&context, request, &response);
    // A short WAIT may be over already.
    if (!status.ok() && status.error_code() != grpc::StatusCode::FAILED_PRECONDITION) {
      std::cerr << "corpus: signal " << task.reference << ": " << status.error_message()
                << std::endl;
    }
  }
}

}  // namespace skald::corpus
