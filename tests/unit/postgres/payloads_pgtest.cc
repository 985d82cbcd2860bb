// Payloads of 10 MiB on their way through a whole engine over PostgreSQL.
#include "engine/runtime/fold.h"
#include "tests/unit/postgres/engine_fixture.h"

namespace skald::postgres {
namespace {

using testing::IsOk;

constexpr std::size_t kBigBytes = 10UL << 20;
constexpr char kTwoSteps[] = R"({"name":"order","version":1,
    "tasks":[{"name":"make","taskReferenceName":"make","type":"SIMPLE"},
             {"name":"use","taskReferenceName":"use","type":"SIMPLE",
              "inputParameters":{"all":"${make.output.x}"}}],
    "outputParameters":{"first":"${workflow.input.x}"}})";

// An object of `kBigBytes` bytes with one member.
core::Payload Big(const std::string& key, char letter) {
  const std::string head = "{\"" + key + "\":\"";
  return core::Payload(head + std::string(kBigBytes - head.size() - 2, letter) + "\"}");
}
// The same text under another key.
core::Payload Moved(const core::Payload& payload, const std::string& key) {
  return core::Payload("{\"" + key + "\":" + std::string(payload.text().substr(5)));
}

using PayloadsTest = EngineFixture;

TEST_F(PayloadsTest, TenMebibytesGoThroughStartResultHistoryAndRecovery) {
  options_.snapshot_every_events = 1;  // snapshots name payloads too
  Define(kTwoSteps);
  const core::Payload input = Big("x", 'a');
  const core::Payload made = Big("x", 'b');
  StartEngine({{"make", made}});
  const core::WorkflowId id = Begin(input);
  ASSERT_TRUE(testing::Eventually(
      [&] { return Query("SELECT count(*) FROM skald.tasks WHERE reference = 'use'") == "1"; }));

  RestartEngine({{"use", core::Payload(R"({"n":1})")}});

  ASSERT_TRUE(testing::Eventually(
      [&] { return Query("SELECT status FROM skald.workflow") == "COMPLETED"; }));
  EXPECT_TRUE(worker_->Input("use") == Moved(made, "all"));
  // The hot rows stay small; each payload is stored once.
  EXPECT_EQ(Query("SELECT max(octet_length(events)) < 2000 FROM skald.history_row"), "t");
  EXPECT_EQ(Query("SELECT max(octet_length(snapshot)) < 4000 FROM skald.workflow"), "t");
  EXPECT_EQ(Query("SELECT count(*) || ' of ' || min(octet_length(body)) / 1000000 || ' MB' "
                  "FROM skald.payload"),
            "4 of 10 MB");
  // Whoever reads sees them in their places.
  const std::string text_bytes = std::to_string(kBigBytes - 8);
  EXPECT_EQ(Query("SELECT octet_length(input ->> 'x') FROM skald.workflows"), text_bytes);
  EXPECT_EQ(Query("SELECT octet_length(output ->> 'first') FROM skald.workflows"), text_bytes);
  EXPECT_EQ(Query("SELECT octet_length(output ->> 'x') FROM skald.tasks WHERE reference = 'make'"),
            text_bytes);
  EXPECT_EQ(Query("SELECT octet_length(input ->> 'all') FROM skald.tasks WHERE reference = 'use'"),
            text_bytes);
  EXPECT_EQ(Query("SELECT octet_length(body -> 'input' ->> 'x') FROM skald.history "
                  "WHERE event = 'WorkflowStarted'"),
            text_bytes);
  EXPECT_EQ(Violations(id), 0U);
  const auto stored = catalog_->ReadWorkflow(id);
  ASSERT_THAT(stored, IsOk());
  const auto folded =
      runtime::Fold(*stored, [&](std::int64_t pinned) { return cache_->ById(pinned); });
  ASSERT_THAT(folded, IsOk());
  EXPECT_TRUE((*folded)->state.start.input == input);
  EXPECT_TRUE((*folded)->state.task(1).output == made);
  EXPECT_TRUE((*folded)->state.output == Moved(input, "first"));

  EXPECT_THAT(Delete(id), IsOk());
  EXPECT_EQ(Query("SELECT count(*) FROM skald.payload"), "0");
}

TEST_F(PayloadsTest, SmallOnesStayInTheirRows) {
  Define(kTwoSteps);
  StartEngine({{"make", core::Payload(R"({"x":"small"})")}, {"use", core::Payload("{}")}});
  Begin(core::Payload("{\"x\":\"" + std::string(60'000, 's') + "\"}"));
  ASSERT_TRUE(testing::Eventually(
      [&] { return Query("SELECT status FROM skald.workflow") == "COMPLETED"; }));
  EXPECT_EQ(Query("SELECT count(*) FROM skald.payload"), "0");
}

}  // namespace
}  // namespace skald::postgres
