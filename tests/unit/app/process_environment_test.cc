#include "engine/app/process_environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace skald::app {
namespace {

using ::testing::Pair;
using ::testing::UnorderedElementsAre;

constexpr const char* kVariables[] = {"SKALD_DATABASE_URL=postgres://secret",
                                      "CONDUCTOR_ENV_REGION=eu",
                                      "SKALD_ENV_REGION=us=1",
                                      "CONDUCTOR_ENV_ZONE=",
                                      "NETFLIX_ENV=test",
                                      "SKALD_ENV_=nameless",
                                      "CONDUCTOR_SECRET_key=theirs",
                                      "SKALD_SECRET_key=ours",
                                      "CONDUCTOR_SECRET_other=o",
                                      "HOME=/root",
                                      nullptr};

TEST(ProcessEnvironmentTest, ShowsWhatIsMeantForExpressionsAndNothingElse) {
  EXPECT_THAT(
      ReadExpressionEnvironment(kVariables)->values,
      UnorderedElementsAre(Pair("REGION", "us=1"), Pair("ZONE", ""), Pair("NETFLIX_ENV", "test")));
}

TEST(ProcessEnvironmentTest, SecretsAreFoundByName) {
  const EnvironmentSecrets secrets(kVariables);
  EXPECT_EQ(secrets.Find("default", "key"), "ours");
  EXPECT_EQ(secrets.Find("shop", "other"), "o");
  EXPECT_EQ(secrets.Find("default", "REGION"), std::nullopt);
  EXPECT_EQ(secrets.Find("default", ""), std::nullopt);
}

}  // namespace
}  // namespace skald::app
