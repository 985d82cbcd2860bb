// The standard services beside skald.v1, what AdminService shows, and the details of errors.
#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>

#include <future>
#include <string>
#include <vector>

#include "google/rpc/error_model.pb.h"
#include "tests/support/edge_server.h"

namespace skald {
namespace {

using test::EdgeServer;
using ::testing::HasSubstr;

grpc::ByteBuffer ToBuffer(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return {&slice, 1};
}

std::string ToString(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  if (!buffer.Dump(&slices).ok()) return "";
  std::string bytes;
  for (const grpc::Slice& slice : slices) bytes.append(slice.begin(), slice.end());
  return bytes;
}

// One call of grpc.health.v1.Health.Check: the code, or the bytes of the answer.
struct Health {
  grpc::StatusCode code;
  std::string answer;
};
Health CheckHealth(EdgeServer& server, const std::string& service) {
  grpc::GenericStub stub(server.NewChannel());
  grpc::ClientContext context;
  // HealthCheckRequest { string service = 1; }
  const grpc::ByteBuffer request = ToBuffer(
      service.empty() ? "" : std::string("\x0a") + static_cast<char>(service.size()) + service);
  grpc::ByteBuffer response;
  std::promise<grpc::Status> done;
  stub.UnaryCall(&context, "/grpc.health.v1.Health/Check", grpc::StubOptions(), &request, &response,
                 [&done](grpc::Status status) { done.set_value(std::move(status)); });
  const grpc::Status status = done.get_future().get();
  return {status.error_code(), ToString(response)};
}

// HealthCheckResponse { ServingStatus status = 1; }
const std::string kServing = "\x08\x01";
const std::string kNotServing = "\x08\x02";

TEST(ServicesTest, HealthTellsOfTheServerAndOfEachService) {
  EdgeServer server;
  for (const bool serving : {true, false}) {
    server.server().SetServing(serving);
    for (const char* service : {"", "skald.v1.WorkflowService", "skald.v1.DefinitionService",
                                "skald.v1.WorkerService", "skald.v1.AdminService"}) {
      const Health health = CheckHealth(server, service);
      EXPECT_EQ(health.code, grpc::StatusCode::OK) << service;
      EXPECT_EQ(health.answer, serving ? kServing : kNotServing) << service;
    }
  }
}

TEST(ServicesTest, HealthOfAnUnknownServiceIsNotFound) {
  EdgeServer server;
  EXPECT_EQ(CheckHealth(server, "skald.v1.NoService").code, grpc::StatusCode::NOT_FOUND);
}

void* Tag(std::intptr_t number) { return reinterpret_cast<void*>(number); }

// The answer to ServerReflectionRequest { string list_services = 7; }, as bytes.
std::string ListServices(EdgeServer& server) {
  grpc::GenericStub stub(server.NewChannel());
  grpc::ClientContext context;
  grpc::CompletionQueue queue;
  const auto call = stub.PrepareCall(
      &context, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", &queue);
  const auto await = [&queue](std::intptr_t number) {
    void* tag = nullptr;
    bool ok = false;
    return queue.Next(&tag, &ok) && ok && tag == Tag(number);
  };
  grpc::ByteBuffer response;
  grpc::Status status;
  call->StartCall(Tag(1));
  if (!await(1)) return "";
  call->Write(ToBuffer(std::string("\x3a\x00", 2)), Tag(2));
  if (!await(2)) return "";
  call->Read(&response, Tag(3));
  if (!await(3)) return "";
  call->WritesDone(Tag(4));
  if (!await(4)) return "";
  call->Finish(&status, Tag(5));
  if (!await(5) || !status.ok()) return "";
  return ToString(response);
}

TEST(ServicesTest, ReflectionListsTheServices) {
  EdgeServer server;
  const std::string services = ListServices(server);
  for (const char* service : {"skald.v1.WorkflowService", "skald.v1.DefinitionService",
                              "skald.v1.WorkerService", "skald.v1.AdminService"}) {
    EXPECT_THAT(services, HasSubstr(service));
  }
}

TEST(ServicesTest, NodesThatStandByAreListed) {
  EdgeServer server;
  server.store().AcquireNode("standby", 600 * core::kSecondUs);
  v1::ListNodesResponse response;
  grpc::ClientContext context;
  ASSERT_TRUE(server.admin().ListNodes(&context, {}, &response).ok());
  ASSERT_EQ(response.nodes_size(), 2) << response.DebugString();
  EXPECT_EQ(response.nodes(0).node_id(), "skald");
  EXPECT_TRUE(response.nodes(0).alive());
  EXPECT_EQ(response.nodes(0).shards(), 4U);
  EXPECT_EQ(response.nodes(1).node_id(), "standby");
  EXPECT_TRUE(response.nodes(1).alive());
  EXPECT_EQ(response.nodes(1).shards(), 0U);
}

// The only violation of a status.
google::rpc::BadRequest::FieldViolation MistakeOf(const grpc::Status& status) {
  google::rpc::Status model;
  EXPECT_TRUE(model.ParseFromString(status.error_details()));
  google::rpc::BadRequest mistakes;
  for (const auto& detail : model.details()) detail.UnpackTo(&mistakes);
  EXPECT_EQ(mistakes.field_violations_size(), 1) << status.error_message();
  return mistakes.field_violations_size() == 1 ? mistakes.field_violations(0)
                                               : google::rpc::BadRequest::FieldViolation{};
}

TEST(ServicesTest, AMalformedRequestNamesTheField) {
  EdgeServer server;
  v1::Workflow workflow;
  EXPECT_EQ(MistakeOf(server.Get("nonsense", &workflow)).field(), "workflow_id");
  v1::ListRequest request;
  request.set_page_token("nonsense");
  v1::ListResponse response;
  grpc::ClientContext context;
  EXPECT_EQ(MistakeOf(server.workflows().List(&context, request, &response)).field(), "page_token");
}

}  // namespace
}  // namespace skald
