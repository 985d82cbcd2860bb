// PrivatePostgres: one throw-away PostgreSQL cluster per test binary, started at the first use.
//
//   const std::string database = PrivatePostgres::NewDatabase();   // a libpq connection string
//
// The cluster keeps nothing that a power cut would lose (fsync off; synchronous_commit stays on),
// and goes with the test binary. Single-threaded: call it from the main thread. What fails here
// ends the test binary with a message.
#pragma once

#include <sys/types.h>

#include <string>

namespace skald::testing {

class PrivatePostgres {
 public:
  // Returns the connection string of an empty database that nobody else has.
  static std::string NewDatabase();

  // Kills the server with SIGKILL and starts it again: every connection breaks, what was committed
  // stays.
  static void CrashAndRestart();

  // The server's process.
  static pid_t ServerPid();
};

// Runs one statement on a connection of its own and returns the first column of the first row, or
// "" if there is none.
std::string QueryOrDie(const std::string& connection_string, const std::string& sql);

}  // namespace skald::testing
