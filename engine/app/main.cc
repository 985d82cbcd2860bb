// `skald`: the server and its command line in one binary.
#include <cstdio>
#include <string>

#include "engine/app/commands.h"
#include "engine/app/config_file.h"
#include "engine/app/exit_codes.h"
#include "engine/app/masked_address.h"
#include "engine/app/server_config.h"
#include "engine/app/server_runner.h"
#include "engine/app/unknown_command.h"
#include "engine/app/version.h"
#include "engine/script/host.h"
#include <CLI/CLI.hpp>

namespace skald::app {
namespace {

// Runs the server, or shows its settings, once those of the file are known too.
int RunWithSettings(CLI::App& command, ServerConfig& config, int (*run)(const ServerConfig&)) {
  if (!config.config_file.empty()) {
    const absl::Status status = ReadConfigFile(command, config.config_file);
    if (!status.ok()) {
      std::fprintf(stderr, "skald: %s\n", std::string(status.message()).c_str());
      return kExitUsage;
    }
  }
  if (!config.print_config) return run(config);
  CLI::Option* database = command.get_option_no_throw("--database-url");
  if (database != nullptr && !config.database_url.empty()) {
    database->clear();
    database->default_str(MaskPassword(config.database_url));
  }
  std::fputs(command.config_to_str(true, true).c_str(), stdout);
  return kExitOk;
}

void AddServerCommands(CLI::App& app, ServerConfig& config, Chosen& chosen) {
  CLI::App* server = app.add_subcommand("server", "Run the server on a PostgreSQL database");
  server->add_option("--database-url", config.database_url, "postgresql://… of the database")
      ->envname("SKALD_DATABASE_URL");
  server
      ->add_option("--wait-for-database", config.wait_for_database_s,
                   "Seconds to wait at the start for a database that is not there")
      ->envname("SKALD_WAIT_FOR_DATABASE")
      ->check(CLI::Range(0, 86'400))
      ->capture_default_str();
  AddServerOptions(*server, config);
  server->callback([server, &config, &chosen] {
    chosen = [server, &config] { return RunWithSettings(*server, config, RunServer); };
  });

  CLI::App* dev = app.add_subcommand("dev", "Run the server with a PostgreSQL of its own");
  dev->add_option("--data-dir", config.data_dir, "Folder of the data; made when missing")
      ->envname("SKALD_DATA_DIR")
      ->capture_default_str();
  AddServerOptions(*dev, config);
  dev->callback([dev, &config, &chosen] {
    chosen = [dev, &config] { return RunWithSettings(*dev, config, RunDev); };
  });

  CLI::App* migrate = app.add_subcommand("migrate", "Bring a database's schema up to this binary");
  migrate->add_option("--database-url", config.database_url, "postgresql://… of the database")
      ->envname("SKALD_DATABASE_URL")
      ->required();
  migrate->callback(
      [&config, &chosen] { chosen = [&config] { return RunMigrate(config.database_url); }; });
}

// What the engine starts itself with to evaluate scripts (engine/script); for nobody else.
void AddScriptHostCommand(CLI::App& app, std::size_t& memory_bytes, Chosen& chosen) {
  CLI::App* host = app.add_subcommand("script-host", "Evaluate scripts for the server");
  host->group("");  // not shown
  host->add_option("memory-bytes", memory_bytes, "Memory of one evaluation")->required();
  host->callback([&memory_bytes, &chosen] {
    chosen = [&memory_bytes] { return script::RunScriptHost(script::kChannelFd, memory_bytes); };
  });
}

int Main(int argc, char** argv) {
  CLI::App app("Skald: workflows as sagas, durable in PostgreSQL", "skald");
  app.set_version_flag("--version", kVersion);
  app.require_subcommand(1);
  ServerConfig config;
  std::size_t script_memory_bytes = 0;
  Chosen chosen;
  AddServerCommands(app, config, chosen);
  AddCatalogCommands(app, chosen);
  AddWorkflowCommands(app, chosen);
  AddAdminCommands(app, chosen);
  AddScriptHostCommand(app, script_memory_bytes, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // CLI11 reports through exceptions; help and version come this way too, with code 0.
    const std::string unknown = UnknownCommand(app);
    if (error.get_exit_code() != 0 && !unknown.empty()) {
      std::fprintf(stderr, "skald: %s\n", unknown.c_str());
      return kExitUsage;
    }
    return app.exit(error) == 0 ? kExitOk : kExitUsage;
  }
  return chosen();
}

}  // namespace
}  // namespace skald::app

int main(int argc, char** argv) { return skald::app::Main(argc, argv); }
