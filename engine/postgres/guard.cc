#include "engine/postgres/guard.h"

#include <exception>
#include <new>
#include <string>

#include "engine/postgres/sql_state.h"
#include "engine/postgres/text.h"
#include "fmt/format.h"
#include "pqxx/pqxx"

namespace skald::postgres {
namespace {

Guarded Lost(std::string_view what, Phase phase, const std::exception& error) {
  const std::string text = fmt::format("{}: {}", what, Trimmed(error.what()));
  if (phase == Phase::kCommit) return {absl::UnknownError(text), true};
  return {absl::UnavailableError(text), true};
}

Guarded Failed(std::string_view what, Phase phase, const pqxx::sql_error& error) {
  const std::string& state = error.sqlstate();
  // Without a code it is libpq that complains, not the server.
  if (state.empty() || EndsConnection(state)) return Lost(what, phase, error);
  return {StatusOfSqlState(what, state, Trimmed(error.what())), false};
}

}  // namespace

// In libpqxx 6, losses, doubts, collisions of transactions and errors of statements are four
// families that do not derive from one another.
Guarded Guard(std::string_view what, const Phase& phase,
              const std::function<absl::Status()>& body) {
  try {
    return {body(), false};
  } catch (const pqxx::in_doubt_error& error) {
    return {absl::UnknownError(fmt::format("{}: {}", what, Trimmed(error.what()))), true};
  } catch (const pqxx::statement_completion_unknown& error) {
    return {absl::UnknownError(fmt::format("{}: {}", what, Trimmed(error.what()))), true};
  } catch (const pqxx::transaction_rollback& error) {
    return {absl::UnavailableError(fmt::format("{}: {}", what, Trimmed(error.what()))), false};
  } catch (const pqxx::sql_error& error) {
    return Failed(what, phase, error);
  } catch (const pqxx::broken_connection& error) {
    return Lost(what, phase, error);
  } catch (const std::bad_alloc&) {
    return {absl::ResourceExhaustedError(fmt::format("{}: out of memory", what)), true};
  } catch (const std::exception& error) {
    return {absl::InternalError(fmt::format("{}: {}", what, Trimmed(error.what()))), true};
  }
}

}  // namespace skald::postgres
