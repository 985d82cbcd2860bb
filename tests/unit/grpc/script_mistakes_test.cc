// What the parser of scripts says when a definition is registered.
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/edge_server.h"

namespace skald::grpc_edge {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class FixedChecker : public ports::ScriptChecker {
 public:
  absl::StatusOr<std::vector<std::string>> Check(const std::vector<std::string>& scripts) override {
    asked_ = scripts;
    if (!status_.ok()) return status_;
    std::vector<std::string> messages;
    for (const std::string& script : scripts) {
      messages.push_back(script == "(((" ? "SyntaxError: no end" : "");
    }
    return messages;
  }

  absl::Status status_;
  std::vector<std::string> asked_;
};

class ScriptMistakesTest : public ::testing::Test {
 protected:
  grpc::Status Register(const std::string& tasks) {
    v1::RegisterWorkflowRequest request;
    request.set_definition(R"({"name":"w","tasks":[)" + tasks + "]}");
    request.set_overwrite(true);
    grpc::ClientContext context;
    registered_.Clear();
    return server_.definitions().RegisterWorkflow(&context, request, &registered_);
  }

  static std::string Inline(const std::string& reference, const std::string& script) {
    return R"({"name":"i","type":"INLINE","taskReferenceName":")" + reference +
           R"(","inputParameters":{"expression":")" + script + R"("}})";
  }

  FixedChecker checker_;
  test::EdgeServer server_{runtime::EngineOptions{}, StreamOptions{}, &checker_};
  v1::RegisterWorkflowResponse registered_;
};

TEST_F(ScriptMistakesTest, StandBesideTheOthers) {
  const grpc::Status status = Register(Inline("a", "1") + "," + Inline("a", "((("));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(checker_.asked_, ElementsAre("1", "((("));
  EXPECT_THAT(status.error_message(),
              AllOf(HasSubstr("tasks[1].taskReferenceName"),
                    HasSubstr("tasks[1].inputParameters.expression: SyntaxError: no end")));
  EXPECT_TRUE(Register(Inline("a", "1")).ok());
  EXPECT_EQ(registered_.warnings_size(), 0);
}

TEST_F(ScriptMistakesTest, NobodyIsHeldUpByAbsentHosts) {
  checker_.status_ = absl::UnavailableError("no script host answered");
  ASSERT_TRUE(Register(Inline("a", "(((")).ok());
  EXPECT_THAT(registered_.warnings(), ElementsAre(AllOf(HasSubstr("nobody could tell"),
                                                        HasSubstr("no script host answered"))));
}

}  // namespace
}  // namespace skald::grpc_edge
