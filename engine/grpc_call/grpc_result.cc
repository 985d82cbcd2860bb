#include "engine/grpc_call/grpc_result.h"

#include <map>
#include <vector>

#include "absl/strings/escaping.h"
#include "engine/core/json_write.h"
#include "engine/grpc_call/limits.h"
#include "fmt/format.h"
#include "google/rpc/error_model.pb.h"

namespace skald::grpc_call {
namespace {

using core::Effect;
using core::TaskStatus;

// {"status":…,"message":…,"details":[…]}
ports::RunnerResult Failure(int code, std::string_view message, const std::string& details,
                            Effect effect) {
  std::string output = "{\"status\":";
  core::AppendJsonString(output, CodeName(code));
  output.append(",\"message\":");
  core::AppendJsonString(output, message);
  output.append(",\"details\":").append(details).append("}");
  return {
      .status = StatusOf(code),
      .output = core::Payload(std::move(output)),
      .reason = fmt::format("Failed to invoke GRPC task due to: {}: {}", CodeName(code), message),
      .effect = effect};
}

// {"@type":…, fields} where the type is known, else {"@type":…,"value":base64}.
std::string DetailOf(const google::protobuf::Any& detail, const MessageTypes& types) {
  std::string json = "{\"@type\":";
  core::AppendJsonString(json, detail.type_url());
  const std::string name = detail.type_url().substr(detail.type_url().rfind('/') + 1);
  const auto* type = types.FindMessage(name);
  // Types with a JSON form of their own are no objects and stand as bytes too.
  const auto value =
      type == nullptr ? absl::NotFoundError("type") : types.ToJson(type, detail.value());
  if (value.ok() && value->starts_with('{')) {
    const std::string members = value->substr(1);
    if (members != "}") json.push_back(',');
    return json.append(members);
  }
  json.append(",\"value\":");
  core::AppendJsonString(json, absl::Base64Escape(detail.value()));
  return json.append("}");
}

std::string DetailsOf(const std::string& bytes, const MessageTypes& types) {
  google::rpc::Status status;
  std::string json = "[";
  if (bytes.size() > kDetailsBytesMax || !status.ParseFromString(bytes)) return "[]";
  for (int i = 0; i < status.details_size() && i < static_cast<int>(kDetailsMax); ++i) {
    if (i > 0) json.push_back(',');
    json.append(DetailOf(status.details(i), types));
  }
  return json.append("]");
}

std::string TrailersOf(const grpc::ClientContext& context) {
  std::map<std::string, std::vector<std::string>> by_name;
  for (const auto& [key, value] : context.GetServerTrailingMetadata()) {
    const std::string name(key.data(), key.size());
    const std::string text(value.data(), value.size());
    by_name[name].push_back(name.ends_with("-bin") ? absl::Base64Escape(text) : text);
  }
  std::string json = "{";
  for (const auto& [name, values] : by_name) {
    if (json.size() > 1) json.push_back(',');
    core::AppendJsonString(json, name);
    json.append(":[");
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (i > 0) json.push_back(',');
      core::AppendJsonString(json, values[i]);
    }
    json.push_back(']');
  }
  return json.append("}");
}

}  // namespace

ports::RunnerResult FailedResult(const absl::Status& status, Effect effect) {
  return Failure(static_cast<int>(status.code()), std::string(status.message()), "[]", effect);
}

ports::RunnerResult RefusedResult(const GrpcRequest& request, const grpc::Status& status,
                                  const MessageTypes& types) {
  const int code = static_cast<int>(status.error_code());
  Effect effect = EffectOf(code, request.outcome);
  // gRPC says so too when the reply was too large to take, which is no refusal.
  const bool ambiguous = status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED &&
                         status.error_message().find("larger than max") != std::string::npos;
  if (ambiguous) effect = Effect::kUnknown;
  return Failure(code, status.error_message(), DetailsOf(status.error_details(), types), effect);
}

ports::RunnerResult RepliedResult(const GrpcRequest& request, std::string_view json,
                                  const grpc::ClientContext& context) {
  std::string output = "{\"response\":";
  output.append(json);
  output.append(",\"status\":\"OK\",\"trailers\":").append(TrailersOf(context)).append("}");
  return {.status = request.async_complete ? TaskStatus::kInProgress : TaskStatus::kCompleted,
          .output = core::Payload(std::move(output)),
          .reason = "",
          .effect = Effect::kApplied};
}

}  // namespace skald::grpc_call
