// GrpcRunner: runs GRPC steps, unary calls of any gRPC service without its generated code
// (docs/grpc-step.md).
//
// Where it may connect is decided by the egress policy for each address; gRPC gets addresses only.
// A target with several addresses is used in turn (round robin), those whose health service says
// NOT_SERVING are left out. Channels, and message types learned by reflection, are kept within
// named bounds. Environment proxies are not used; gRPC repeats nothing by itself.
//
// What an attempt did is told from its status (grpc_outcome.h) and from whether the call was made:
// it is made on a connection that stands, so what fails before that did nothing (saga.md 2.3).
//
// Thread-safe. `done` is called on a thread of gRPC or of the name resolver, or within Run().
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/base/egress_policy.h"
#include "engine/ports/task_runner.h"

namespace skald::grpc_call {

// Files, all PEM. A client certificate needs its key.
struct TlsProfile {
  std::string name;
  std::string ca_file;    // empty: the system's authorities
  std::string cert_file;  // empty: no client certificate
  std::string key_file;
};

struct GrpcOptions {
  base::EgressPolicy egress;
  std::vector<TlsProfile> tls_profiles;
  std::size_t calls_max = 1'000;   // at once: Capacity()
  std::size_t channels_max = 256;  // different targets at once
  std::int64_t deadline_ms_default = 30'000;
  std::int64_t deadline_ms_max = 600'000;
  std::int64_t channel_idle_ms = 300'000;    // then its connections are closed
  std::size_t request_bytes_max = 4 << 20;   // as protobuf
  std::size_t response_bytes_max = 1 << 20;  // as protobuf, and as JSON
};

class GrpcRunner final : public ports::TaskRunner {
 public:
  // INVALID_ARGUMENT: a profile without name, with a name twice, or a certificate without its key.
  // NOT_FOUND: a file of a profile cannot be read.
  static absl::StatusOr<std::unique_ptr<GrpcRunner>> Start(GrpcOptions options);
  ~GrpcRunner() override;

  std::vector<std::string> TaskTypes() const override { return {"GRPC"}; }
  std::size_t Capacity() const override;
  void Run(ports::RunnerTask task, Done done) override;
  void Cancel(std::string_view task_id) override;

 private:
  struct Parts;
  explicit GrpcRunner(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace skald::grpc_call
