// What has ended is removed while an engine works: by a person, and by its age.
#include "absl/strings/str_cat.h"
#include "tests/unit/postgres/engine_fixture.h"

namespace skald::postgres {
namespace {

using testing::IsOk;

constexpr char kOneStep[] = R"({"name":"order","version":1,
    "tasks":[{"name":"make","taskReferenceName":"make","type":"SIMPLE"}]})";
constexpr int kWorkflows = 150;

class DeletionTest : public EngineFixture {
 protected:
  DeletionTest() {
    Define(kOneStep);
    // Big enough to stand apart.
    output_ = core::Payload("{\"x\":\"" + std::string(70'000, 'x') + "\"}");
  }
  // Starts them all at once.
  std::vector<core::WorkflowId> BeginMany() {
    std::vector<core::WorkflowId> ids;
    for (int i = 0; i < kWorkflows; ++i) {
      const core::WorkflowId id =
          base::UuidV7(clock_.Now() / core::kMillisecondUs, ++begun_, 2).WithSlot(7);
      engine_->Start(
          {.name_space = "default", .definition = definition_, .start = {.id = id}},
          [](const absl::StatusOr<runtime::Started>& started) { EXPECT_THAT(started, IsOk()); });
      ids.push_back(id);
    }
    return ids;
  }
  std::string Orphans() {
    return Query(
        "SELECT (SELECT count(*) FROM skald.history_row h WHERE NOT EXISTS "
        "(SELECT 1 FROM skald.workflow w WHERE w.id = h.workflow_id)) "
        "+ (SELECT count(*) FROM skald.payload p WHERE NOT EXISTS "
        "(SELECT 1 FROM skald.workflow w WHERE w.id = p.workflow_id))");
  }

  core::Payload output_;
};

TEST_F(DeletionTest, WorkflowsAreDeletedWhileOthersRun) {
  StartEngine({{"make", output_}});
  const std::vector<core::WorkflowId> ids = BeginMany();
  std::vector<core::WorkflowId> kept;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (i % 3 == 0) {
      kept.push_back(ids[i]);
      continue;
    }
    // Refused until it has ended.
    EXPECT_TRUE(testing::Eventually([&] { return Delete(ids[i]).ok(); }));
    EXPECT_EQ(Delete(ids[i]).code(), absl::StatusCode::kNotFound);
  }
  EXPECT_TRUE(testing::Eventually([&] {
    return Query("SELECT count(*) FROM skald.workflow WHERE status = 'COMPLETED'") ==
           absl::StrCat(kept.size());
  }));
  EXPECT_EQ(Query("SELECT count(*) FROM skald.workflow"), absl::StrCat(kept.size()));
  EXPECT_EQ(Orphans(), "0");
  for (const core::WorkflowId& id : kept) EXPECT_EQ(Violations(id), 0U) << id.ToString();
}

TEST_F(DeletionTest, RetentionDropsAPartitionWhileWorkflowsRun) {
  const std::string old_id =
      "(SELECT skald.id_floor(first_at) FROM skald.partition ORDER BY first_at LIMIT 1)";
  Query("INSERT INTO skald.workflow SELECT " + old_id +
        ", 1, 0, now(), now(), now() - interval '1 hour', NULL, 1, 0, false, 'default', 'order', "
        "'COMPLETED', 'NONE', '', '', '', NULL");
  Query("INSERT INTO skald.history_row SELECT " + old_id + ", 1, 1, now(), '[]'");
  Query("INSERT INTO skald.payload SELECT " + old_id + ", '\\x00', '{}'");
  const std::string old_count = "SELECT count(*) FROM skald.workflow WHERE id = " +
                                Query("SELECT quote_literal(" + old_id + "::text)") + "::uuid";
  ASSERT_EQ(Query(old_count), "1");
  const std::string partitions = Query("SELECT count(*) FROM skald.partition");
  options_.retention_us = core::kSecondUs;

  StartEngine({{"make", output_}});
  const std::vector<core::WorkflowId> ids = BeginMany();

  EXPECT_TRUE(testing::Eventually([&] { return Query(old_count) == "0"; }));
  EXPECT_EQ(Query("SELECT count(*) + 1 FROM skald.partition"), partitions);
  EXPECT_TRUE(testing::Eventually([&] {
    return Query("SELECT count(*) FROM skald.workflow WHERE status = 'COMPLETED'") ==
           absl::StrCat(ids.size());
  })) << "what is young stays, and went on";
  EXPECT_EQ(Orphans(), "0");
}

}  // namespace
}  // namespace skald::postgres
