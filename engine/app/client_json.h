// The answers of a server as JSON texts of one line, for `-o json`. Payloads stand in them as JSON,
// byte for byte but for white space between values (1.50 stays 1.50), times as microseconds since
// the Unix epoch, enums by their short names ("COMPLETED").
//
// Pure functions.
#pragma once

#include <grpcpp/support/status.h>

#include <string>
#include <string_view>

#include "google/rpc/error_model.pb.h"
#include "skald/v1/admin.pb.h"
#include "skald/v1/definition.pb.h"
#include "skald/v1/workflow.pb.h"

namespace skald::app {

// "WORKFLOW_STATUS_COMPLETED" → "COMPLETED".
std::string ShortName(v1::WorkflowStatus status);
std::string ShortName(v1::SagaStatus status);
std::string ShortName(v1::TaskStatus status);
std::string ShortName(v1::Effect effect);
std::string ShortName(v1::Operation operation);

std::string WorkflowJson(const v1::Workflow& workflow);
std::string SummaryJson(const v1::WorkflowSummary& summary);
std::string EventJson(const v1::HistoryEvent& event);
std::string DefinitionJson(const v1::DefinitionRecord& record);
std::string VerifyJson(const std::string& workflow_id, const v1::VerifyResponse& response);
std::string UpgradeJson(const v1::UpgradeResponse& response);
std::string ShortName(v1::UpgradeResponse::Difference::Change change);
std::string ErrorJson(const grpc::Status& status, const google::rpc::BadRequest& violations);
// {"workflow_id": …, "existed": …}
std::string StartedJson(const v1::StartResponse& response);

// A JSON text without the white space between its values. REQUIRES: valid JSON.
std::string OneLine(std::string_view text);

// A JSON string literal.
std::string Quoted(std::string_view text);

}  // namespace skald::app
