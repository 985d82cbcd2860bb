// What the sample services and the engine wrote, read from their databases. Single-threaded; a
// query that fails ends the test binary with a message.
#pragma once

#include <libpq-fe.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace skald::testing {

// A connection that is opened again when the server has been restarted.
class Database {
 public:
  explicit Database(const std::string& url);

  // All rows of one statement, as texts. A statement that met a broken connection runs again.
  std::vector<std::vector<std::string>> Rows(const std::string& sql);
  // The first column of the first row; "" without a row.
  std::string Value(const std::string& sql);

 private:
  std::unique_ptr<PGconn, decltype(&PQfinish)> connection_;
};

// The effects of one workflow in all services.
struct Effects {
  int steps_done = 0;
  int steps_undone = 0;
  // Steps that were done, or undone, more than once, or undone without having been done.
  int doubled = 0;
};

// By workflow id.
std::map<std::string, Effects> ReadLedgers(const std::vector<std::string>& database_urls);

}  // namespace skald::testing
