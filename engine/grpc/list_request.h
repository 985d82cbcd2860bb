// What a request for a list asks of the catalog.
//
// Pure functions, thread-safe. Errors: INVALID_ARGUMENT, naming the field.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "engine/grpc/limits.h"
#include "engine/ports/catalog.h"
#include "skald/v1/workflow.pb.h"

namespace skald::grpc_edge {

inline constexpr std::uint32_t kListPageDefault = 100;

absl::StatusOr<ports::Page> ToPage(std::uint32_t size, const std::string& token);
absl::StatusOr<ports::WorkflowFilter> ToFilter(const v1::ListRequest& request);
ports::WorkflowOrder ToOrder(const v1::ListRequest& request);

}  // namespace skald::grpc_edge
