#include "engine/grpc_call/message_types.h"

#include <string>
#include <utility>

#include "absl/strings/escaping.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/grpc_call/echo_server.h"

namespace skald::grpc_call {
namespace {

using ::testing::HasSubstr;

TEST(MessageTypesTest, OrderOfFilesDoesNotMatter) {
  for (const bool turned : {false, true}) {
    Files files = {ShopFile(), MoneyFile()};
    if (turned) std::swap(files[0], files[1]);
    const auto types = MessageTypes::FromFiles(std::move(files));
    ASSERT_TRUE(types.ok()) << types.status();
    const auto method = (*types)->FindMethod("test.v1.Shop", "Buy");
    ASSERT_TRUE(method.ok()) << method.status();
    const auto bytes = (*types)->ToWire((*method)->input_type(), R"({"order_id":"x"})");
    ASSERT_TRUE(bytes.ok()) << bytes.status();
    EXPECT_THAT(*(*types)->ToJson((*method)->output_type(), *bytes), HasSubstr(R"("orderId":"x")"));
  }
}

TEST(MessageTypesTest, MistakesAreNamed) {
  const auto alone = MessageTypes::FromFiles({ShopFile()});
  EXPECT_THAT(std::string(alone.status().message()), HasSubstr("test/money.proto"));
  auto one = MoneyFile();
  one.add_dependency("test/two.proto");
  auto two = MoneyFile();
  two.set_name("test/two.proto");
  two.add_dependency(one.name());
  const auto circle = MessageTypes::FromFiles({one, two});
  EXPECT_THAT(std::string(circle.status().message()), HasSubstr("circle"));
  auto broken = MoneyFile();
  broken.mutable_message_type(0)->mutable_field(0)->set_type_name("Nowhere");
  EXPECT_EQ(MessageTypes::FromFiles({broken}).status().code(), absl::StatusCode::kInvalidArgument);
  for (const char* text : {"*", "AAAA", "x"}) {
    EXPECT_EQ(MessageTypes::FromSet(text).status().code(), absl::StatusCode::kInvalidArgument)
        << text;
  }
}

TEST(ReflectionTest, AnswersAreRead) {
  const auto files = ReadResponse(FieldOf(4, FieldOf(1, MoneyFile().SerializeAsString())));
  ASSERT_TRUE(files.ok()) << files.status();
  EXPECT_EQ(files->front().name(), "test/money.proto");
  const auto error = ReadResponse(FieldOf(7, FieldOf(2, "gone")));
  EXPECT_EQ(error.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(error.status().message()), HasSubstr("gone"));
  EXPECT_EQ(ReadResponse("").status().code(), absl::StatusCode::kNotFound);
  for (const char* bytes :
       {"\x22\x7f", "\xff\xff", "\x22\x02\x0a\x7f", "\x22\x04\x0a\x02\xff\xff"}) {
    EXPECT_EQ(ReadResponse(bytes).status().code(), absl::StatusCode::kInvalidArgument);
  }
}

}  // namespace
}  // namespace skald::grpc_call
