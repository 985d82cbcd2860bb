#include "engine/grpc/worker_requests.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/core/bound.h"
#include "engine/core/limits.h"
#include "engine/grpc/convert.h"

namespace skald::grpc_edge {
namespace {

constexpr std::uint32_t kLeaseMsMin = 1'000;

// A constant of limits.h here, or of the core's.
struct Bound {
  std::string_view name;
  std::uint64_t max = 0;
  std::string_view file = kLimitsHeader;
};

constexpr Bound kNameBound{"kNameBytesMax", core::kNameBytesMax, "engine/core/limits.h"};
constexpr Bound kCreditsBound{"kCreditsMax", kCreditsMax};

std::string Named(const Bound& bound) {
  return core::FixedBound(bound.name, bound.max, bound.file);
}

absl::Status CheckText(absl::string_view field, const std::string& text, const Bound& bound) {
  if (!text.empty() && text.size() <= bound.max) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("hello.", field, ": ", text.size(), " bytes, 1 to ", Named(bound), " expected"));
}

absl::Status CheckRange(absl::string_view field, std::uint64_t value, std::uint64_t min,
                        const Bound& bound) {
  if (value >= min && value <= bound.max) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(field, ": ", value, ", ", min, " to ", Named(bound), " expected"));
}

// What stands for a result that cannot be kept.
runtime::Result Failed(const runtime::TaskKey& key, const absl::Status& why) {
  runtime::Result failed;
  failed.malformed = absl::InvalidArgumentError(why.message());
  failed.task = key;
  failed.report.task = key.task;
  failed.report.fence = key.fence;
  failed.report.status = core::TaskStatus::kFailedWithTerminalError;
  failed.report.effect = core::Effect::kUnknown;
  failed.report.reason = absl::StrCat("the worker's result was malformed: ", why.message());
  return failed;
}

}  // namespace

absl::Status CheckBounds(const v1::WorkRequest& request) {
  const int largest = std::max({request.received_size(), request.results_size(),
                                request.heartbeats_size(), request.logs_size()});
  RETURN_IF_ERROR(CheckRange("entries of one kind in a message",
                             static_cast<std::uint64_t>(largest), 0,
                             {"kEntriesPerMessageMax", kEntriesPerMessageMax}));
  if (!request.has_credits()) return absl::OkStatus();
  return CheckRange("credits", request.credits(), 0, kCreditsBound);
}

absl::StatusOr<runtime::WorkerHello> ToHello(const v1::Hello& hello,
                                             std::uint32_t lease_ms_default) {
  runtime::WorkerHello result;
  ASSIGN_OR_RETURN(result.name_space, ToNamespace(hello.namespace_()));
  RETURN_IF_ERROR(CheckText("worker_id", hello.worker_id(), kNameBound));
  RETURN_IF_ERROR(CheckText("incarnation", hello.incarnation(),
                            {"kIncarnationBytesMax", kIncarnationBytesMax}));
  RETURN_IF_ERROR(CheckRange("hello.task_types",
                             static_cast<std::uint64_t>(hello.task_types_size()), 1,
                             {"kTaskTypesMax", kTaskTypesMax}));
  RETURN_IF_ERROR(CheckRange("hello.credits", hello.credits(), 1, kCreditsBound));
  RETURN_IF_ERROR(
      CheckRange("hello.held", static_cast<std::uint64_t>(hello.held_size()), 0, kCreditsBound));
  const std::uint32_t lease_ms = hello.lease_ms() == 0 ? lease_ms_default : hello.lease_ms();
  RETURN_IF_ERROR(
      CheckRange("hello.lease_ms", lease_ms, kLeaseMsMin, {"kLeaseMsMax", kLeaseMsMax}));
  result.worker_id = hello.worker_id();
  result.incarnation = hello.incarnation();
  result.credits = hello.credits();
  result.lease_us = core::DurationUs{lease_ms} * core::kMillisecondUs;
  for (const v1::TaskTypeOffer& offer : hello.task_types()) {
    RETURN_IF_ERROR(CheckText("task_types.task_type", offer.task_type(), kNameBound));
    if (!offer.domain().empty()) {
      RETURN_IF_ERROR(CheckText("task_types.domain", offer.domain(), kNameBound));
    }
    result.task_types.push_back({offer.task_type(), offer.domain(), offer.barrier()});
  }
  for (const v1::TaskReceipt& held : hello.held()) {
    ASSIGN_OR_RETURN(runtime::TaskKey key, FromProto(held));
    result.held.push_back(key);
  }
  return result;
}

absl::StatusOr<std::vector<runtime::TaskKey>> ToReceived(const v1::WorkRequest& request) {
  std::vector<runtime::TaskKey> tasks;
  tasks.reserve(static_cast<std::size_t>(request.received_size()));
  for (const v1::TaskReceipt& receipt : request.received()) {
    ASSIGN_OR_RETURN(runtime::TaskKey key, FromProto(receipt));
    tasks.push_back(key);
  }
  return tasks;
}

absl::StatusOr<std::vector<runtime::Beat>> ToBeats(const v1::WorkRequest& request) {
  std::vector<runtime::Beat> beats;
  beats.reserve(static_cast<std::size_t>(request.heartbeats_size()));
  for (const v1::Heartbeat& heartbeat : request.heartbeats()) {
    v1::TaskReceipt receipt;
    receipt.set_task_id(heartbeat.task_id());
    receipt.set_fence(heartbeat.fence());
    ASSIGN_OR_RETURN(runtime::TaskKey key, FromProto(receipt));
    beats.push_back({key, std::min<std::uint32_t>(heartbeat.progress_percent(), 100),
                     heartbeat.progress_message().substr(0, kProgressBytesMax)});
  }
  return beats;
}

ReadResults ToResults(const v1::WorkRequest& request) {
  ReadResults read;
  read.results.reserve(static_cast<std::size_t>(request.results_size()));
  for (const v1::TaskResult& message : request.results()) {
    absl::StatusOr<runtime::Result> result = FromProto(message);
    if (result.ok()) {
      read.results.push_back(*std::move(result));
      continue;
    }
    RefusedResult refused{.task = {}, .why = result.status()};
    refused.task.set_task_id(message.task_id());
    refused.task.set_fence(message.fence());
    const auto key = FromProto(refused.task);
    if (key.ok()) {
      read.results.push_back(Failed(*key, refused.why));
    } else {
      read.refused.push_back(std::move(refused));
    }
  }
  return read;
}

}  // namespace skald::grpc_edge
