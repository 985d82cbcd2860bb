#include "engine/postgres/binary_array.h"
#include "engine/postgres/commit_parameters.h"
#include "engine/postgres/connection_string.h"
#include "engine/postgres/page_token.h"
#include "engine/postgres/sql_state.h"
#include "engine/postgres/text.h"
#include "gmock/gmock.h"
#include "tests/support/status_matchers.h"

namespace skald::postgres {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsOkAndHolds;
using testing::StatusIs;

TEST(BinaryArrayTest, IsTheWireFormOfTheArray) {
  BinaryArray array(ElementType::kInt4);
  array.AddInt4(258);
  array.AddNull();
  EXPECT_EQ(array.Bytes(), std::string_view("\0\0\0\1\0\0\0\1\0\0\0\x17\0\0\0\2\0\0\0\1"
                                            "\0\0\0\4\0\0\1\2\xff\xff\xff\xff",
                                            32));
  EXPECT_EQ(array.count(), 2U);
}

TEST(BinaryArrayTest, TimesCountFromTheYear2000AndZeroMayBeNull) {
  BinaryArray times(ElementType::kTimestamptz);
  times.AddTime(946'684'800'000'001);
  EXPECT_EQ(times.Bytes().substr(24), std::string_view("\0\0\0\0\0\0\0\1", 8));
  times.AddTimeOrNull(0);
  EXPECT_EQ(times.Bytes().substr(32), "\xff\xff\xff\xff");
}

TEST(TextTest, RefusesWhatIsNotUtf8OrHoldsANul) {
  for (const char* good : {"", "plain", "ä€\U0001F600"}) EXPECT_TRUE(IsStorableText(good)) << good;
  for (const std::string& bad :
       {std::string("\0", 1), std::string("\x80"), std::string("\xC0\xAF"),
        std::string("\xE0\x80\xAF"), std::string("\xED\xA0\x80"), std::string("\xF4\x90\x80\x80"),
        std::string("\xF5\x80\x80\x80"), std::string("\xC3"), std::string("\xE2\x82")}) {
    EXPECT_FALSE(IsStorableText(bad));
    EXPECT_TRUE(IsStorableText(StorableText(bad)));
  }
  EXPECT_EQ(StorableText("a\xFFä"), "a\uFFFDä");
}

TEST(TextTest, ArrayLiteralsQuoteWhatHasAMeaning) {
  EXPECT_EQ(ArrayLiteral({}), "{}");
  EXPECT_EQ(ArrayLiteral(std::vector<std::string>{"a", "", "b\"\\,"}), R"({"a","","b\"\\,"})");
}

TEST(PageTokenTest, ComesBackAndOnlyToItsOwnList) {
  const std::string token = EncodePageToken("newest", {"17", "x"});
  EXPECT_THAT(DecodePageToken("newest", 2, token), IsOkAndHolds(ElementsAre("17", "x")));
  EXPECT_THAT(DecodePageToken("oldest", 2, token), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(DecodePageToken("newest", 1, token), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(DecodePageToken("newest", 2, token.substr(1)),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(DecodePageToken("newest", 2, std::string(10'000, '0')),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(SqlStateTest, SaysWhatACallerCanDo) {
  EXPECT_EQ(CodeOfSqlState("SK001"), absl::StatusCode::kAborted);
  EXPECT_EQ(CodeOfSqlState("23505"), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(CodeOfSqlState("40P01"), absl::StatusCode::kUnavailable);
  EXPECT_EQ(CodeOfSqlState("53100"), absl::StatusCode::kUnavailable);
  EXPECT_EQ(CodeOfSqlState("57014"), absl::StatusCode::kUnavailable);
  EXPECT_EQ(CodeOfSqlState("54000"), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(CodeOfSqlState("42601"), absl::StatusCode::kInternal);
  EXPECT_EQ(CodeOfSqlState(""), absl::StatusCode::kInternal);
  EXPECT_TRUE(EndsConnection("57P01"));
  EXPECT_FALSE(EndsConnection("57014"));
}

TEST(ConnectionStringTest, KeepsWhatTheUserSetAndAddsToHisOptions) {
  const auto completed = CompleteConnectionString(
      "postgresql://me:p%27w@db:6543/skald?connect_timeout=9&"
      "options=-c%20work_mem%3D8MB");
  ASSERT_THAT(completed, testing::IsOk());
  EXPECT_THAT(*completed, HasSubstr("connect_timeout='9'"));
  EXPECT_THAT(*completed, HasSubstr("password='p\\'w'"));
  EXPECT_THAT(*completed, HasSubstr("options='-c work_mem=8MB -c synchronous_commit=on"));
}

TEST(CommitParametersTest, StatementsWithoutRowsHaveNoParameters) {
  CommitParameters parameters = MakeCommitParameters({});
  EXPECT_EQ(parameters.history.front().count(), 0U);
  EXPECT_EQ(parameters.inserted.front().count(), 0U);
  EXPECT_EQ(parameters.updated.front().count(), 0U);
  EXPECT_EQ(parameters.consumed.front().count(), 0U);
}

TEST(CommitParametersTest, AFieldBeyondItsBoundIsNamed) {
  ports::CommitBatch batch;
  batch.writes.resize(1);
  batch.writes[0].events.resize(kFieldBytesMax + 1);
  EXPECT_THAT(CheckBatchSize(batch),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("event_bytes")));
}

}  // namespace
}  // namespace skald::postgres
