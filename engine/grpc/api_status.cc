#include "engine/grpc/api_status.h"

#include <google/protobuf/any.pb.h>

#include <algorithm>
#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "engine/codec/pinned.h"
#include "engine/runtime/engine.h"
#include "engine/runtime/limits.h"
#include "google/rpc/error_model.pb.h"

namespace skald::grpc_edge {
namespace {

constexpr char kDomain[] = "skald";
constexpr std::size_t kViolationsInMessageMax = 5;

google::rpc::Status Model(grpc::StatusCode code, const std::string& message, std::string reason) {
  google::rpc::Status model;
  model.set_code(code);
  model.set_message(message);
  google::rpc::ErrorInfo info;
  info.set_reason(std::move(reason));
  info.set_domain(kDomain);
  model.add_details()->PackFrom(info);
  return model;
}

bool IsFieldCharacter(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.' || c == '[' ||
         c == ']';
}

// Messages of this code begin with the field that is wrong: "page_size: 5000, at most …".
FieldViolation ToViolation(absl::string_view message) {
  const std::size_t colon = message.find(": ");
  const absl::string_view field = message.substr(0, std::min(colon, message.size()));
  const bool named = colon != absl::string_view::npos && !field.empty() &&
                     std::all_of(field.begin(), field.end(), IsFieldCharacter);
  if (!named) return {.field = "", .description = std::string(message)};
  return {.field = std::string(field), .description = std::string(message.substr(colon + 2))};
}

void AddViolations(const std::vector<FieldViolation>& violations, google::rpc::Status& model) {
  google::rpc::BadRequest request;
  for (const FieldViolation& violation : violations) {
    auto* entry = request.add_field_violations();
    entry->set_field(violation.field);
    entry->set_description(violation.description);
  }
  model.add_details()->PackFrom(request);
}

grpc::Status Finish(const google::rpc::Status& model) {
  return grpc::Status(static_cast<grpc::StatusCode>(model.code()), model.message(),
                      model.SerializeAsString());
}

void AddRetryDelay(std::uint32_t delay_ms, google::rpc::Status& model) {
  if (delay_ms == 0) return;
  google::rpc::RetryInfo retry;
  retry.mutable_retry_delay()->set_seconds(delay_ms / 1000);
  retry.mutable_retry_delay()->set_nanos(static_cast<int>(delay_ms % 1000) * 1'000'000);
  model.add_details()->PackFrom(retry);
}

// What is away comes back: where whoever said so named no delay (the database, a pool), the one of
// a recovery.
std::uint32_t DelayMsOf(const absl::Status& status) {
  const std::uint32_t delay_ms = RetryAfterMs(status);
  const bool away = status.code() == absl::StatusCode::kUnavailable ||
                    status.code() == absl::StatusCode::kUnknown;
  if (delay_ms > 0 || !away) return delay_ms;
  return static_cast<std::uint32_t>(runtime::kRecoveryDelayUs / core::kMillisecondUs);
}

}  // namespace

std::uint32_t RetryAfterMs(const absl::Status& status) {
  const auto payload = status.GetPayload(runtime::kRetryDelayUrl);
  std::uint32_t delay_ms = 0;
  if (!payload.has_value() || !absl::SimpleAtoi(std::string(*payload), &delay_ms)) return 0;
  return delay_ms;
}

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  if (const std::vector<core::Mistake> mistakes = codec::MistakesOf(status); !mistakes.empty()) {
    return DefinitionRefused(mistakes);
  }
  if (status.code() == absl::StatusCode::kUnknown) {
    // A commit in doubt. What a caller can do is what it does when the node is away.
    google::rpc::Status model =
        Model(grpc::StatusCode::UNAVAILABLE,
              absl::StrCat("the outcome is not known: ", status.message()), "OUTCOME_UNKNOWN");
    AddRetryDelay(DelayMsOf(status), model);
    return Finish(model);
  }
  // The numbers of absl::StatusCode and grpc::StatusCode are the same (canonical codes).
  google::rpc::Status model =
      Model(static_cast<grpc::StatusCode>(status.code()), std::string(status.message()),
            absl::StatusCodeToString(status.code()));
  AddRetryDelay(DelayMsOf(status), model);
  if (absl::IsInvalidArgument(status)) AddViolations({ToViolation(model.message())}, model);
  return Finish(model);
}

grpc::Status DefinitionRefused(const std::vector<core::Mistake>& mistakes) {
  return InvalidArgument("workflow definition refused", mistakes);
}

grpc::Status InvalidArgument(absl::string_view what, const std::vector<core::Mistake>& mistakes) {
  std::vector<FieldViolation> violations;
  violations.reserve(mistakes.size());
  for (const core::Mistake& mistake : mistakes) {
    violations.push_back({mistake.path, mistake.message});
  }
  return InvalidArgument(what, violations);
}

grpc::Status InvalidArgument(absl::string_view what,
                             const std::vector<FieldViolation>& violations) {
  std::string message(what);
  for (std::size_t i = 0; i < std::min(violations.size(), kViolationsInMessageMax); ++i) {
    absl::StrAppend(&message, i == 0 ? ": " : "; ", violations[i].field, ": ",
                    violations[i].description);
  }
  if (violations.size() > kViolationsInMessageMax) {
    absl::StrAppend(&message, "; and ", violations.size() - kViolationsInMessageMax, " more");
  }
  google::rpc::Status model =
      Model(grpc::StatusCode::INVALID_ARGUMENT, message, "INVALID_ARGUMENT");
  AddViolations(violations, model);
  return Finish(model);
}

}  // namespace skald::grpc_edge
