#include "engine/grpc_call/name_resolver.h"

#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "engine/grpc_call/limits.h"
#include "fmt/format.h"

namespace skald::grpc_call {
namespace {

struct AddressDeleter {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};

// Collects what the policy lets through, and why the last was not.
class Collector {
 public:
  explicit Collector(const base::EgressPolicy& policy) : policy_(policy) {}

  void Add(const HostPort& target, const base::IpAddress& address) {
    const absl::Status allowed = policy_.CheckConnection(target.host, address, target.port);
    if (!allowed.ok()) {
      failure_ = allowed;
      return;
    }
    const Endpoint endpoint{address, target.port};
    const bool known = std::find(found_.begin(), found_.end(), endpoint) != found_.end();
    if (!known && found_.size() < kAddressesMax) found_.push_back(endpoint);
  }
  void Fail(absl::Status failure) { failure_ = std::move(failure); }

  absl::StatusOr<std::vector<Endpoint>> Result() {
    if (found_.empty()) return failure_;
    return std::move(found_);
  }

 private:
  const base::EgressPolicy& policy_;
  std::vector<Endpoint> found_;
  absl::Status failure_ = absl::UnavailableError("no address");
};

void LookUp(const HostPort& target, Collector& collector) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* raw = nullptr;
  const int code = getaddrinfo(target.host.c_str(), nullptr, &hints, &raw);
  const std::unique_ptr<addrinfo, AddressDeleter> list(raw);
  if (code != 0) {
    collector.Fail(absl::UnavailableError(
        fmt::format("{}: could not be resolved: {}", target.host, gai_strerror(code))));
    return;
  }
  for (const addrinfo* each = list.get(); each != nullptr; each = each->ai_next) {
    const auto address = base::IpAddress::FromSockaddr(each->ai_addr, each->ai_addrlen);
    if (address.has_value()) collector.Add(target, *address);
  }
}

}  // namespace

NameResolver::NameResolver(const base::EgressPolicy& policy) : policy_(policy) {
  for (std::size_t i = 0; i < kResolverThreads; ++i) {
    threads_.emplace_back([this] { Loop(); });
  }
}

NameResolver::~NameResolver() {
  std::deque<Job> left;
  {
    base::MutexLock lock(mutex_);
    stopping_ = true;
    left.swap(jobs_);
  }
  changed_.SignalAll();
  for (auto& thread : threads_) thread.join();
  for (Job& job : left) job.found(absl::UnavailableError("the server is stopping"));
}

void NameResolver::Resolve(std::vector<HostPort> targets, Found found) {
  Collector collector(policy_);
  bool names = false;
  for (const HostPort& target : targets) {
    const absl::Status allowed = policy_.CheckHost(target.host, target.port);
    if (!allowed.ok()) {
      found(allowed);
      return;
    }
    const std::optional<base::IpAddress> address = base::IpAddress::Parse(target.host);
    if (address.has_value()) {
      collector.Add(target, *address);
    } else {
      names = true;
    }
  }
  if (!names) {
    found(collector.Result());
    return;
  }
  {
    base::MutexLock lock(mutex_);
    if (!stopping_) {
      jobs_.push_back({std::move(targets), std::move(found)});
      found = nullptr;
    }
  }
  changed_.Signal();
  if (found != nullptr) found(absl::UnavailableError("the server is stopping"));
}

void NameResolver::Loop() {
  while (true) {
    Job job;
    {
      base::MutexLock lock(mutex_);
      while (jobs_.empty() && !stopping_) changed_.Wait(mutex_);
      if (stopping_) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    Collector collector(policy_);
    for (const HostPort& target : job.targets) {
      const std::optional<base::IpAddress> address = base::IpAddress::Parse(target.host);
      if (address.has_value()) {
        collector.Add(target, *address);
      } else {
        LookUp(target, collector);
      }
    }
    job.found(collector.Result());
  }
}

}  // namespace skald::grpc_call
