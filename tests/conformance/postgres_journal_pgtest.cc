// PgJournal keeps the journal's contract.
#include <utility>

#include "absl/strings/numbers.h"
#include "engine/postgres/migrate.h"
#include "engine/postgres/pg_journal.h"
#include "fmt/format.h"
#include "tests/conformance/journal_suite.h"
#include "tests/support/private_postgres.h"
#include "tests/support/status_matchers.h"

namespace skald::conformance {
namespace {

using testing::PrivatePostgres;
using testing::QueryOrDie;

class PostgresForm final : public JournalStore {
 public:
  PostgresForm() : url_(PrivatePostgres::NewDatabase()) {
    EXPECT_THAT(postgres::Migrate(url_), testing::IsOk());
  }
  std::unique_ptr<ports::Journal> Open() override {
    auto opened = postgres::PgJournal::Open(url_);
    EXPECT_THAT(opened, testing::IsOk());
    return *std::move(opened);
  }
  void RequestStart(const ports::StartRequest& request) override {
    QueryOrDie(url_, fmt::format("INSERT INTO skald.start_request VALUES ('{}', '{}', '{}', {}, "
                                 "'{}', '{}', '{}', {}, '{}'); NOTIFY skald_start",
                                 request.id.ToString(), request.name_space, request.name,
                                 request.version, request.input, request.correlation_id,
                                 request.idempotency_key, request.priority, request.traceparent));
  }
  std::int64_t PinnedDefinition() override {
    std::int64_t id = 0;
    EXPECT_TRUE(absl::SimpleAtoi(
        QueryOrDie(url_,
                   "INSERT INTO skald.pinned_definition (content_hash, body) VALUES "
                   "(sha256(uuid_send(gen_random_uuid())), '{}') RETURNING id"),
        &id));
    return id;
  }

 private:
  const std::string url_;
};

INSTANTIATE_TEST_SUITE_P(Postgres, JournalSuite,
                         ::testing::Values(JournalForm{
                             "postgres", [] { return std::make_unique<PostgresForm>(); }}),
                         [](const auto& form) { return form.param.name; });

}  // namespace
}  // namespace skald::conformance
