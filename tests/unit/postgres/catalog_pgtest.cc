#include <thread>
#include <vector>

#include "engine/postgres/pg_catalog.h"
#include "tests/support/eventually.h"
#include "tests/unit/postgres/store_fixture.h"

namespace skald::postgres {
namespace {

using ::testing::ElementsAre;
using testing::Eventually;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::IsOkAndHolds;
using testing::PrivatePostgres;
using ::testing::SizeIs;
using testing::StatusIs;

class CatalogTest : public StoreFixture {
 protected:
  CatalogTest() {
    auto opened = PgCatalog::Open(url_);
    EXPECT_THAT(opened, IsOk());
    catalog_ = *std::move(opened);
  }

  static ports::StoredDefinition Definition(const std::string& name, std::int32_t version,
                                            const std::string& source = "{}") {
    return {.name_space = "default",
            .name = name,
            .version = version,
            .source = source,
            .created_at = kNowUs,
            .updated_at = kNowUs + 1};
  }
  bool AwaitGenerationAbove(std::uint64_t generation) {
    return Eventually([&] { return catalog_->Generation() > generation; });
  }
  std::vector<std::uint64_t> Numbers(const std::vector<ports::WorkflowSummary>& items) {
    std::vector<std::uint64_t> numbers;
    for (const auto& item : items) {
      numbers.push_back(static_cast<std::uint64_t>(item.id.UnixMs() - kNowMs));
    }
    return numbers;
  }

  std::unique_ptr<PgCatalog> catalog_;
};

// ---- nodes ----

TEST_F(CatalogTest, NodesAreListedWhileTheyHaveALease) {
  const ports::NodeLease serving = Acquire("node-1");
  const ports::NodeLease standing_by = Acquire("node-2", -1);  // run out already
  ASSERT_THAT(
      Await<std::vector<ports::Shard>>([&](auto done) { journal_->TakeShards(serving, done); }),
      IsOk());
  const auto both = catalog_->ListNodes();
  ASSERT_THAT(both, IsOkAndHolds(SizeIs(2)));
  EXPECT_EQ((*both)[0].node_id, "node-1");
  EXPECT_EQ((*both)[0].epoch, serving.epoch);
  EXPECT_EQ((*both)[0].expires_at, serving.expires_at);
  EXPECT_TRUE((*both)[0].alive);
  EXPECT_GT((*both)[0].shards, 0U);
  EXPECT_EQ((*both)[1].node_id, "node-2");
  EXPECT_FALSE((*both)[1].alive);
  EXPECT_EQ((*both)[1].shards, 0U);
  ASSERT_THAT(Settle(BeginStatus([&](auto done) { journal_->ReleaseNode(serving, done); })),
              IsOk());
  EXPECT_THAT(catalog_->ListNodes(), IsOkAndHolds(SizeIs(1)));
}

// ---- definitions ----

TEST_F(CatalogTest, ADefinitionComesBackAsItWasPut) {
  const std::string source = R"({"name":"order","x":"\u0000 ä '\\"})";
  ASSERT_THAT(catalog_->PutDefinition(Definition("order", 2, source), false), IsOk());
  const auto found = catalog_->GetDefinition("default", "order", 2);
  ASSERT_THAT(found, IsOk());
  EXPECT_EQ(found->source, source);
  EXPECT_EQ(found->version, 2);
  EXPECT_EQ(found->created_at, kNowUs);
  EXPECT_EQ(found->updated_at, kNowUs + 1);
}

TEST_F(CatalogTest, OnlyOverwriteReplacesAVersion) {
  ASSERT_THAT(catalog_->PutDefinition(Definition("order", 1, "{\"a\":1}"), false), IsOk());
  EXPECT_THAT(catalog_->PutDefinition(Definition("order", 1, "{\"a\":2}"), false),
              StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr("\"order\" version 1")));
  EXPECT_THAT(catalog_->PutDefinition(Definition("order", 1, "{\"a\":3}"), true), IsOk());
  EXPECT_EQ(catalog_->GetDefinition("default", "order", 1)->source, "{\"a\":3}");
}

TEST_F(CatalogTest, VersionZeroIsTheHighest) {
  for (const std::int32_t version : {9, 10, 2}) {
    ASSERT_THAT(catalog_->PutDefinition(Definition("order", version), false), IsOk());
  }
  EXPECT_EQ(catalog_->GetDefinition("default", "order", 0)->version, 10);
  EXPECT_THAT(catalog_->GetDefinition("default", "order", 3),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("version 3")));
  EXPECT_THAT(catalog_->GetDefinition("other", "order", 0), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(CatalogTest, DefinitionsComeInPages) {
  for (const char* name : {"b", "a", "c"}) {
    ASSERT_THAT(catalog_->PutDefinition(Definition(name, 1), false), IsOk());
    ASSERT_THAT(catalog_->PutDefinition(Definition(name, 2), false), IsOk());
  }
  std::vector<std::string> seen;
  ports::Page page{.size = 4};
  do {
    const auto result = catalog_->ListDefinitions("default", page);
    ASSERT_THAT(result, IsOk());
    for (const auto& item : result->items) seen.push_back(item.name + std::to_string(item.version));
    page.token = result->next_token;
  } while (!page.token.empty());
  EXPECT_THAT(seen, ElementsAre("a1", "a2", "b1", "b2", "c1", "c2"));
}

TEST_F(CatalogTest, ADeletedDefinitionIsGoneAndCannotBeDeletedAgain) {
  ASSERT_THAT(catalog_->PutDefinition(Definition("order", 1), false), IsOk());
  EXPECT_THAT(catalog_->DeleteDefinition("default", "order", 1), IsOk());
  EXPECT_THAT(catalog_->GetDefinition("default", "order", 1),
              StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(catalog_->DeleteDefinition("default", "order", 1),
              StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(CatalogTest, LimitedTaskDefinitionsAreFoundInAllNamespaces) {
  ASSERT_THAT(catalog_->PutTaskDefinition(Definition("free", 0)), IsOk());
  ASSERT_THAT(catalog_->PutTaskDefinition(Definition("b", 0, R"({"concurrentExecLimit":1})")),
              IsOk());
  ports::StoredDefinition other = Definition("a", 0, R"({"rateLimitPerFrequency" : 2})");
  other.name_space = "other";
  ASSERT_THAT(catalog_->PutTaskDefinition(other), IsOk());
  const auto found = catalog_->LimitedTaskDefinitions(10);
  ASSERT_THAT(found, IsOk());
  ASSERT_THAT(*found, SizeIs(2));
  EXPECT_EQ((*found)[0].name, "b");
  EXPECT_EQ((*found)[1].name_space, "other");
  EXPECT_THAT(*catalog_->LimitedTaskDefinitions(1), SizeIs(1));
}

TEST_F(CatalogTest, TaskDefinitionsAreReplacedListedAndDeleted) {
  for (const char* name : {"ship", "charge", "charge"}) {
    ASSERT_THAT(catalog_->PutTaskDefinition(Definition(name, 0, std::string("\"") + name + "\"")),
                IsOk());
  }
  const auto first = catalog_->ListTaskDefinitions("default", {.size = 1});
  ASSERT_THAT(first->items, SizeIs(1));
  EXPECT_EQ(first->items[0].name, "charge");
  EXPECT_EQ(first->items[0].version, 0);
  const auto second =
      catalog_->ListTaskDefinitions("default", {.size = 1, .token = first->next_token});
  EXPECT_EQ(second->items[0].source, "\"ship\"");
  EXPECT_EQ(second->next_token, "");
  EXPECT_THAT(catalog_->DeleteTaskDefinition("default", "ship"), IsOk());
  EXPECT_THAT(catalog_->GetTaskDefinition("default", "ship"),
              StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(catalog_->DeleteTaskDefinition("default", "ship"),
              StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(CatalogTest, SchemasAreKeptByVersion) {
  EXPECT_EQ(*catalog_->PutSchema(Definition("order", 3, "{\"a\":1}")), 3);
  EXPECT_EQ(*catalog_->PutSchema(Definition("order", 0, "{\"a\":2}")), 4);
  EXPECT_EQ(*catalog_->PutSchema(Definition("order", 3, "{\"a\":3}")), 3);
  EXPECT_EQ(*catalog_->PutSchema(Definition("item", 0, "{}")), 1);
  EXPECT_EQ(catalog_->GetSchema("default", "order", 0)->source, "{\"a\":2}");
  EXPECT_EQ(catalog_->GetSchema("default", "order", 3)->source, "{\"a\":3}");
  EXPECT_THAT(catalog_->GetSchema("other", "order", 0), StatusIs(absl::StatusCode::kNotFound));
  const auto first = catalog_->ListSchemas("default", {.size = 2});
  ASSERT_THAT(first->items, SizeIs(2));
  EXPECT_EQ(first->items[0].name, "item");
  const auto second = catalog_->ListSchemas("default", {.size = 2, .token = first->next_token});
  ASSERT_THAT(second->items, SizeIs(1));
  EXPECT_EQ(second->items[0].version, 4);
  EXPECT_THAT(catalog_->ListDefinitions("default", {.token = first->next_token}),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(catalog_->DeleteSchema("default", "order", 3), IsOk());
  EXPECT_THAT(catalog_->DeleteSchema("default", "order", 3), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(catalog_->DeleteSchema("default", "order", 0), IsOk());
  EXPECT_THAT(catalog_->GetSchema("default", "order", 0), StatusIs(absl::StatusCode::kNotFound));
}

// Two writers never get one version.
TEST_F(CatalogTest, NextVersionsOfASchemaAreAllDifferent) {
  constexpr int kWriters = 4;
  constexpr int kEach = 5;
  std::vector<std::thread> writers;
  for (int i = 0; i < kWriters; ++i) {
    writers.emplace_back([&] {
      for (int n = 0; n < kEach; ++n) {
        EXPECT_THAT(catalog_->PutSchema(Definition("order", 0)), IsOk());
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(catalog_->GetSchema("default", "order", 0)->version, kWriters * kEach);
}

// What pins are made of has changed.
TEST_F(CatalogTest, ASchemaRaisesTheGeneration) {
  const std::uint64_t before = catalog_->Generation();
  ASSERT_THAT(catalog_->PutSchema(Definition("order", 1)), IsOk());
  EXPECT_GT(catalog_->Generation(), before);
}

TEST_F(CatalogTest, ATextThatIsNotUtf8OrHoldsANulIsInvalid) {
  EXPECT_THAT(catalog_->PutDefinition(Definition(std::string("a\0b", 3), 1), false),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(catalog_->PutTaskDefinition(Definition("a", 0, std::string("\0", 1))),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(catalog_->PutDefinition(Definition("order", 1, "\xff"), false),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(CatalogTest, EqualContentHasOnePin) {
  const auto first = catalog_->PinDefinition("{\"a\":1}");
  ASSERT_THAT(first, IsOk());
  EXPECT_THAT(catalog_->PinDefinition("{\"a\":1}"), IsOkAndHolds(*first));
  const auto other = catalog_->PinDefinition("{\"a\":2}");
  ASSERT_THAT(other, IsOk());
  EXPECT_NE(*other, *first);
  EXPECT_THAT(catalog_->GetPinned(*first), IsOkAndHolds("{\"a\":1}"));
  EXPECT_THAT(catalog_->GetPinned(999), StatusIs(absl::StatusCode::kNotFound));
}

// ---- generation ----

TEST_F(CatalogTest, OwnChangesAreSeenAtOnceAndReadsChangeNothing) {
  ASSERT_TRUE(AwaitGenerationAbove(0));
  const std::uint64_t before = catalog_->Generation();
  ASSERT_THAT(catalog_->PutDefinition(Definition("order", 1), false), IsOk());
  const std::uint64_t after_put = catalog_->Generation();
  EXPECT_GT(after_put, before);
  ASSERT_THAT(catalog_->GetDefinition("default", "order", 1), IsOk());
  ASSERT_THAT(catalog_->PinDefinition("{}"), IsOk());
  EXPECT_EQ(catalog_->Generation(), after_put);
  ASSERT_THAT(catalog_->PutTaskDefinition(Definition("charge", 0)), IsOk());
  EXPECT_GT(catalog_->Generation(), after_put);
}

TEST_F(CatalogTest, ChangesOfOthersAreHeardAlsoThoseMadeByHand) {
  ASSERT_TRUE(AwaitGenerationAbove(0));
  const std::uint64_t before = catalog_->Generation();
  auto other = PgCatalog::Open(url_);
  ASSERT_THAT(other, IsOk());
  ASSERT_THAT((*other)->PutDefinition(Definition("order", 1), false), IsOk());
  EXPECT_TRUE(AwaitGenerationAbove(before));
  const std::uint64_t then = catalog_->Generation();
  Query("DELETE FROM skald.definition");
  EXPECT_TRUE(AwaitGenerationAbove(then));
}

// ---- workflows ----

TEST_F(CatalogTest, ListsFilterOrderAndPage) {
  const ports::NodeLease lease = Acquire();
  for (std::uint64_t n = 1; n <= 6; ++n) {
    ports::WorkflowWrite write = Start(Id(n));
    write.row->started_at = kNowUs + static_cast<core::TimeUs>(n);
    write.row->name = n % 2 == 0 ? "even" : "odd";
    write.row->correlation_id = n <= 3 ? "low" : "";
    write.row->status = n == 6 ? core::WorkflowStatus::kFailed : core::WorkflowStatus::kRunning;
    write.row->saga_status = n == 6 ? core::SagaStatus::kCompensated : core::SagaStatus::kNone;
    if (n == 5) write.row->name_space = "other";
    if (n == 4) write.row->parent = Id(2);
    ASSERT_THAT(Commit(lease, {write}), IsOk());
  }
  const auto list = [&](const ports::WorkflowFilter& filter, const ports::Page& page = {},
                        ports::WorkflowOrder order = ports::WorkflowOrder::kNewestFirst) {
    const auto result = catalog_->ListWorkflows(filter, order, page);
    EXPECT_THAT(result, IsOk());
    return Numbers(result->items);
  };
  const ports::WorkflowFilter here{.name_space = "default"};
  EXPECT_THAT(list({}), ElementsAre(6, 5, 4, 3, 2, 1));
  EXPECT_THAT(list(here), ElementsAre(6, 4, 3, 2, 1));
  EXPECT_THAT(list(here, {}, ports::WorkflowOrder::kOldestFirst), ElementsAre(1, 2, 3, 4, 6));
  EXPECT_THAT(list({.name_space = "default", .name = "odd"}), ElementsAre(3, 1));
  EXPECT_THAT(list({.name_space = "default", .correlation_id = "low"}), ElementsAre(3, 2, 1));
  EXPECT_THAT(list({.statuses = {core::WorkflowStatus::kFailed, core::WorkflowStatus::kPaused}}),
              ElementsAre(6));
  EXPECT_THAT(list({.saga_statuses = {core::SagaStatus::kCompensated}}), ElementsAre(6));
  EXPECT_THAT(list({.started_from = kNowUs + 2, .started_before = kNowUs + 4}), ElementsAre(3, 2));
  EXPECT_THAT(list({.name = "nobody"}), IsEmpty());
  EXPECT_THAT(list({.parent = Id(2)}), ElementsAre(4));
  EXPECT_THAT(list({.parent = Id(3)}), IsEmpty());

  const auto first = catalog_->ListWorkflows(here, ports::WorkflowOrder::kNewestFirst, {.size = 2});
  EXPECT_THAT(Numbers(first->items), ElementsAre(6, 4));
  EXPECT_EQ(first->items[0].status, core::WorkflowStatus::kFailed);
  EXPECT_EQ(first->items[0].saga_status, core::SagaStatus::kCompensated);
  EXPECT_TRUE(first->items[0].parent.is_nil());
  EXPECT_EQ(first->items[1].parent, Id(2));
  ports::WorkflowWrite newer = Start(Id(9));
  newer.row->started_at = kNowUs + 9;
  ASSERT_THAT(Commit(lease, {newer}), IsOk());
  EXPECT_THAT(list(here, {.size = 2, .token = first->next_token}), ElementsAre(3, 2))
      << "a page stays where it was";
}

TEST_F(CatalogTest, AMalformedOrForeignPageTokenIsInvalid) {
  const auto newest = ports::WorkflowOrder::kNewestFirst;
  for (const char* token : {"x", "zz", "00", "6e6577657374", "ffffffff"}) {
    EXPECT_THAT(catalog_->ListWorkflows({}, newest, {.token = token}),
                StatusIs(absl::StatusCode::kInvalidArgument))
        << token;
    EXPECT_THAT(catalog_->ListDefinitions("default", {.token = token}),
                StatusIs(absl::StatusCode::kInvalidArgument))
        << token;
  }
  for (const char* name : {"a", "b"}) {
    ASSERT_THAT(catalog_->PutTaskDefinition(Definition(name, 0)), IsOk());
  }
  const auto page = catalog_->ListTaskDefinitions("default", {.size = 1});
  EXPECT_THAT(catalog_->ListDefinitions("default", {.token = page->next_token}),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(CatalogTest, ReadsHistoryInPiecesAndTheStoredForm) {
  const ports::NodeLease lease = Acquire();
  ASSERT_THAT(Commit(lease, {Start(Id(1)), Events(Id(1), 3, 4, "[3]"), Events(Id(1), 5, 5, "[5]")}),
              IsOk());
  EXPECT_THAT(*catalog_->ReadHistory(Id(1), 0, 10), SizeIs(3));
  EXPECT_THAT(*catalog_->ReadHistory(Id(1), 0, 2), SizeIs(2));
  const auto rest = catalog_->ReadHistory(Id(1), 4, 10);
  ASSERT_THAT(*rest, SizeIs(1));
  EXPECT_EQ((*rest)[0].events, "[5]");
  EXPECT_EQ((*catalog_->ReadHistory(Id(1), 3, 10))[0].first_seq, 3U) << "the row that holds 4";
  EXPECT_THAT(*catalog_->ReadHistory(Id(1), 5, 10), IsEmpty());
  EXPECT_THAT(catalog_->ReadHistory(Id(2), 0, 10), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(catalog_->ReadWorkflow(Id(1))->rows, SizeIs(3));
  EXPECT_THAT(catalog_->ReadWorkflow(Id(2)), StatusIs(absl::StatusCode::kNotFound));
}

// ---- task log ----

TEST_F(CatalogTest, LogLinesComeBackInOrderUpToTheirBound) {
  std::vector<ports::TaskLogLine> lines;
  for (int i = 0; i < 5; ++i) {
    lines.push_back({.workflow = Id(1),
                     .task = 2,
                     .at = kNowUs + 5 - i,
                     .message = "line " + std::to_string(i) + std::string("\0\xff", 2)});
  }
  ASSERT_THAT(catalog_->Append(lines, 3), IsOk());
  ASSERT_THAT(catalog_->Append({lines[4]}, 4), IsOk());
  ASSERT_THAT(catalog_->Append({lines[4]}, 4), IsOk());
  const auto kept = catalog_->Read(Id(1), 2);
  ASSERT_THAT(kept, IsOk());
  ASSERT_THAT(*kept, SizeIs(4));
  EXPECT_EQ((*kept)[0].message, lines[0].message);
  EXPECT_EQ((*kept)[3].message, lines[4].message);
  EXPECT_EQ((*kept)[0].at, kNowUs + 5);
  EXPECT_THAT(*catalog_->Read(Id(1), 3), IsEmpty());
}

// ---- a database that goes and comes back ----

TEST_F(CatalogTest, WithoutAServerCallsAreUnavailable) {
  auto away = PgCatalog::Open("host=/nonexistent dbname=x");
  ASSERT_THAT(away, IsOk());
  EXPECT_THAT((*away)->Ping(), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT((*away)->GetDefinition("default", "order", 1),
              StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ((*away)->Generation(), 0U);
}

TEST_F(CatalogTest, AfterACrashOfTheServerTheNextCallWorks) {
  ASSERT_THAT(catalog_->PutDefinition(Definition("order", 1), false), IsOk());
  PrivatePostgres::CrashAndRestart();
  EXPECT_THAT(catalog_->Ping(), IsOk());
  EXPECT_THAT(catalog_->GetDefinition("default", "order", 1), IsOk());
  const std::uint64_t before = catalog_->Generation();
  Query("DELETE FROM skald.definition");
  EXPECT_TRUE(AwaitGenerationAbove(before)) << "the listener is back too";
}

}  // namespace
}  // namespace skald::postgres
