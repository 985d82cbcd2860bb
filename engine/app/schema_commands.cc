// `skald schema …`: schemas of inputs and outputs, which definitions name.
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

struct SchemaArguments {
  std::vector<std::string> files;
  std::string name;
  int version = 0;
  bool new_version = false;
};
using Arguments = std::shared_ptr<SchemaArguments>;
using Options = std::shared_ptr<ClientOptions>;

int RegisterOne(Client& client, const std::string& file, const std::string& text,
                bool new_version) {
  v1::RegisterSchemaRequest request;
  request.set_namespace_(client.options().name_space);
  request.set_schema(text);
  request.set_new_version(new_version);
  v1::RegisterSchemaResponse response;
  grpc::ClientContext context;
  client.Prepare(context);
  const grpc::Status status = client.definitions().RegisterSchema(&context, request, &response);
  if (!status.ok()) {
    if (!client.json()) std::fprintf(stderr, "%s:\n", file.c_str());
    return client.Fail(status);
  }
  if (client.json()) {
    fmt::print("{{\"file\":{},\"name\":{},\"version\":{}}}\n", Quoted(file),
               Quoted(response.name()), response.version());
    return kExitOk;
  }
  fmt::print("registered schema {} version {} ({})\n", response.name(), response.version(), file);
  for (const std::string& warning : response.warnings()) {
    std::fprintf(stderr, "warning: %s\n", warning.c_str());
  }
  return kExitOk;
}

int Register(const Options& options, const Arguments& arguments) {
  Client client(*options);
  int worst = kExitOk;
  for (const std::string& file : arguments->files) {
    const auto text = ReadFile(file);
    if (!text.ok()) {
      worst = std::max(worst, FailLocally(text.status()));
      continue;
    }
    for (const std::string& document : SplitDocuments(*text)) {
      worst = std::max(worst, RegisterOne(client, file, document, arguments->new_version));
    }
  }
  return worst;
}

int Get(const Options& options, const Arguments& arguments) {
  Client client(*options);
  v1::GetSchemaRequest request;
  request.set_namespace_(options->name_space);
  request.set_name(arguments->name);
  request.set_version(arguments->version);
  grpc::ClientContext context;
  client.Prepare(context);
  v1::DefinitionRecord record;
  const grpc::Status status = client.definitions().GetSchema(&context, request, &record);
  if (!status.ok()) return client.Fail(status);
  fmt::print("{}\n", DefinitionJson(record));
  return kExitOk;
}

int List(const Options& options) {
  Client client(*options);
  v1::ListDefinitionsRequest request;
  request.set_namespace_(options->name_space);
  request.set_page_size(kPageSize);
  do {
    grpc::ClientContext context;
    client.Prepare(context);
    v1::ListDefinitionsResponse response;
    const grpc::Status status = client.definitions().ListSchemas(&context, request, &response);
    if (!status.ok()) return client.Fail(status);
    for (const v1::DefinitionRecord& record : response.definitions()) {
      if (client.json()) {
        fmt::print("{}\n", DefinitionJson(record));
      } else {
        fmt::print("{}  version {}\n", record.name(), record.version());
      }
    }
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  return kExitOk;
}

int Delete(const Options& options, const Arguments& arguments) {
  Client client(*options);
  v1::DeleteSchemaRequest request;
  request.set_namespace_(options->name_space);
  request.set_name(arguments->name);
  request.set_version(arguments->version);
  grpc::ClientContext context;
  client.Prepare(context);
  v1::DeleteDefinitionResponse response;
  const grpc::Status status = client.definitions().DeleteSchema(&context, request, &response);
  if (!status.ok()) return client.Fail(status);
  if (client.json()) {
    fmt::print("{{\"deleted\":{},\"version\":{}}}\n", Quoted(arguments->name), arguments->version);
  } else {
    fmt::print("deleted {}\n", arguments->name);
  }
  return kExitOk;
}

}  // namespace

void AddSchemaCommands(CLI::App& app, Chosen& chosen) {
  CLI::App* group = app.add_subcommand("schema", "Schemas of inputs and outputs");
  group->require_subcommand(1);

  CLI::App* command = group->add_subcommand("register", "Check and store schemas");
  Options options = AddClientOptions(*command);
  auto arguments = std::make_shared<SchemaArguments>();
  command
      ->add_option("files", arguments->files,
                   "JSON files, each with one or an array ('-': standard input)")
      ->required();
  command->add_flag("--new-version", arguments->new_version,
                    "Store as the next version of its name; without it over the same version");
  command->callback([=, &chosen] { chosen = [=] { return Register(options, arguments); }; });

  command = group->add_subcommand("get", "Print a schema");
  options = AddClientOptions(*command);
  arguments = std::make_shared<SchemaArguments>();
  command->add_option("name", arguments->name, "Name")->required();
  command->add_option("--version", arguments->version, "Version; the highest if absent");
  command->callback([=, &chosen] { chosen = [=] { return Get(options, arguments); }; });

  command = group->add_subcommand("list", "List what is stored");
  options = AddClientOptions(*command);
  command->callback([=, &chosen] { chosen = [=] { return List(options); }; });

  command = group->add_subcommand("delete", "Delete; running workflows are not touched");
  options = AddClientOptions(*command);
  arguments = std::make_shared<SchemaArguments>();
  command->add_option("name", arguments->name, "Name")->required();
  command->add_option("--version", arguments->version, "Version; all of them if absent");
  command->callback([=, &chosen] { chosen = [=] { return Delete(options, arguments); }; });
}

}  // namespace skald::app
