#include "engine/grpc_call/tls_profiles.h"

#include <fstream>
#include <iterator>

#include "engine/base/status.h"
#include "fmt/format.h"

namespace skald::grpc_call {
namespace {

absl::StatusOr<std::string> ReadFile(const TlsProfile& profile, const std::string& path) {
  if (path.empty()) return std::string();
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (file.bad() || text.empty()) {
    return absl::NotFoundError(
        fmt::format("tls profile {}: {} cannot be read", profile.name, path));
  }
  return text;
}

}  // namespace

absl::StatusOr<TlsProfiles> TlsProfiles::Load(const std::vector<TlsProfile>& profiles) {
  TlsProfiles result;
  for (const TlsProfile& profile : profiles) {
    if (profile.name.empty() || result.by_name_.contains(profile.name)) {
      return absl::InvalidArgumentError(
          fmt::format("tls profile \"{}\": expected a name that no other has", profile.name));
    }
    if (profile.cert_file.empty() != profile.key_file.empty()) {
      return absl::InvalidArgumentError(fmt::format(
          "tls profile {}: a client certificate and its key belong together", profile.name));
    }
    grpc::SslCredentialsOptions options;
    ASSIGN_OR_RETURN(options.pem_root_certs, ReadFile(profile, profile.ca_file));
    ASSIGN_OR_RETURN(options.pem_cert_chain, ReadFile(profile, profile.cert_file));
    ASSIGN_OR_RETURN(options.pem_private_key, ReadFile(profile, profile.key_file));
    result.by_name_[profile.name] = std::move(options);
  }
  return result;
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> TlsProfiles::For(
    const GrpcRequest& request) const {
  if (!request.tls) return grpc::InsecureChannelCredentials();
  if (request.tls_profile.empty()) return grpc::SslCredentials({});
  const auto found = by_name_.find(request.tls_profile);
  if (found == by_name_.end()) {
    return absl::InvalidArgumentError(
        fmt::format("tls: the server's settings have no profile \"{}\"", request.tls_profile));
  }
  return grpc::SslCredentials(found->second);
}

}  // namespace skald::grpc_call
