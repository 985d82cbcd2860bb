// NameResolver: host names into the addresses that the egress policy lets steps connect to.
//
// Waits for the system's resolver on a few threads of its own. Addresses in numbers are answered
// within Resolve(). gRPC is then given addresses, never names, so that what was checked is what is
// connected to. Thread-safe. The destructor waits for look-ups that have begun; what still waits is
// answered UNAVAILABLE.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "engine/base/egress_policy.h"
#include "engine/base/ip_address.h"
#include "engine/base/mutex.h"
#include "engine/grpc_call/grpc_request.h"

namespace skald::grpc_call {

struct Endpoint {
  base::IpAddress address;
  std::uint16_t port = 0;

  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

class NameResolver {
 public:
  // At least one endpoint, at most kAddressesMax; in the order of the targets.
  //   PERMISSION_DENIED  the policy refuses every address
  //   UNAVAILABLE        no name has an address
  using Found = std::function<void(absl::StatusOr<std::vector<Endpoint>>)>;

  // `policy` outlives it.
  explicit NameResolver(const base::EgressPolicy& policy);
  ~NameResolver();
  NameResolver(const NameResolver&) = delete;
  NameResolver& operator=(const NameResolver&) = delete;

  void Resolve(std::vector<HostPort> targets, Found found);

 private:
  struct Job {
    std::vector<HostPort> targets;
    Found found;
  };
  void Loop();

  const base::EgressPolicy& policy_;
  base::Mutex mutex_;
  base::CondVar changed_;
  std::deque<Job> jobs_ GUARDED_BY(mutex_);  // bounded by the channels: each asks once at a time
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace skald::grpc_call
