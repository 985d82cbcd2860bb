// WorkflowService of skald.v1 over the engine and the catalog. Thread-safe.
#pragma once

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <cstdint>
#include <string>

#include "engine/grpc/blocking_pool.h"
#include "engine/grpc/bulk_runner.h"
#include "engine/grpc/starter.h"
#include "engine/grpc/watch_stream.h"
#include "engine/grpc/workflow_reader.h"
#include "engine/ports/catalog.h"
#include "engine/ports/task_log.h"
#include "engine/runtime/engine.h"
#include "skald/v1/workflow.grpc.pb.h"

namespace skald::grpc_edge {

class WorkflowServiceImpl final : public v1::WorkflowService::CallbackService {
 public:
  using Context = grpc::CallbackServerContext;
  using Reactor = grpc::ServerUnaryReactor;

  // All outlive the service.
  WorkflowServiceImpl(runtime::Engine& engine, ports::Catalog& catalog, ports::TaskLog& log,
                      Starter& starter, WorkflowReader& reader, BlockingPool& pool)
      : engine_(engine),
        catalog_(catalog),
        log_(log),
        starter_(starter),
        reader_(reader),
        pool_(pool),
        bulk_(engine, catalog, reader, pool) {}

  Reactor* Start(Context* context, const v1::StartRequest* request,
                 v1::StartResponse* response) override;
  Reactor* StartMany(Context* context, const v1::StartManyRequest* request,
                     v1::StartManyResponse* response) override;
  Reactor* Get(Context* context, const v1::GetRequest* request, v1::Workflow* response) override;
  Reactor* List(Context* context, const v1::ListRequest* request,
                v1::ListResponse* response) override;
  Reactor* History(Context* context, const v1::HistoryRequest* request,
                   v1::HistoryResponse* response) override;
  grpc::ServerWriteReactor<v1::WatchResponse>* Watch(Context* context,
                                                     const v1::WatchRequest* request) override;
  Reactor* Execute(Context* context, const v1::ExecuteRequest* request,
                   v1::ExecuteResponse* response) override;
  Reactor* Await(Context* context, const v1::AwaitRequest* request,
                 v1::ExecuteResponse* response) override;
  Reactor* Signal(Context* context, const v1::SignalRequest* request,
                  v1::ActionResponse* response) override;
  Reactor* SendMessage(Context* context, const v1::SendMessageRequest* request,
                       v1::SendMessageResponse* response) override;
  Reactor* UpdateTask(Context* context, const v1::UpdateTaskRequest* request,
                      v1::ActionResponse* response) override;
  Reactor* Pause(Context* context, const v1::ActionRequest* request,
                 v1::ActionResponse* response) override;
  Reactor* Resume(Context* context, const v1::ActionRequest* request,
                  v1::ActionResponse* response) override;
  Reactor* Terminate(Context* context, const v1::TerminateRequest* request,
                     v1::ActionResponse* response) override;
  Reactor* Compensate(Context* context, const v1::CompensateRequest* request,
                      v1::ActionResponse* response) override;
  Reactor* Operate(Context* context, const v1::OperateRequest* request,
                   v1::ActionResponse* response) override;
  Reactor* Restart(Context* context, const v1::RestartRequest* request,
                   v1::ActionResponse* response) override;
  Reactor* Retry(Context* context, const v1::RetryRequest* request,
                 v1::ActionResponse* response) override;
  Reactor* Rerun(Context* context, const v1::RerunRequest* request,
                 v1::ActionResponse* response) override;
  Reactor* SkipTask(Context* context, const v1::SkipTaskRequest* request,
                    v1::ActionResponse* response) override;
  Reactor* UpdateVariables(Context* context, const v1::UpdateVariablesRequest* request,
                           v1::ActionResponse* response) override;
  Reactor* Upgrade(Context* context, const v1::UpgradeRequest* request,
                   v1::UpgradeResponse* response) override;
  Reactor* TaskLogs(Context* context, const v1::TaskLogsRequest* request,
                    v1::TaskLogsResponse* response) override;
  Reactor* Verify(Context* context, const v1::VerifyRequest* request,
                  v1::VerifyResponse* response) override;
  Reactor* Delete(Context* context, const v1::ActionRequest* request,
                  v1::ActionResponse* response) override;
  Reactor* Bulk(Context* context, const v1::BulkRequest* request,
                v1::BulkResponse* response) override;

 private:
  Reactor* Send(Context* context, const std::string& name_space, const std::string& workflow_id,
                absl::StatusOr<core::Trigger> trigger, v1::ActionResponse* response);
  // INVALID_ARGUMENT: `id` is no sub-workflow of `root`, at any depth. Waits on the database.
  absl::Status StandsWithin(const std::string& name_space, const core::WorkflowId& id,
                            const core::WorkflowId& root);

  // With the newest definition of its name.
  Reactor* RestartLatest(Context* context, const v1::RestartRequest* request,
                         v1::ActionResponse* response);

  absl::Status CheckWait(const v1::WaitFor& wait_for) const;

  runtime::Engine& engine_;
  ports::Catalog& catalog_;
  ports::TaskLog& log_;
  Starter& starter_;
  WorkflowReader& reader_;
  BlockingPool& pool_;
  BulkRunner bulk_;
  std::atomic<std::int64_t> waiting_calls_ = 0;  // Execute and Await
};

}  // namespace skald::grpc_edge
