// Service: the main function of a sample service: flags, schema, worker, SIGTERM.
//
//   int main(int argc, char** argv) {
//     return skald::service::Main(argc, argv, {.name = "payment", .schema = kSchema,
//                                              .add_handlers = AddHandlers});
//   }
//
// Flags: --server, --database-url, --threads, --credits, --log-level; also from the environment as
// SKALD_ADDRESS and DATABASE_URL. Exit codes: 0 drained, 1 failed while running, 2 wrong flags.
// Single-threaded.
#pragma once

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "workers/sdk/worker.h"

namespace skald::service {

struct Definition {
  std::string name;
  std::string schema;  // SQL that may run again and again, beside that of ledger.h
  std::function<void(sdk::Worker&)> add_handlers;
};

int Main(int argc, char** argv, const Definition& definition);

// Creates the service's tables and the ledger where they are missing. Any number of processes may
// do so at once. Errors as sdk::PgSession::Transact.
absl::Status CreateSchema(const std::string& database_url, const std::string& schema);

}  // namespace skald::service
