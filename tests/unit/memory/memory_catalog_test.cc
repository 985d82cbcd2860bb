#include "engine/memory/memory_catalog.h"

#include <gtest/gtest.h>

#include "engine/memory/faulty_journal.h"
#include "engine/memory/memory_journal.h"
#include "tests/support/status_matchers.h"

namespace skald::memory {
namespace {

using ::skald::testing::IsOk;
using ::skald::testing::StatusIs;
using ::testing::SizeIs;

class FixedClock final : public ports::Clock {
 public:
  core::TimeUs Now() const override { return 1'000; }
  void Learn(core::TimeUs, core::TimeUs, core::TimeUs) override {}
};

class MemoryCatalogTest : public ::testing::Test {
 protected:
  static ports::StoredDefinition Named(const std::string& name, std::int32_t version) {
    return {.name_space = "default", .name = name, .version = version, .source = "{}"};
  }
  FixedClock clock_;
  MemoryStore store_{clock_, 1};
  MemoryCatalog catalog_{store_};
};

TEST_F(MemoryCatalogTest, HighestVersionIsFoundWithoutANumber) {
  ASSERT_THAT(catalog_.PutDefinition(Named("order", 2), false), IsOk());
  ASSERT_THAT(catalog_.PutDefinition(Named("order", 10), false), IsOk());
  ASSERT_THAT(catalog_.PutDefinition(Named("orders", 11), false), IsOk());
  EXPECT_EQ(catalog_.GetDefinition("default", "order", 0)->version, 10);
  EXPECT_EQ(catalog_.GetDefinition("default", "order", 2)->version, 2);
  EXPECT_THAT(catalog_.GetDefinition("default", "orde", 0), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(catalog_.GetDefinition("other", "order", 0), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(MemoryCatalogTest, RegisteredVersionIsOverwrittenOnlyOnRequest) {
  const std::uint64_t before = catalog_.Generation();
  ASSERT_THAT(catalog_.PutDefinition(Named("order", 1), false), IsOk());
  EXPECT_GT(catalog_.Generation(), before);
  EXPECT_THAT(catalog_.PutDefinition(Named("order", 1), false),
              StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_THAT(catalog_.PutDefinition(Named("order", 1), true), IsOk());
  EXPECT_THAT(catalog_.DeleteDefinition("default", "order", 1), IsOk());
  EXPECT_THAT(catalog_.DeleteDefinition("default", "order", 1),
              StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(MemoryCatalogTest, SameContentIsPinnedOnce) {
  const std::int64_t first = *catalog_.PinDefinition("one");
  EXPECT_EQ(*catalog_.PinDefinition("one"), first);
  EXPECT_NE(*catalog_.PinDefinition("two"), first);
  EXPECT_EQ(*catalog_.GetPinned(first), "one");
  EXPECT_THAT(catalog_.GetPinned(99), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(MemoryCatalogTest, ListsComeInPages) {
  for (int version = 1; version <= 5; ++version) {
    ASSERT_THAT(catalog_.PutDefinition(Named("order", version), false), IsOk());
  }
  const auto first = catalog_.ListDefinitions("default", {.size = 3});
  ASSERT_THAT(first->items, SizeIs(3));
  const auto second = catalog_.ListDefinitions("default", {.size = 3, .token = first->next_token});
  EXPECT_THAT(second->items, SizeIs(2));
  EXPECT_EQ(second->next_token, "");
  EXPECT_THAT(catalog_.ListDefinitions("default", {.token = "x"}),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

// ---- FaultyJournal
// ---------------------------------------------------------------------------------

class FaultyJournalTest : public MemoryCatalogTest {
 protected:
  absl::StatusOr<ports::NodeLease> Acquire(Fate fate) {
    fate_ = fate;
    absl::StatusOr<ports::NodeLease> answer = absl::DeadlineExceededError("not answered");
    journal_.AcquireNode("n", 10, [&](absl::StatusOr<ports::NodeLease> lease) { answer = lease; });
    journal_.Advance(2'000);
    return answer;
  }
  Fate fate_;
  MemoryJournal inner_{store_};
  FaultyJournal journal_{inner_, [this](Call) { return fate_; }};
};

TEST_F(FaultyJournalTest, CallsWaitUntilTheyAreStepped) {
  bool answered = false;
  journal_.AcquireNode("n", 10, [&](const auto&) { answered = true; });
  EXPECT_FALSE(answered);
  journal_.Advance(0);
  EXPECT_TRUE(answered);
  EXPECT_EQ(journal_.next_at(), 0);
}

TEST_F(FaultyJournalTest, FatesAreAnsweredAsTheySay) {
  EXPECT_THAT(Acquire({}), IsOk());
  EXPECT_THAT(Acquire({.kind = Fate::Kind::kUnavailable}),
              StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(Acquire({.kind = Fate::Kind::kUnknownLost}), StatusIs(absl::StatusCode::kUnknown));
  EXPECT_EQ(store_.AcquireNode("n", 10).epoch, 2u) << "neither was carried out";
  EXPECT_THAT(Acquire({.kind = Fate::Kind::kUnknownWritten}), StatusIs(absl::StatusCode::kUnknown));
  EXPECT_EQ(store_.AcquireNode("n", 10).epoch, 4u) << "this one was";
}

TEST_F(FaultyJournalTest, DestructorAnswersWhatIsUnderWay) {
  absl::Status answer;
  {
    FaultyJournal journal(inner_, [](Call) { return Fate{.answered_after_us = 50}; });
    journal.AcquireNode("n", 10, [&](const auto& lease) { answer = lease.status(); });
  }
  EXPECT_THAT(answer, StatusIs(absl::StatusCode::kCancelled));
}

TEST_F(FaultyJournalTest, CrashAnswersNobody) {
  bool answered = false;
  {
    FaultyJournal journal(inner_, [](Call) { return Fate{.carried_out_after_us = 10}; });
    journal.AcquireNode("n", 10, [&](const auto&) { answered = true; });
    journal.Crash(true);
    journal.Advance(100);
  }
  EXPECT_FALSE(answered);
  EXPECT_EQ(store_.AcquireNode("n", 10).epoch, 2u) << "it was on its way to the store";
}

}  // namespace
}  // namespace skald::memory
