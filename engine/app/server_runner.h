// The server as a process: wires journal, catalog, engine and edges together and runs until it is
// told to stop (SIGTERM, SIGINT) or has lost its node lease for good.
//
// Single-threaded from the caller's side; returns an exit code (exit_codes.h).
#pragma once

#include <string>

#include "engine/app/server_config.h"

namespace skald::app {

// `skald server`: against the database of config.database_url, whose schema must be there and no
// newer than this binary's (`skald migrate`), unless `migrate` says to bring it up first.
int RunServer(const ServerConfig& config);

// `skald dev`: a private PostgreSQL cluster in config.data_dir, migrated, and a server on it.
int RunDev(const ServerConfig& config);

// `skald migrate`.
int RunMigrate(const std::string& database_url);

}  // namespace skald::app
