// DefinitionService of skald.v1 over the catalog. Thread-safe.
#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <utility>

#include "engine/core/environment.h"
#include "engine/grpc/blocking_pool.h"
#include "engine/ports/catalog.h"
#include "engine/ports/clock.h"
#include "engine/ports/script_checker.h"
#include "skald/v1/definition.grpc.pb.h"

namespace skald::grpc_edge {

class DefinitionServiceImpl final : public v1::DefinitionService::CallbackService {
 public:
  // All outlive the service. `scripts`: null where nobody parses scripts.
  DefinitionServiceImpl(ports::Catalog& catalog,
                        std::shared_ptr<const core::Environment> environment,
                        const ports::Clock& clock, BlockingPool& pool,
                        ports::ScriptChecker* scripts)
      : catalog_(catalog),
        environment_(std::move(environment)),
        clock_(clock),
        pool_(pool),
        scripts_(scripts) {}

  grpc::ServerUnaryReactor* RegisterWorkflow(grpc::CallbackServerContext* context,
                                             const v1::RegisterWorkflowRequest* request,
                                             v1::RegisterWorkflowResponse* response) override;
  grpc::ServerUnaryReactor* GetWorkflow(grpc::CallbackServerContext* context,
                                        const v1::GetWorkflowDefinitionRequest* request,
                                        v1::DefinitionRecord* response) override;
  grpc::ServerUnaryReactor* ListWorkflows(grpc::CallbackServerContext* context,
                                          const v1::ListDefinitionsRequest* request,
                                          v1::ListDefinitionsResponse* response) override;
  grpc::ServerUnaryReactor* DeleteWorkflow(grpc::CallbackServerContext* context,
                                           const v1::DeleteWorkflowDefinitionRequest* request,
                                           v1::DeleteDefinitionResponse* response) override;
  grpc::ServerUnaryReactor* RegisterTask(grpc::CallbackServerContext* context,
                                         const v1::RegisterTaskRequest* request,
                                         v1::RegisterTaskResponse* response) override;
  grpc::ServerUnaryReactor* GetTask(grpc::CallbackServerContext* context,
                                    const v1::GetTaskDefinitionRequest* request,
                                    v1::DefinitionRecord* response) override;
  grpc::ServerUnaryReactor* ListTasks(grpc::CallbackServerContext* context,
                                      const v1::ListDefinitionsRequest* request,
                                      v1::ListDefinitionsResponse* response) override;
  grpc::ServerUnaryReactor* DeleteTask(grpc::CallbackServerContext* context,
                                       const v1::DeleteTaskDefinitionRequest* request,
                                       v1::DeleteDefinitionResponse* response) override;
  grpc::ServerUnaryReactor* RegisterSchema(grpc::CallbackServerContext* context,
                                           const v1::RegisterSchemaRequest* request,
                                           v1::RegisterSchemaResponse* response) override;
  grpc::ServerUnaryReactor* GetSchema(grpc::CallbackServerContext* context,
                                      const v1::GetSchemaRequest* request,
                                      v1::DefinitionRecord* response) override;
  grpc::ServerUnaryReactor* ListSchemas(grpc::CallbackServerContext* context,
                                        const v1::ListDefinitionsRequest* request,
                                        v1::ListDefinitionsResponse* response) override;
  grpc::ServerUnaryReactor* DeleteSchema(grpc::CallbackServerContext* context,
                                         const v1::DeleteSchemaRequest* request,
                                         v1::DeleteDefinitionResponse* response) override;

 private:
  grpc::Status StoreWorkflow(const v1::RegisterWorkflowRequest& request,
                             v1::RegisterWorkflowResponse& response);
  grpc::Status StoreTask(const v1::RegisterTaskRequest& request,
                         v1::RegisterTaskResponse& response);
  grpc::Status StoreSchema(const v1::RegisterSchemaRequest& request,
                           v1::RegisterSchemaResponse& response);

  ports::Catalog& catalog_;
  const std::shared_ptr<const core::Environment> environment_;  // shared with the definitions
  const ports::Clock& clock_;
  BlockingPool& pool_;
  ports::ScriptChecker* scripts_;
};

}  // namespace skald::grpc_edge
