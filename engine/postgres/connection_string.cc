#include "engine/postgres/connection_string.h"

#include <libpq-fe.h>

#include <map>
#include <memory>

namespace skald::postgres {
namespace {

struct Default {
  const char* keyword;
  const char* value;
};
// Seconds, save for tcp_user_timeout (milliseconds).
constexpr Default kDefaults[] = {
    {"fallback_application_name", "skald"},
    {"connect_timeout", "5"},
    {"keepalives_idle", "10"},
    {"keepalives_interval", "5"},
    {"keepalives_count", "3"},
    {"tcp_user_timeout", "20000"},
};

constexpr char kSessionSettings[] =
    "-c synchronous_commit=on -c statement_timeout=30000 -c lock_timeout=25000 "
    "-c idle_in_transaction_session_timeout=60000 -c default_transaction_isolation=read\\ "
    "committed "
    "-c default_transaction_read_only=off -c client_min_messages=warning -c TimeZone=UTC "
    "-c bytea_output=hex -c jit=off";

std::string Quoted(const std::string& value) {
  std::string quoted = "'";
  for (const char letter : value) {
    if (letter == '\'' || letter == '\\') quoted += '\\';
    quoted += letter;
  }
  return quoted + "'";
}

}  // namespace

absl::StatusOr<std::string> CompleteConnectionString(const std::string& database_url) {
  char* error = nullptr;
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(
      PQconninfoParse(database_url.c_str(), &error), &PQconninfoFree);
  if (options == nullptr) {
    PQfreemem(error);
    return absl::InvalidArgumentError(
        "database URL: neither \"postgresql://…\" nor \"host=… dbname=…\"");
  }
  std::map<std::string, std::string> settings;
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
    if (option->val != nullptr) settings[option->keyword] = option->val;
  }
  for (const Default& one : kDefaults) settings.try_emplace(one.keyword, one.value);
  settings["client_encoding"] = "UTF8";
  std::string& session = settings["options"];
  session = session.empty() ? kSessionSettings : session + " " + kSessionSettings;
  std::string result;
  for (const auto& [keyword, value] : settings) result += keyword + "=" + Quoted(value) + " ";
  return result;
}

}  // namespace skald::postgres
