// TlsProfiles: the credentials that GRPC steps may name. Read once, at start.
//
// Immutable; thread-safe.
#pragma once

#include <grpcpp/security/credentials.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/grpc_call/grpc_request.h"
#include "engine/grpc_call/grpc_runner.h"

namespace skald::grpc_call {

class TlsProfiles {
 public:
  // Errors as GrpcRunner::Start.
  static absl::StatusOr<TlsProfiles> Load(const std::vector<TlsProfile>& profiles);

  // INVALID_ARGUMENT: no profile of that name.
  absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> For(const GrpcRequest& request) const;

 private:
  std::map<std::string, grpc::SslCredentialsOptions> by_name_;
};

}  // namespace skald::grpc_call
