#include "engine/grpc_call/channel_pool.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/support/channel_arguments.h>

#include <algorithm>
#include <utility>

#include "engine/grpc_call/limits.h"
#include "fmt/format.h"

namespace skald::grpc_call {
namespace {

// Round robin over what the health service of each address calls healthy; an address without that
// service counts as healthy.
constexpr const char* kServiceConfig =
    R"({"loadBalancingConfig":[{"round_robin":{}}],"healthCheckConfig":{"serviceName":""}})";

// "ipv4:10.0.0.1:443,…" or, with any IPv6 among them, all as IPv6.
std::string TargetOf(const std::vector<Endpoint>& endpoints) {
  const bool v4 = std::all_of(endpoints.begin(), endpoints.end(),
                              [](const Endpoint& each) { return each.address.is_v4(); });
  std::string target = v4 ? "ipv4:" : "ipv6:";
  for (const Endpoint& each : endpoints) {
    if (target.size() > 5) target.push_back(',');
    const std::string address = each.address.ToString();
    if (v4) {
      target.append(fmt::format("{}:{}", address, each.port));
    } else {
      target.append(
          fmt::format("%5B{}{}%5D:{}", each.address.is_v4() ? "::ffff:" : "", address, each.port));
    }
  }
  return target;
}

}  // namespace

ChannelPool::ChannelPool(const GrpcOptions& options, const TlsProfiles& profiles)
    : options_(options), profiles_(profiles), resolver_(options.egress) {}

ChannelPool::~ChannelPool() = default;

void ChannelPool::Get(const GrpcRequest& request, Ready ready) {
  auto credentials = profiles_.For(request);
  if (!credentials.ok()) {
    ready(credentials.status());
    return;
  }
  const std::string key = request.ChannelKey();
  const MonotonicTime now = std::chrono::steady_clock::now();
  std::shared_ptr<Connection> connection;
  bool resolve = false;
  bool full = false;
  {
    base::MutexLock lock(mutex_);
    auto found = entries_.find(key);
    full = found == entries_.end() && !MakeRoom();
    if (!full) {
      Entry& entry = entries_[key];
      entry.used_at = now;
      connection = entry.connection;
      const bool stale = connection == nullptr || now - entry.resolved_at >= kNamesFreshFor;
      resolve = stale && !entry.resolving;
      if (resolve) entry.resolving = true;
      if (connection == nullptr) entry.waiting.push_back(std::move(ready));
    }
  }
  if (full) {
    ready(absl::ResourceExhaustedError(
        fmt::format("{} targets are being connected (channels_max)", options_.channels_max)));
    return;
  }
  if (connection != nullptr) ready(connection);
  if (!resolve) return;
  resolver_.Resolve(request.targets, [this, key, request, credentials = *credentials](
                                         absl::StatusOr<std::vector<Endpoint>> endpoints) {
    Resolved(key, request, credentials, std::move(endpoints));
  });
}

void ChannelPool::Resolved(const std::string& key, const GrpcRequest& request,
                           std::shared_ptr<grpc::ChannelCredentials> credentials,
                           absl::StatusOr<std::vector<Endpoint>> endpoints) {
  absl::StatusOr<std::shared_ptr<Connection>> result;
  if (!endpoints.ok()) result = endpoints.status();
  std::vector<Ready> waiting;
  {
    base::MutexLock lock(mutex_);
    Entry& entry = entries_[key];  // an entry that is being resolved is not taken away
    entry.resolving = false;
    waiting.swap(entry.waiting);
    if (endpoints.ok()) {
      entry.resolved_at = std::chrono::steady_clock::now();
      if (entry.connection == nullptr || entry.endpoints != *endpoints) {
        entry.connection = Open(request, credentials, *endpoints);
        entry.endpoints = *std::move(endpoints);
      }
      result = entry.connection;
    } else if (entry.connection == nullptr ||
               endpoints.status().code() == absl::StatusCode::kPermissionDenied) {
      entries_.erase(key);
    } else {
      // The name is not known just now; what it meant last is better than nothing.
      entry.resolved_at = std::chrono::steady_clock::now();
    }
  }
  for (const Ready& ready : waiting) ready(result);
}

std::shared_ptr<Connection> ChannelPool::Open(
    const GrpcRequest& request, const std::shared_ptr<grpc::ChannelCredentials>& credentials,
    const std::vector<Endpoint>& endpoints) const {
  grpc::ChannelArguments arguments;
  arguments.SetServiceConfigJSON(kServiceConfig);
  // Whom the certificate has to name; the address says nothing.
  arguments.SetString(GRPC_ARG_DEFAULT_AUTHORITY, request.targets.front().ToString());
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  arguments.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
  arguments.SetInt(GRPC_ARG_CLIENT_IDLE_TIMEOUT_MS, static_cast<int>(options_.channel_idle_ms));
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kReconnectMsMin);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kConnectMsMax);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kReconnectMsMax);
  // Replies of reflection come this way too; those of steps are measured when they are there.
  arguments.SetMaxReceiveMessageSize(
      static_cast<int>(std::max(options_.response_bytes_max, kTypeBytesMax)));
  auto connection = std::make_shared<Connection>();
  connection->channel = grpc::CreateCustomChannel(TargetOf(endpoints), credentials, arguments);
  connection->stub = std::make_unique<grpc::GenericStub>(connection->channel);
  return connection;
}

bool ChannelPool::MakeRoom() {
  if (entries_.size() < options_.channels_max) return true;
  auto oldest = entries_.end();
  for (auto each = entries_.begin(); each != entries_.end(); ++each) {
    if (each->second.resolving) continue;
    if (oldest == entries_.end() || each->second.used_at < oldest->second.used_at) oldest = each;
  }
  if (oldest == entries_.end()) return false;
  entries_.erase(oldest);
  return true;
}

void ChannelPool::Unreachable(const std::string& key) {
  base::MutexLock lock(mutex_);
  const auto found = entries_.find(key);
  if (found != entries_.end()) found->second.resolved_at -= kNamesFreshFor;
}

std::size_t ChannelPool::size() const {
  base::MutexLock lock(mutex_);
  return entries_.size();
}

}  // namespace skald::grpc_call
