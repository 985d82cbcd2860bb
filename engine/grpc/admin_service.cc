#include "engine/grpc/admin_service.h"

#include "engine/grpc/unary.h"

namespace skald::grpc_edge {

namespace {

void ToTaskLimit(const runtime::EngineStats::LimitUse& use, v1::TaskLimit& message) {
  message.set_namespace_(use.name_space);
  message.set_task(use.task);
  message.set_concurrent_exec_limit(static_cast<std::uint32_t>(use.places));
  message.set_concurrent_exec_limit_per_key(static_cast<std::uint32_t>(use.places_per_key));
  message.set_rate_limit_per_frequency(static_cast<std::uint32_t>(use.starts));
  message.set_rate_limit_frequency_ms(
      static_cast<std::uint64_t>(use.window_us / core::kMillisecondUs));
  message.set_in_progress(use.in_progress);
  message.set_started(use.started);
  message.set_keys(use.keys);
  message.set_waiting_for_place(use.waiting_for_place);
  message.set_waiting_for_rate(use.waiting_for_rate);
  message.set_waiting_for_key(use.waiting_for_key);
}

}  // namespace

using Stats = absl::StatusOr<runtime::EngineStats>;

grpc::ServerUnaryReactor* AdminServiceImpl::GetNode(grpc::CallbackServerContext* context,
                                                    const v1::GetNodeRequest*, v1::Node* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  engine_.Stats([this, reactor, response](Stats stats) {
    if (stats.ok()) {
      response->set_node_id(stats->lease.node_id);
      response->set_epoch(stats->lease.epoch);
      response->set_lease_expires_at_us(stats->lease.expires_at);
      response->set_ready(stats->ready.ok());
      response->set_version(version_);
      response->set_active_workflows(stats->active_workflows);
      response->set_queued_tasks(stats->queued_tasks);
      response->set_leased_tasks(stats->live_leases);
      response->set_worker_sessions(stats->sessions);
      response->set_inbox(stats->inbox);
      response->set_uncommitted_bytes(stats->uncommitted_bytes);
    }
    reactor->Finish(ToGrpc(stats.status()));
  });
  return reactor;
}

grpc::ServerUnaryReactor* AdminServiceImpl::ListShards(grpc::CallbackServerContext* context,
                                                       const v1::ListShardsRequest*,
                                                       v1::ListShardsResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  engine_.Stats([reactor, response](Stats stats) {
    if (stats.ok()) {
      for (const ports::Shard& shard : stats->shards) {
        v1::Shard& message = *response->add_shards();
        message.set_shard_id(shard.shard_id);
        message.set_first_slot(shard.slots.first);
        message.set_last_slot(shard.slots.last);
      }
    }
    reactor->Finish(ToGrpc(stats.status()));
  });
  return reactor;
}

grpc::ServerUnaryReactor* AdminServiceImpl::ListQueues(grpc::CallbackServerContext* context,
                                                       const v1::ListQueuesRequest* request,
                                                       v1::ListQueuesResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  engine_.Stats([reactor, request, response](Stats stats) {
    if (stats.ok()) {
      for (const auto& queue : stats->queues) {
        if (!request->namespace_().empty() && queue.name_space != request->namespace_()) continue;
        v1::Queue& message = *response->add_queues();
        message.set_namespace_(queue.name_space);
        message.set_task_type(queue.task_type);
        message.set_domain(queue.domain);
        message.set_depth(queue.depth);
        message.set_oldest_age_ms(
            static_cast<std::uint64_t>(queue.oldest_us / core::kMillisecondUs));
        message.set_credits(queue.credits);
        message.set_held(queue.held);
      }
    }
    reactor->Finish(ToGrpc(stats.status()));
  });
  return reactor;
}

grpc::ServerUnaryReactor* AdminServiceImpl::ListLimits(grpc::CallbackServerContext* context,
                                                       const v1::ListLimitsRequest*,
                                                       v1::ListLimitsResponse* response) {
  for (const NamedLimit& limit : limits_) {
    v1::Limit& message = *response->add_limits();
    message.set_name(limit.name);
    message.set_value(limit.value);
    message.set_unit(limit.unit);
    message.set_meaning(limit.meaning);
  }
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  engine_.Stats([reactor, response](Stats stats) {
    if (stats.ok()) {
      for (const auto& use : stats->limits) ToTaskLimit(use, *response->add_task_limits());
      for (const auto& use : stats->turns) {
        v1::WorkflowLimit& message = *response->add_workflow_limits();
        message.set_namespace_(use.name_space);
        message.set_workflow(use.workflow);
        message.set_key(use.key);
        message.set_concurrent_exec_limit(static_cast<std::uint32_t>(use.running_max));
        message.set_running(use.running);
        message.set_waiting(use.waiting);
      }
    }
    reactor->Finish(ToGrpc(stats.status()));
  });
  return reactor;
}

grpc::ServerUnaryReactor* AdminServiceImpl::ListNodes(grpc::CallbackServerContext* context,
                                                      const v1::ListNodesRequest*,
                                                      v1::ListNodesResponse* response) {
  return RunOnPool(context, pool_, [this, response] {
    const auto nodes = catalog_.ListNodes();
    if (!nodes.ok()) return ToGrpc(nodes.status());
    for (const ports::NodeRecord& node : *nodes) {
      v1::NodeRecord& message = *response->add_nodes();
      message.set_node_id(node.node_id);
      message.set_epoch(node.epoch);
      message.set_lease_expires_at_us(node.expires_at);
      message.set_alive(node.alive);
      message.set_shards(node.shards);
    }
    return grpc::Status::OK;
  });
}

}  // namespace skald::grpc_edge
