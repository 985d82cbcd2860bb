// Client: the connection of the command line to a server, and how its answers are shown.
//
// Single-threaded.
#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "skald/v1/admin.grpc.pb.h"
#include "skald/v1/definition.grpc.pb.h"
#include "skald/v1/test.grpc.pb.h"
#include "skald/v1/workflow.grpc.pb.h"

namespace skald::app {

enum class Format { kText, kJson };

struct ClientOptions {
  std::string address = "127.0.0.1:8090";
  std::string name_space = "default";
  Format format = Format::kText;
  int timeout_seconds = 30;  // of one call; watches have none
};

class Client {
 public:
  explicit Client(const ClientOptions& options);

  v1::DefinitionService::Stub& definitions() { return *definitions_; }
  v1::WorkflowService::Stub& workflows() { return *workflows_; }
  v1::AdminService::Stub& admin() { return *admin_; }
  v1::TestService::Stub& tests() { return *tests_; }
  const ClientOptions& options() const { return options_; }
  bool json() const { return options_.format == Format::kJson; }

  // Sets the deadline of one call.
  void Prepare(grpc::ClientContext& context) const;

  // Prints the error to standard error (all violations, one a line) and returns the exit code.
  int Fail(const grpc::Status& status) const;

 private:
  const ClientOptions options_;
  std::unique_ptr<v1::DefinitionService::Stub> definitions_;
  std::unique_ptr<v1::WorkflowService::Stub> workflows_;
  std::unique_ptr<v1::AdminService::Stub> admin_;
  std::unique_ptr<v1::TestService::Stub> tests_;
};

}  // namespace skald::app
