// `skald admin node | nodes | shards | queues | limits`.
#include <fmt/format.h>

#include <string>

#include "engine/app/client_json.h"
#include "engine/app/commands.h"
#include "engine/app/exit_codes.h"
#include "engine/app/workflow_tree.h"

namespace skald::app {
namespace {

using Options = std::shared_ptr<ClientOptions>;

int ShowNode(const Options& options) {
  Client client(*options);
  grpc::ClientContext context;
  client.Prepare(context);
  v1::Node node;
  const grpc::Status status = client.admin().GetNode(&context, {}, &node);
  if (!status.ok()) return client.Fail(status);
  const char* form =
      client.json()
          ? "{{\"node_id\":{},\"epoch\":{},\"ready\":{},\"version\":{},\"active_workflows\":{},"
            "\"queued_tasks\":{},\"leased_tasks\":{},\"worker_sessions\":{},\"inbox\":{},"
            "\"uncommitted_bytes\":{},\"lease_expires_at_us\":{}}}\n"
          : "node {}\nepoch {}\nready {}\nversion {}\nactive workflows {}\nqueued tasks {}\n"
            "leased tasks {}\nworker sessions {}\ninbox {}\nuncommitted bytes {}\n"
            "lease expires at {}\n";
  const std::string expires = client.json() ? std::to_string(node.lease_expires_at_us())
                                            : TimeText(node.lease_expires_at_us());
  fmt::print(fmt::runtime(form), Quoted(node.node_id()), node.epoch(), node.ready(),
             Quoted(node.version()), node.active_workflows(), node.queued_tasks(),
             node.leased_tasks(), node.worker_sessions(), node.inbox(), node.uncommitted_bytes(),
             expires);
  return kExitOk;
}

int ShowShards(const Options& options) {
  Client client(*options);
  grpc::ClientContext context;
  client.Prepare(context);
  v1::ListShardsResponse response;
  const grpc::Status status = client.admin().ListShards(&context, {}, &response);
  if (!status.ok()) return client.Fail(status);
  for (const v1::Shard& shard : response.shards()) {
    const char* form = client.json() ? "{{\"shard_id\":{},\"first_slot\":{},\"last_slot\":{}}}\n"
                                     : "shard {:>4}  slots {:>5} to {:>5}\n";
    fmt::print(fmt::runtime(form), shard.shard_id(), shard.first_slot(), shard.last_slot());
  }
  return kExitOk;
}

int ShowQueues(const Options& options) {
  Client client(*options);
  grpc::ClientContext context;
  client.Prepare(context);
  v1::ListQueuesResponse response;
  const grpc::Status status = client.admin().ListQueues(&context, {}, &response);
  if (!status.ok()) return client.Fail(status);
  for (const v1::Queue& queue : response.queues()) {
    if (client.json()) {
      fmt::print(
          "{{\"namespace\":{},\"task_type\":{},\"domain\":{},\"depth\":{},"
          "\"oldest_age_ms\":{},\"credits\":{},\"held\":{}}}\n",
          Quoted(queue.namespace_()), Quoted(queue.task_type()), Quoted(queue.domain()),
          queue.depth(), queue.oldest_age_ms(), queue.credits(), queue.held());
      continue;
    }
    fmt::print("{}  {}  {}  depth {}  oldest {} ms  credits {}  held by limits {}\n",
               queue.namespace_(), queue.task_type(), queue.domain(), queue.depth(),
               queue.oldest_age_ms(), queue.credits(), queue.held());
  }
  return kExitOk;
}

int ShowLimits(const Options& options) {
  Client client(*options);
  grpc::ClientContext context;
  client.Prepare(context);
  v1::ListLimitsResponse response;
  const grpc::Status status = client.admin().ListLimits(&context, {}, &response);
  if (!status.ok()) return client.Fail(status);
  for (const v1::Limit& limit : response.limits()) {
    if (client.json()) {
      fmt::print("{{\"name\":{},\"value\":{},\"unit\":{},\"meaning\":{}}}\n", Quoted(limit.name()),
                 limit.value(), Quoted(limit.unit()), Quoted(limit.meaning()));
      continue;
    }
    fmt::print("{:<34} {:>12} {:<10} {}\n", limit.name(), limit.value(), limit.unit(),
               limit.meaning());
  }
  for (const v1::TaskLimit& limit : response.task_limits()) {
    const char* form =
        client.json()
            ? "{{\"namespace\":{},\"task\":{},\"concurrentExecLimit\":{},"
              "\"concurrentExecLimitPerKey\":{},\"rateLimitPerFrequency\":{},"
              "\"rateLimitFrequencyMs\":{},\"inProgress\":{},\"started\":{},\"keys\":{},"
              "\"waitingForPlace\":{},\"waitingForRate\":{},\"waitingForKey\":{}}}\n"
            : "{}  {}  at once {}  per key {}  starts {} in {} ms  in progress {}  started {}  "
              "keys {}  waiting: for a place {}, for the rate {}, for their key {}\n";
    fmt::print(fmt::runtime(form), Quoted(limit.namespace_()), Quoted(limit.task()),
               limit.concurrent_exec_limit(), limit.concurrent_exec_limit_per_key(),
               limit.rate_limit_per_frequency(), limit.rate_limit_frequency_ms(),
               limit.in_progress(), limit.started(), limit.keys(), limit.waiting_for_place(),
               limit.waiting_for_rate(), limit.waiting_for_key());
  }
  for (const v1::WorkflowLimit& limit : response.workflow_limits()) {
    const char* form =
        client.json() ? "{{\"namespace\":{},\"workflow\":{},\"key\":{},\"concurrentExecLimit\":{},"
                        "\"running\":{},\"waiting\":{}}}\n"
                      : "{}  workflow {}  key {}  at once {}  running {}  waiting {}\n";
    fmt::print(fmt::runtime(form), Quoted(limit.namespace_()), Quoted(limit.workflow()),
               Quoted(limit.key()), limit.concurrent_exec_limit(), limit.running(),
               limit.waiting());
  }
  return kExitOk;
}

int ShowNodes(const Options& options) {
  Client client(*options);
  grpc::ClientContext context;
  client.Prepare(context);
  v1::ListNodesResponse response;
  const grpc::Status status = client.admin().ListNodes(&context, {}, &response);
  if (!status.ok()) return client.Fail(status);
  for (const v1::NodeRecord& node : response.nodes()) {
    if (client.json()) {
      fmt::print(
          "{{\"node_id\":{},\"epoch\":{},\"alive\":{},\"shards\":{},"
          "\"lease_expires_at_us\":{}}}\n",
          Quoted(node.node_id()), node.epoch(), node.alive(), node.shards(),
          node.lease_expires_at_us());
      continue;
    }
    fmt::print("{}  epoch {}  {}  shards {}  lease until {}\n", node.node_id(), node.epoch(),
               node.alive() ? "alive" : "silent", node.shards(),
               TimeText(node.lease_expires_at_us()));
  }
  return kExitOk;
}

void Add(CLI::App& group, const char* name, const char* help, int (*run)(const Options&),
         Chosen& chosen) {
  CLI::App* command = group.add_subcommand(name, help);
  Options options = AddClientOptions(*command);
  command->callback([=, &chosen] { chosen = [=] { return run(options); }; });
}

}  // namespace

void AddAdminCommands(CLI::App& app, Chosen& chosen) {
  CLI::App* group = app.add_subcommand("admin", "Look at the server itself");
  group->require_subcommand(1);
  Add(*group, "node", "This node", ShowNode, chosen);
  Add(*group, "nodes", "Every node of the database, those that stand by included", ShowNodes,
      chosen);
  Add(*group, "shards", "The shards it owns", ShowShards, chosen);
  Add(*group, "queues", "The task queues", ShowQueues, chosen);
  Add(*group, "limits", "The bounds in force", ShowLimits, chosen);
}

}  // namespace skald::app
