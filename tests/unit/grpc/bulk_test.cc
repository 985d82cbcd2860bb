// Delete, and one verb on many workflows.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/edge_server.h"

namespace skald {
namespace {

using test::EdgeServer;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kWait[] = R"({"name": "waits", "version": 1, "tasks": [
    {"name": "w", "taskReferenceName": "w", "type": "HUMAN"}]})";
constexpr char kWaitTwice[] = R"({"name": "waits_twice", "version": 1, "tasks": [
    {"name": "w", "taskReferenceName": "w", "type": "HUMAN"},
    {"name": "v", "taskReferenceName": "v", "type": "HUMAN"}]})";
constexpr char kNobody[] = "0192f3a0-7c1e-7000-8000-0123456789ab";

class BulkTest : public ::testing::Test {
 protected:
  BulkTest() {
    EXPECT_TRUE(server_.Register(kWait).ok());
    EXPECT_TRUE(server_.Register(kWaitTwice).ok());
  }

  std::string Start(const std::string& correlation_id = "", const std::string& name = "waits") {
    v1::StartRequest request;
    request.set_name(name);
    request.set_correlation_id(correlation_id);
    v1::StartResponse response;
    EXPECT_TRUE(server_.Start(request, &response).ok());
    return response.workflow_id();
  }
  grpc::Status Bulk(const v1::BulkRequest& request, v1::BulkResponse& response) {
    grpc::ClientContext context;
    return server_.workflows().Bulk(&context, request, &response);
  }
  grpc::Status Delete(const std::string& id) {
    v1::ActionRequest request;
    request.set_workflow_id(id);
    request.set_actor("eva");
    v1::ActionResponse response;
    grpc::ClientContext context;
    return server_.workflows().Delete(&context, request, &response);
  }
  // What became of each: "done", "unchanged" or the code.
  std::vector<std::string> Outcomes(const v1::BulkRequest& request) {
    v1::BulkResponse response;
    const grpc::Status status = Bulk(request, response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    std::vector<std::string> outcomes;
    for (const v1::BulkResponse::Outcome& outcome : response.outcomes()) {
      const std::string code = std::to_string(outcome.code());
      EXPECT_EQ(outcome.code() == 0, outcome.error().empty()) << outcome.DebugString();
      outcomes.push_back(outcome.code() != 0 ? code : outcome.changed() ? "done" : "unchanged");
    }
    return outcomes;
  }
  int VersionOf(const std::string& id) {
    v1::Workflow workflow;
    return server_.Get(id, &workflow).ok() ? workflow.version() : 0;
  }
  v1::WorkflowStatus StatusOf(const std::string& id) {
    v1::Workflow workflow;
    return server_.Get(id, &workflow).ok() ? workflow.status() : v1::WORKFLOW_STATUS_UNSPECIFIED;
  }

  EdgeServer server_;
};

TEST_F(BulkTest, EachHasItsOwnOutcome) {
  const std::string one = Start();
  const std::string two = Start();
  v1::BulkRequest request;
  for (const std::string& id : {one, std::string("nonsense"), std::string(kNobody), two}) {
    request.add_workflow_ids(id);
  }
  request.mutable_pause()->set_actor("eva");
  v1::BulkResponse response;
  ASSERT_TRUE(Bulk(request, response).ok());
  ASSERT_EQ(response.outcomes_size(), 4);
  EXPECT_TRUE(response.outcomes(0).changed());
  EXPECT_EQ(response.outcomes(1).code(), static_cast<int>(grpc::StatusCode::INVALID_ARGUMENT));
  EXPECT_EQ(response.outcomes(2).code(), static_cast<int>(grpc::StatusCode::NOT_FOUND));
  EXPECT_TRUE(response.outcomes(3).changed());
  EXPECT_EQ(response.outcomes(3).workflow_id(), two);
  EXPECT_EQ(StatusOf(one), v1::WORKFLOW_STATUS_PAUSED);

  response.Clear();
  ASSERT_TRUE(Bulk(request, response).ok());
  EXPECT_FALSE(response.outcomes(0).changed()) << "it was so already";
  EXPECT_EQ(response.outcomes(0).code(), 0);
}

TEST_F(BulkTest, AFilterFindsThemPageByPage) {
  for (int i = 0; i < 3; ++i) Start("theirs");
  const std::string other = Start("mine");
  v1::BulkRequest request;
  request.mutable_filter()->set_correlation_id("theirs");
  request.mutable_filter()->set_page_size(2);
  request.mutable_terminate();
  int done = 0;
  int pages = 0;
  do {
    v1::BulkResponse response;
    ASSERT_TRUE(Bulk(request, response).ok());
    for (const auto& outcome : response.outcomes()) done += outcome.changed() ? 1 : 0;
    request.mutable_filter()->set_page_token(response.next_page_token());
    ++pages;
  } while (!request.filter().page_token().empty() && pages < 10);
  EXPECT_EQ(done, 3);
  EXPECT_EQ(pages, 2);
  EXPECT_EQ(StatusOf(other), v1::WORKFLOW_STATUS_RUNNING);
}

TEST_F(BulkTest, SignalsCarryTheirPayload) {
  const std::string id = Start();
  v1::BulkRequest request;
  request.add_workflow_ids(id);
  request.mutable_signal()->set_reference("w");
  request.mutable_signal()->set_payload(R"({"yes": true})");
  v1::BulkResponse response;
  ASSERT_TRUE(Bulk(request, response).ok());
  EXPECT_TRUE(response.outcomes(0).changed());
  const v1::Workflow workflow = server_.AwaitEnd(id);
  EXPECT_EQ(workflow.status(), v1::WORKFLOW_STATUS_COMPLETED);
  EXPECT_EQ(workflow.tasks(0).output(), R"({"yes": true})");
}

// Over one that may, one that is not known, one that is refused; codes: 5 NOT_FOUND,
// 9 FAILED_PRECONDITION, 3 INVALID_ARGUMENT.
TEST_F(BulkTest, EveryVerbHasAnOutcomeForEach) {
  const std::string one = Start("", "waits_twice");
  const std::string other = Start();
  v1::BulkRequest all;
  for (const std::string& id : {one, std::string(kNobody), other, std::string("?")}) {
    all.add_workflow_ids(id);
  }
  v1::BulkRequest request = all;
  request.mutable_skip_task()->set_reference("v");
  EXPECT_THAT(Outcomes(request), ElementsAre("done", "5", "5", "3")) << "no such step";
  EXPECT_THAT(Outcomes(request), ElementsAre("unchanged", "5", "5", "3"));
  request = all;
  request.mutable_update_variables()->set_variables(R"({"a": 1})");
  EXPECT_THAT(Outcomes(request), ElementsAre("done", "5", "done", "3"));
  request = all;
  request.mutable_compensate();
  EXPECT_THAT(Outcomes(request), ElementsAre("9", "5", "9", "3")) << "they are no sagas";
  request = all;
  request.mutable_resume();
  EXPECT_THAT(Outcomes(request), ElementsAre("9", "5", "9", "3")) << "they are not paused";
  request = all;
  request.mutable_retry();
  EXPECT_THAT(Outcomes(request), ElementsAre("9", "5", "9", "3")) << "they have not ended";
  request = all;
  request.mutable_update_task()->set_reference("w");
  request.mutable_update_task()->set_status(v1::TASK_STATUS_FAILED_WITH_TERMINAL_ERROR);
  EXPECT_THAT(Outcomes(request), ElementsAre("done", "5", "done", "3"));
  EXPECT_EQ(StatusOf(one), v1::WORKFLOW_STATUS_FAILED);
  request = all;
  request.mutable_retry()->set_reason("again");
  EXPECT_THAT(Outcomes(request), ElementsAre("done", "5", "done", "3"));
  EXPECT_EQ(StatusOf(one), v1::WORKFLOW_STATUS_RUNNING);
  request = all;
  request.mutable_terminate();
  EXPECT_THAT(Outcomes(request), ElementsAre("done", "5", "done", "3"));
  request = all;
  request.mutable_rerun()->set_reference("w");
  EXPECT_THAT(Outcomes(request), ElementsAre("done", "5", "done", "3"));
  request = all;
  request.mutable_operate()->set_verb(v1::OperateRequest::VERB_RETRY);
  request.mutable_operate()->set_actor("eva");
  request.mutable_operate()->set_reason("test");
  EXPECT_THAT(Outcomes(request), ElementsAre("9", "5", "9", "3")) << "they are not parked";
  request = all;
  request.mutable_signal();
  EXPECT_THAT(Outcomes(request), ElementsAre("done", "5", "done", "3"));
  EXPECT_EQ(server_.AwaitEnd(other).status(), v1::WORKFLOW_STATUS_COMPLETED);
  request = all;
  request.mutable_restart();
  EXPECT_THAT(Outcomes(request), ElementsAre("done", "5", "done", "3"));
  EXPECT_EQ(StatusOf(other), v1::WORKFLOW_STATUS_RUNNING);
  request = all;
  request.mutable_delete_();
  EXPECT_THAT(Outcomes(request), ElementsAre("9", "5", "9", "3")) << "they run";
}

// A definition that grows: from one version to the next it can go on, to the third only what has
// not come to its first step, which is gone there.
constexpr char kGrows1[] = R"({"name": "grows", "version": 1, "tasks": [
    {"name": "w", "taskReferenceName": "w", "type": "HUMAN"}]})";
constexpr char kGrows2[] = R"({"name": "grows", "version": 2, "tasks": [
    {"name": "w", "taskReferenceName": "w", "type": "HUMAN"},
    {"name": "v", "taskReferenceName": "v", "type": "HUMAN"}]})";
constexpr char kGrows3[] = R"({"name": "grows", "version": 3, "tasks": [
    {"name": "v", "taskReferenceName": "v", "type": "HUMAN"}]})";

TEST_F(BulkTest, EachRestartsWithTheNewestDefinitionOfItsName) {
  ASSERT_TRUE(server_.Register(kGrows1).ok());
  const std::string one = Start("", "grows");
  const std::string other = Start();
  const std::string running = Start("", "grows");
  ASSERT_TRUE(server_.Register(kGrows2).ok());
  v1::BulkRequest request;
  request.add_workflow_ids(one);
  request.add_workflow_ids(other);
  request.mutable_terminate();
  ASSERT_THAT(Outcomes(request), ElementsAre("done", "done"));
  for (const std::string& id : {std::string(kNobody), running, std::string("?")}) {
    request.add_workflow_ids(id);
  }
  request.mutable_restart()->set_use_latest_definition(true);
  EXPECT_THAT(Outcomes(request), ElementsAre("done", "done", "5", "9", "3"));
  EXPECT_EQ(VersionOf(one), 2);
  EXPECT_EQ(VersionOf(other), 1) << "it is the newest of that name";
  EXPECT_EQ(VersionOf(running), 1);
  request.mutable_restart()->set_workflow_id(one);
  v1::BulkResponse response;
  EXPECT_THAT(Bulk(request, response).error_message(), HasSubstr("within the verb"));
}

TEST_F(BulkTest, EachIsUpgradedOrSaysWhyNot) {
  ASSERT_TRUE(server_.Register(kGrows1).ok());
  const std::string one = Start("theirs", "grows");
  const std::string ended = Start("theirs", "grows");
  const std::string other = Start();
  ASSERT_TRUE(server_.Register(kGrows2).ok());
  v1::BulkRequest request;
  request.add_workflow_ids(ended);
  request.mutable_terminate();
  ASSERT_THAT(Outcomes(request), ElementsAre("done"));
  for (const std::string& id : {one, other, std::string(kNobody), std::string("?")}) {
    request.add_workflow_ids(id);
  }
  request.mutable_upgrade()->set_version(2);
  EXPECT_THAT(Outcomes(request), ElementsAre("9", "done", "5", "5", "3")) << "5: no version 2";
  EXPECT_THAT(Outcomes(request), ElementsAre("9", "unchanged", "5", "5", "3"));
  EXPECT_EQ(VersionOf(one), 2);
  ASSERT_TRUE(server_.Register(kGrows3).ok());
  request.clear_workflow_ids();
  request.mutable_filter()->set_correlation_id("theirs");
  request.mutable_filter()->set_order(v1::ListRequest::ORDER_OLDEST_FIRST);
  request.mutable_upgrade()->set_version(0);
  EXPECT_THAT(Outcomes(request), ElementsAre("9", "9")) << "3 is the newest";
  request.mutable_upgrade()->set_version(-1);
  v1::BulkResponse response;
  EXPECT_EQ(Bulk(request, response).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(VersionOf(one), 2);
}

TEST_F(BulkTest, ADryRunSaysItOfEachAndChangesNothing) {
  ASSERT_TRUE(server_.Register(kGrows1).ok());
  const std::string one = Start("", "grows");
  const std::string ended = Start("", "grows");
  ASSERT_TRUE(server_.Register(kGrows2).ok());
  v1::BulkRequest request;
  request.add_workflow_ids(ended);
  request.mutable_terminate();
  ASSERT_THAT(Outcomes(request), ElementsAre("done"));
  request.add_workflow_ids(one);
  request.add_workflow_ids(kNobody);
  request.mutable_upgrade()->set_dry_run(true);
  v1::BulkResponse response;
  ASSERT_TRUE(Bulk(request, response).ok());
  ASSERT_EQ(response.outcomes_size(), 3);
  EXPECT_EQ(response.outcomes(0).code(), 0);
  ASSERT_EQ(response.outcomes(0).upgrade().refusals_size(), 1) << "it has ended";
  EXPECT_EQ(response.outcomes(0).upgrade().refusals(0).what(), "status");
  EXPECT_FALSE(response.outcomes(1).changed());
  EXPECT_EQ(response.outcomes(1).upgrade().from_version(), 1);
  EXPECT_EQ(response.outcomes(1).upgrade().to_version(), 2);
  EXPECT_EQ(response.outcomes(1).upgrade().refusals_size(), 0);
  EXPECT_EQ(response.outcomes(1).upgrade().steps_size(), 0) << "the same for all";
  EXPECT_EQ(response.outcomes(2).code(), static_cast<int>(grpc::StatusCode::NOT_FOUND));
  EXPECT_FALSE(response.outcomes(2).has_upgrade());
  EXPECT_EQ(VersionOf(one), 1);
  request.mutable_upgrade()->set_version(1);
  response.Clear();
  ASSERT_TRUE(Bulk(request, response).ok());
  EXPECT_TRUE(response.outcomes(0).upgrade().same()) << "also of one that has ended";
  EXPECT_EQ(response.outcomes(0).upgrade().refusals_size(), 0);
}

TEST_F(BulkTest, ManyRefusalsOfOneUpgradeAreCutShort) {
  std::string steps;
  for (int i = 0; i < 12; ++i) {
    const std::string name = "s" + std::to_string(i);
    steps += R"({"name":")" + name + R"(","taskReferenceName":")" + name +
             R"(","type":"SET_VARIABLE","inputParameters":{"k":1}},)";
  }
  constexpr char kEnd[] = R"({"name": "w", "taskReferenceName": "w", "type": "HUMAN"}]})";
  ASSERT_TRUE(server_.Register(R"({"name":"long","version":1,"tasks":[)" + steps + kEnd).ok());
  const std::string id = Start("", "long");
  ASSERT_TRUE(server_.Register(std::string(R"({"name":"long","version":2,"tasks":[)") + kEnd).ok());
  v1::BulkRequest request;
  request.add_workflow_ids(id);
  request.mutable_upgrade()->set_dry_run(true);
  v1::BulkResponse response;
  ASSERT_TRUE(Bulk(request, response).ok());
  EXPECT_EQ(response.outcomes(0).upgrade().refusals_size(), 10);
}

TEST_F(BulkTest, AVerbNamesNoWorkflowOfItsOwn) {
  const std::string id = Start();
  v1::BulkRequest request;
  request.add_workflow_ids(id);
  v1::BulkResponse response;
  request.mutable_pause()->set_workflow_id(id);
  EXPECT_THAT(Bulk(request, response).error_message(), HasSubstr("within the verb"));
  request.mutable_rerun()->set_task_id(id + ".1");
  EXPECT_THAT(Bulk(request, response).error_message(), HasSubstr("task_id"));
  request.clear_workflow_ids();
  request.mutable_pause();
  request.mutable_filter()->set_namespace_("other");
  EXPECT_THAT(Bulk(request, response).error_message(), HasSubstr("filter.namespace"));
  request.mutable_filter()->clear_namespace_();
  request.mutable_filter()->set_page_size(1'001);
  EXPECT_THAT(Bulk(request, response).error_message(),
              HasSubstr("at most kListPageMax (1000; fixed"));
  EXPECT_EQ(StatusOf(id), v1::WORKFLOW_STATUS_RUNNING);
}

TEST_F(BulkTest, MalformedRequestsDoNothing) {
  v1::BulkRequest request;
  v1::BulkResponse response;
  request.add_workflow_ids(Start());
  EXPECT_THAT(Bulk(request, response).error_message(), HasSubstr("verb"));
  request.mutable_delete_();
  request.mutable_filter()->set_name("waits");
  EXPECT_THAT(Bulk(request, response).error_message(), HasSubstr("one of them expected"));
  request.clear_filter();
  for (int i = 0; i < 1'000; ++i) request.add_workflow_ids("x");
  EXPECT_THAT(Bulk(request, response).error_message(), HasSubstr("at most kBulkMax (1000; fixed"));
}

TEST_F(BulkTest, OnlyWhatHasEndedIsDeleted) {
  const std::string id = Start();
  const grpc::Status refused = Delete(id);
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(refused.error_message(), HasSubstr("it is RUNNING"));
  v1::BulkRequest request;
  request.add_workflow_ids(id);
  request.mutable_terminate();
  v1::BulkResponse response;
  ASSERT_TRUE(Bulk(request, response).ok());
  EXPECT_TRUE(Delete(id).ok());
  EXPECT_EQ(StatusOf(id), v1::WORKFLOW_STATUS_UNSPECIFIED);
  EXPECT_EQ(Delete(id).error_code(), grpc::StatusCode::NOT_FOUND);
}

// The error says which rule it was.
TEST_F(BulkTest, AChildStaysWhileItsParentMayUndoIt) {
  ASSERT_TRUE(server_
                  .Register(R"({"name": "parent", "version": 1, "tasks": [
      {"name": "sub", "taskReferenceName": "sub", "type": "SUB_WORKFLOW",
       "subWorkflowParam": {"name": "waits", "version": 1}},
      {"name": "w", "taskReferenceName": "p", "type": "HUMAN"}]})")
                  .ok());
  const std::string parent = Start("", "parent");
  std::string child;
  ASSERT_TRUE(testing::Eventually([&] {
    v1::Workflow workflow;
    if (!server_.Get(parent, &workflow).ok()) return false;
    child = workflow.tasks(0).child_workflow_id();
    return StatusOf(child) == v1::WORKFLOW_STATUS_RUNNING;
  }));
  v1::BulkRequest request;
  request.add_workflow_ids(child);
  request.mutable_signal();
  ASSERT_THAT(Outcomes(request), ElementsAre("done"));
  grpc::Status refused;
  EXPECT_TRUE(testing::Eventually([&] {
    refused = Delete(child);  // at first it is just ending
    return refused.error_code() == grpc::StatusCode::FAILED_PRECONDITION;
  }));
  EXPECT_THAT(refused.error_message(), HasSubstr("a workflow above it has not ended"));
  request.set_workflow_ids(0, parent);
  request.mutable_terminate();
  ASSERT_THAT(Outcomes(request), ElementsAre("done"));
  EXPECT_EQ(server_.AwaitEnd(parent).status(), v1::WORKFLOW_STATUS_TERMINATED);
  EXPECT_TRUE(testing::Eventually([&] { return Delete(child).ok(); }));
  EXPECT_TRUE(testing::Eventually([&] { return Delete(parent).ok(); }));
}

}  // namespace
}  // namespace skald
