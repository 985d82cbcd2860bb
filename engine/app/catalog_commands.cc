// `skald definition …`, `skald task-definition …` and `skald schema …`: what the catalog keeps, by
// one table of its kinds.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <string>
#include <vector>

#include "engine/app/client_json.h"
#include "engine/app/commands.h"
#include "engine/app/exit_codes.h"

namespace skald::app {
namespace {

constexpr std::uint32_t kCatalogPageSize = 500;

using Options = std::shared_ptr<ClientOptions>;
using CatalogStub = v1::DefinitionService::Stub;

struct CatalogArguments {
  std::vector<std::string> files;
  std::string name;
  int version = 0;
  bool flag = false;
};
using Arguments = std::shared_ptr<CatalogArguments>;

struct Registered {
  std::string name;
  int version = 0;
  std::vector<std::string> warnings;
};

// One kind of what is registered: how its commands are called, and the calls behind them.
struct CatalogKind {
  const char* name;
  const char* help;
  const char* noun;           // before the name of what was registered
  const char* help_register;  // and so on, of its commands
  const char* help_get;
  const char* help_list;
  bool has_versions;
  const char* register_flag;  // null: none
  const char* register_flag_help;
  const char* delete_version_help;
  bool delete_needs_version;

  grpc::Status (*add)(Client& client, const std::string& text, bool flag, Registered& registered);
  grpc::Status (*get)(Client& client, const CatalogArguments& arguments,
                      v1::DefinitionRecord& record);
  grpc::Status (*list)(Client& client, const v1::ListDefinitionsRequest& request,
                       v1::ListDefinitionsResponse& response);
  grpc::Status (*remove)(Client& client, const CatalogArguments& arguments);
};

// ---- the calls ----

template <auto kCall, typename Request, typename Response>
grpc::Status Call(Client& client, const Request& request, Response& response) {
  grpc::ClientContext context;
  client.Prepare(context);
  return (client.definitions().*kCall)(&context, request, &response);
}

template <auto kCall, typename Response, typename Request>
grpc::Status Add(Client& client, Request& request, Registered& registered) {
  request.set_namespace_(client.options().name_space);
  Response response;
  grpc::Status status = Call<kCall>(client, request, response);
  registered.name = response.name();
  if constexpr (requires { response.version(); }) registered.version = response.version();
  if constexpr (requires { response.warnings(); }) {
    registered.warnings.assign(response.warnings().begin(), response.warnings().end());
  }
  return status;
}

grpc::Status AddDefinition(Client& client, const std::string& text, bool flag,
                           Registered& registered) {
  v1::RegisterWorkflowRequest request;
  request.set_definition(text);
  request.set_overwrite(flag);
  return Add<&CatalogStub::RegisterWorkflow, v1::RegisterWorkflowResponse>(client, request,
                                                                           registered);
}

grpc::Status AddTaskDefinition(Client& client, const std::string& text, bool /*flag*/,
                               Registered& registered) {
  v1::RegisterTaskRequest request;
  request.set_definition(text);
  return Add<&CatalogStub::RegisterTask, v1::RegisterTaskResponse>(client, request, registered);
}

grpc::Status AddSchema(Client& client, const std::string& text, bool flag, Registered& registered) {
  v1::RegisterSchemaRequest request;
  request.set_schema(text);
  request.set_new_version(flag);
  return Add<&CatalogStub::RegisterSchema, v1::RegisterSchemaResponse>(client, request, registered);
}

template <typename Request>
Request Naming(const Client& client, const CatalogArguments& arguments) {
  Request request;
  request.set_namespace_(client.options().name_space);
  request.set_name(arguments.name);
  if constexpr (requires { request.set_version(0); }) request.set_version(arguments.version);
  return request;
}

template <auto kCall, typename Request>
grpc::Status GetOne(Client& client, const CatalogArguments& arguments,
                    v1::DefinitionRecord& record) {
  return Call<kCall>(client, Naming<Request>(client, arguments), record);
}

template <auto kCall, typename Request>
grpc::Status RemoveOne(Client& client, const CatalogArguments& arguments) {
  v1::DeleteDefinitionResponse response;
  return Call<kCall>(client, Naming<Request>(client, arguments), response);
}

template <auto kCall>
grpc::Status ListPage(Client& client, const v1::ListDefinitionsRequest& request,
                      v1::ListDefinitionsResponse& response) {
  return Call<kCall>(client, request, response);
}

constexpr std::array kKinds = {
    CatalogKind{
        .name = "definition",
        .help = "Workflow definitions",
        .noun = "",
        .help_register = "Check and store definitions",
        .help_get = "Print a definition as registered",
        .help_list = "List what is registered",
        .has_versions = true,
        .register_flag = "--overwrite",
        .register_flag_help = "Replace the same name and version",
        .delete_version_help = "Version",
        .delete_needs_version = true,
        .add = &AddDefinition,
        .get = &GetOne<&CatalogStub::GetWorkflow, v1::GetWorkflowDefinitionRequest>,
        .list = &ListPage<&CatalogStub::ListWorkflows>,
        .remove = &RemoveOne<&CatalogStub::DeleteWorkflow, v1::DeleteWorkflowDefinitionRequest>},
    CatalogKind{.name = "task-definition",
                .help = "Task definitions",
                .noun = "task definition ",
                .help_register = "Check and store definitions",
                .help_get = "Print a definition as registered",
                .help_list = "List what is registered",
                .has_versions = false,
                .register_flag = nullptr,
                .register_flag_help = nullptr,
                .delete_version_help = nullptr,
                .delete_needs_version = false,
                .add = &AddTaskDefinition,
                .get = &GetOne<&CatalogStub::GetTask, v1::GetTaskDefinitionRequest>,
                .list = &ListPage<&CatalogStub::ListTasks>,
                .remove = &RemoveOne<&CatalogStub::DeleteTask, v1::DeleteTaskDefinitionRequest>},
    CatalogKind{.name = "schema",
                .help = "Schemas of inputs and outputs",
                .noun = "schema ",
                .help_register = "Check and store schemas",
                .help_get = "Print a schema",
                .help_list = "List what is stored",
                .has_versions = true,
                .register_flag = "--new-version",
                .register_flag_help =
                    "Store as the next version of its name; without it over the same version",
                .delete_version_help = "Version; all of them if absent",
                .delete_needs_version = false,
                .add = &AddSchema,
                .get = &GetOne<&CatalogStub::GetSchema, v1::GetSchemaRequest>,
                .list = &ListPage<&CatalogStub::ListSchemas>,
                .remove = &RemoveOne<&CatalogStub::DeleteSchema, v1::DeleteSchemaRequest>}};

// ---- what the commands do ----

void PrintRegistered(const CatalogKind& kind, const Client& client, const std::string& file,
                     const Registered& registered) {
  if (!client.json()) {
    const std::string version =
        kind.has_versions ? fmt::format(" version {}", registered.version) : "";
    fmt::print("registered {}{}{} ({})\n", kind.noun, registered.name, version, file);
    for (const std::string& warning : registered.warnings) {
      std::fprintf(stderr, "warning: %s\n", warning.c_str());
    }
    return;
  }
  std::string warnings;
  for (const std::string& warning : registered.warnings) {
    warnings += (warnings.empty() ? "" : ",") + Quoted(warning);
  }
  const std::string version =
      kind.has_versions ? fmt::format(",\"version\":{}", registered.version) : "";
  fmt::print("{{\"file\":{},\"name\":{}{},\"warnings\":[{}]}}\n", Quoted(file),
             Quoted(registered.name), version, warnings);
}

int RegisterOne(const CatalogKind& kind, Client& client, const std::string& file,
                const std::string& text, bool flag) {
  Registered registered;
  const grpc::Status status = kind.add(client, text, flag, registered);
  if (!status.ok()) {
    if (!client.json()) std::fprintf(stderr, "%s:\n", file.c_str());
    return client.Fail(status);
  }
  PrintRegistered(kind, client, file, registered);
  return kExitOk;
}

int Register(const CatalogKind& kind, const Options& options, const CatalogArguments& arguments) {
  Client client(*options);
  int worst = kExitOk;
  for (const std::string& file : arguments.files) {
    const auto text = ReadFile(file);
    if (!text.ok()) {
      worst = std::max(worst, FailLocally(text.status()));
      continue;
    }
    for (const std::string& document : SplitDocuments(*text)) {
      worst = std::max(worst, RegisterOne(kind, client, file, document, arguments.flag));
    }
  }
  return worst;
}

int Get(const CatalogKind& kind, const Options& options, const CatalogArguments& arguments) {
  Client client(*options);
  v1::DefinitionRecord record;
  const grpc::Status status = kind.get(client, arguments, record);
  if (!status.ok()) return client.Fail(status);
  fmt::print("{}\n", DefinitionJson(record));
  return kExitOk;
}

int List(const CatalogKind& kind, const Options& options, const CatalogArguments& /*arguments*/) {
  Client client(*options);
  v1::ListDefinitionsRequest request;
  request.set_namespace_(options->name_space);
  request.set_page_size(kCatalogPageSize);
  do {
    v1::ListDefinitionsResponse response;
    const grpc::Status status = kind.list(client, request, response);
    if (!status.ok()) return client.Fail(status);
    for (const v1::DefinitionRecord& record : response.definitions()) {
      if (client.json()) {
        fmt::print("{}\n", DefinitionJson(record));
      } else if (kind.has_versions) {
        fmt::print("{}  version {}\n", record.name(), record.version());
      } else {
        fmt::print("{}\n", record.name());
      }
    }
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  return kExitOk;
}

int Delete(const CatalogKind& kind, const Options& options, const CatalogArguments& arguments) {
  Client client(*options);
  const grpc::Status status = kind.remove(client, arguments);
  if (!status.ok()) return client.Fail(status);
  if (client.json()) {
    fmt::print("{{\"deleted\":{},\"version\":{}}}\n", Quoted(arguments.name), arguments.version);
  } else {
    fmt::print("deleted {}\n", arguments.name);
  }
  return kExitOk;
}

// ---- the commands ----

using CatalogRun = int (*)(const CatalogKind&, const Options&, const CatalogArguments&);

struct Verb {
  CLI::App* command;
  Arguments arguments;
};

Verb AddVerb(CLI::App& group, const char* name, const char* help, const CatalogKind& kind,
             CatalogRun run, Chosen& chosen) {
  CLI::App* command = group.add_subcommand(name, help);
  const Options options = AddClientOptions(*command);
  auto arguments = std::make_shared<CatalogArguments>();  // shared: the action outlives the parse
  command->callback(
      [=, &chosen, &kind] { chosen = [=, &kind] { return run(kind, options, *arguments); }; });
  return {.command = command, .arguments = arguments};
}

void AddKind(CLI::App& app, const CatalogKind& kind, Chosen& chosen) {
  CLI::App* group = app.add_subcommand(kind.name, kind.help);
  group->require_subcommand(1);

  const Verb add = AddVerb(*group, "register", kind.help_register, kind, &Register, chosen);
  add.command
      ->add_option("files", add.arguments->files,
                   "JSON files, each with one or an array ('-': standard input)")
      ->required();
  if (kind.register_flag != nullptr) {
    add.command->add_flag(kind.register_flag, add.arguments->flag, kind.register_flag_help);
  }

  const Verb get = AddVerb(*group, "get", kind.help_get, kind, &Get, chosen);
  get.command->add_option("name", get.arguments->name, "Name")->required();
  if (kind.has_versions) {
    get.command->add_option("--version", get.arguments->version, "Version; the highest if absent");
  }

  AddVerb(*group, "list", kind.help_list, kind, &List, chosen);

  const Verb remove =
      AddVerb(*group, "delete", "Delete; running workflows are not touched", kind, &Delete, chosen);
  remove.command->add_option("name", remove.arguments->name, "Name")->required();
  if (kind.has_versions) {
    remove.command->add_option("--version", remove.arguments->version, kind.delete_version_help)
        ->required(kind.delete_needs_version);
  }
}

}  // namespace

void AddCatalogCommands(CLI::App& app, Chosen& chosen) {
  for (const CatalogKind& kind : kKinds) AddKind(app, kind, chosen);
}

}  // namespace skald::app
