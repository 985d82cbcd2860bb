// AdminService of skald.v1 over the engine's statistics and the store's list of nodes. Thread-safe.
#pragma once

#include <grpcpp/grpcpp.h>

#include <cstdint>
#include <string>
#include <vector>

#include "engine/grpc/blocking_pool.h"
#include "engine/ports/catalog.h"
#include "engine/runtime/engine.h"
#include "skald/v1/admin.grpc.pb.h"

namespace skald::grpc_edge {

struct NamedLimit {
  std::string name;
  std::uint64_t value = 0;
  std::string unit;
  std::string meaning;
};

class AdminServiceImpl final : public v1::AdminService::CallbackService {
 public:
  // The references outlive the service. `limits`: the bounds in force.
  AdminServiceImpl(runtime::Engine& engine, ports::Catalog& catalog, BlockingPool& pool,
                   std::vector<NamedLimit> limits, std::string version)
      : engine_(engine),
        catalog_(catalog),
        pool_(pool),
        limits_(std::move(limits)),
        version_(std::move(version)) {}

  grpc::ServerUnaryReactor* GetNode(grpc::CallbackServerContext* context,
                                    const v1::GetNodeRequest* request, v1::Node* response) override;
  grpc::ServerUnaryReactor* ListShards(grpc::CallbackServerContext* context,
                                       const v1::ListShardsRequest* request,
                                       v1::ListShardsResponse* response) override;
  grpc::ServerUnaryReactor* ListQueues(grpc::CallbackServerContext* context,
                                       const v1::ListQueuesRequest* request,
                                       v1::ListQueuesResponse* response) override;
  grpc::ServerUnaryReactor* ListLimits(grpc::CallbackServerContext* context,
                                       const v1::ListLimitsRequest* request,
                                       v1::ListLimitsResponse* response) override;
  grpc::ServerUnaryReactor* ListNodes(grpc::CallbackServerContext* context,
                                      const v1::ListNodesRequest* request,
                                      v1::ListNodesResponse* response) override;

 private:
  runtime::Engine& engine_;
  ports::Catalog& catalog_;
  BlockingPool& pool_;
  const std::vector<NamedLimit> limits_;
  const std::string version_;
};

}  // namespace skald::grpc_edge
