// `skald definition …` and `skald task-definition …`.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "engine/app/client_json.h"
#include "engine/app/commands.h"
#include "engine/app/exit_codes.h"

namespace skald::app {
namespace {

constexpr std::uint32_t kPageSize = 500;

struct DefinitionArguments {
  std::vector<std::string> files;
  std::string name;
  int version = 0;
  bool overwrite = false;
};
using Arguments = std::shared_ptr<DefinitionArguments>;
using Options = std::shared_ptr<ClientOptions>;

void PrintRegistered(const Client& client, const std::string& file,
                     const v1::RegisterWorkflowResponse& response) {
  if (!client.json()) {
    fmt::print("registered {} version {} ({})\n", response.name(), response.version(), file);
    for (const std::string& warning : response.warnings()) {
      std::fprintf(stderr, "warning: %s\n", warning.c_str());
    }
    return;
  }
  std::string warnings;
  for (const std::string& warning : response.warnings()) {
    warnings += (warnings.empty() ? "" : ",") + Quoted(warning);
  }
  fmt::print("{{\"file\":{},\"name\":{},\"version\":{},\"warnings\":[{}]}}\n", Quoted(file),
             Quoted(response.name()), response.version(), warnings);
}

int RegisterWorkflow(Client& client, const std::string& file, const std::string& text,
                     bool overwrite) {
  v1::RegisterWorkflowRequest request;
  request.set_namespace_(client.options().name_space);
  request.set_definition(text);
  request.set_overwrite(overwrite);
  v1::RegisterWorkflowResponse response;
  grpc::ClientContext context;
  client.Prepare(context);
  const grpc::Status status = client.definitions().RegisterWorkflow(&context, request, &response);
  if (!status.ok()) {
    if (!client.json()) std::fprintf(stderr, "%s:\n", file.c_str());
    return client.Fail(status);
  }
  PrintRegistered(client, file, response);
  return kExitOk;
}

int RegisterTask(Client& client, const std::string& file, const std::string& text) {
  v1::RegisterTaskRequest request;
  request.set_namespace_(client.options().name_space);
  request.set_definition(text);
  v1::RegisterTaskResponse response;
  grpc::ClientContext context;
  client.Prepare(context);
  const grpc::Status status = client.definitions().RegisterTask(&context, request, &response);
  if (!status.ok()) {
    if (!client.json()) std::fprintf(stderr, "%s:\n", file.c_str());
    return client.Fail(status);
  }
  if (client.json()) {
    fmt::print("{{\"file\":{},\"name\":{},\"version\":0}}\n", Quoted(file),
               Quoted(response.name()));
  } else {
    fmt::print("registered task definition {} ({})\n", response.name(), file);
  }
  return kExitOk;
}

int Register(const Options& options, const Arguments& arguments, bool tasks) {
  Client client(*options);
  int worst = kExitOk;
  for (const std::string& file : arguments->files) {
    const auto text = ReadFile(file);
    if (!text.ok()) {
      worst = std::max(worst, FailLocally(text.status()));
      continue;
    }
    for (const std::string& document : SplitDocuments(*text)) {
      const int code = tasks ? RegisterTask(client, file, document)
                             : RegisterWorkflow(client, file, document, arguments->overwrite);
      worst = std::max(worst, code);
    }
  }
  return worst;
}

int Get(const Options& options, const Arguments& arguments, bool tasks) {
  Client client(*options);
  grpc::ClientContext context;
  client.Prepare(context);
  v1::DefinitionRecord record;
  grpc::Status status;
  if (tasks) {
    v1::GetTaskDefinitionRequest request;
    request.set_namespace_(options->name_space);
    request.set_name(arguments->name);
    status = client.definitions().GetTask(&context, request, &record);
  } else {
    v1::GetWorkflowDefinitionRequest request;
    request.set_namespace_(options->name_space);
    request.set_name(arguments->name);
    request.set_version(arguments->version);
    status = client.definitions().GetWorkflow(&context, request, &record);
  }
  if (!status.ok()) return client.Fail(status);
  fmt::print("{}\n", DefinitionJson(record));
  return kExitOk;
}

int List(const Options& options, bool tasks) {
  Client client(*options);
  v1::ListDefinitionsRequest request;
  request.set_namespace_(options->name_space);
  request.set_page_size(kPageSize);
  do {
    grpc::ClientContext context;
    client.Prepare(context);
    v1::ListDefinitionsResponse response;
    const grpc::Status status =
        tasks ? client.definitions().ListTasks(&context, request, &response)
              : client.definitions().ListWorkflows(&context, request, &response);
    if (!status.ok()) return client.Fail(status);
    for (const v1::DefinitionRecord& record : response.definitions()) {
      if (client.json()) {
        fmt::print("{}\n", DefinitionJson(record));
      } else if (tasks) {
        fmt::print("{}\n", record.name());
      } else {
        fmt::print("{}  version {}\n", record.name(), record.version());
      }
    }
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  return kExitOk;
}

int Delete(const Options& options, const Arguments& arguments, bool tasks) {
  Client client(*options);
  grpc::ClientContext context;
  client.Prepare(context);
  v1::DeleteDefinitionResponse response;
  grpc::Status status;
  if (tasks) {
    v1::DeleteTaskDefinitionRequest request;
    request.set_namespace_(options->name_space);
    request.set_name(arguments->name);
    status = client.definitions().DeleteTask(&context, request, &response);
  } else {
    v1::DeleteWorkflowDefinitionRequest request;
    request.set_namespace_(options->name_space);
    request.set_name(arguments->name);
    request.set_version(arguments->version);
    status = client.definitions().DeleteWorkflow(&context, request, &response);
  }
  if (!status.ok()) return client.Fail(status);
  if (client.json()) {
    fmt::print("{{\"deleted\":{},\"version\":{}}}\n", Quoted(arguments->name), arguments->version);
  } else {
    fmt::print("deleted {}\n", arguments->name);
  }
  return kExitOk;
}

void AddGroup(CLI::App& app, const std::string& name, const std::string& help, bool tasks,
              Chosen& chosen) {
  CLI::App* group = app.add_subcommand(name, help);
  group->require_subcommand(1);

  CLI::App* command = group->add_subcommand("register", "Check and store definitions");
  Options options = AddClientOptions(*command);
  auto arguments = std::make_shared<DefinitionArguments>();
  command
      ->add_option("files", arguments->files,
                   "JSON files, each with one or an array ('-': standard input)")
      ->required();
  if (!tasks) {
    command->add_flag("--overwrite", arguments->overwrite, "Replace the same name and version");
  }
  command->callback([=, &chosen] { chosen = [=] { return Register(options, arguments, tasks); }; });

  command = group->add_subcommand("get", "Print a definition as registered");
  options = AddClientOptions(*command);
  arguments = std::make_shared<DefinitionArguments>();
  command->add_option("name", arguments->name, "Name")->required();
  if (!tasks)
    command->add_option("--version", arguments->version, "Version; the highest if absent");
  command->callback([=, &chosen] { chosen = [=] { return Get(options, arguments, tasks); }; });

  command = group->add_subcommand("list", "List what is registered");
  options = AddClientOptions(*command);
  command->callback([=, &chosen] { chosen = [=] { return List(options, tasks); }; });

  command = group->add_subcommand("delete", "Delete; running workflows are not touched");
  options = AddClientOptions(*command);
  arguments = std::make_shared<DefinitionArguments>();
  command->add_option("name", arguments->name, "Name")->required();
  if (!tasks) command->add_option("--version", arguments->version, "Version")->required();
  command->callback([=, &chosen] { chosen = [=] { return Delete(options, arguments, tasks); }; });
}

}  // namespace

void AddDefinitionCommands(CLI::App& app, Chosen& chosen) {
  AddGroup(app, "definition", "Workflow definitions", false, chosen);
  AddGroup(app, "task-definition", "Task definitions", true, chosen);
}

}  // namespace skald::app
