// `skald workflow test`: runs a definition against mocked results, in this process or on a server.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include "engine/app/commands.h"
#include "engine/app/exit_codes.h"
#include "engine/app/process_environment.h"
#include "engine/app/system_clock.h"
#include "engine/app/test_report.h"
#include "engine/base/log.h"
#include "engine/base/status.h"
#include "engine/grpc/test_service.h"
#include "engine/rehearsal/workflow_rehearser.h"
#include "engine/script/script_runner.h"

namespace skald::app {
namespace {

namespace fs = std::filesystem;

using Options = std::shared_ptr<ClientOptions>;

struct TestArguments {
  std::string definition, mocks;
  std::vector<std::string> with;
  std::int32_t version = 0;
  bool on_server = false;
};

// The file, or every *.json of the folder, in order of name.
absl::StatusOr<std::vector<std::string>> FilesOf(const std::string& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) return std::vector<std::string>{path};
  std::vector<std::string> files;
  for (const fs::directory_entry& entry : fs::directory_iterator(path, error)) {
    if (entry.path().extension() == ".json") files.push_back(entry.path().string());
  }
  if (error) return absl::InvalidArgumentError(path + ": " + error.message());
  std::sort(files.begin(), files.end());
  return files;
}

// Registered on the server: what is no file there, or has a version.
bool IsName(const TestArguments& arguments) {
  if (!arguments.on_server || arguments.definition == "-") return false;
  std::error_code error;
  return arguments.version != 0 || !fs::exists(arguments.definition, error);
}

absl::StatusOr<ports::RehearsalRequest> ReadRequest(const Options& options,
                                                    const TestArguments& arguments) {
  ports::RehearsalRequest request{.name_space = options->name_space};
  if (IsName(arguments)) {
    request.name = arguments.definition;
    request.version = arguments.version;
  } else {
    ASSIGN_OR_RETURN(request.definition, ReadFile(arguments.definition));
  }
  ASSIGN_OR_RETURN(request.mocks, ReadFile(arguments.mocks));
  for (const std::string& path : arguments.with) {
    ASSIGN_OR_RETURN(const std::vector<std::string> files, FilesOf(path));
    for (const std::string& file : files) {
      ASSIGN_OR_RETURN(const std::string text, ReadFile(file));
      for (std::string& document : SplitDocuments(text)) {
        request.definitions.push_back(std::move(document));
      }
    }
  }
  return request;
}

int Show(const Options& options, const v1::TestWorkflowResponse& response) {
  if (options->format == Format::kJson) {
    fmt::print("{}\n", TestJson(response));
  } else {
    fmt::print("{}", TestText(response));
  }
  return response.passed() ? kExitOk : kExitFailed;
}

int TestHere(const Options& options, const ports::RehearsalRequest& request) {
  base::SetLogLevel(base::LogLevel::kError);
  const DatabaseClock clock;
  script::ScriptRunner scripts({});
  rehearsal::WorkflowRehearser rehearser(
      {.real_clock = clock, .environment = ReadExpressionEnvironment(environ), .runner = &scripts});
  const absl::StatusOr<ports::RehearsalReport> report = rehearser.Rehearse(request);
  if (!report.ok()) return FailLocally(report.status());
  v1::TestWorkflowResponse response;
  grpc_edge::ToProto(*report, response);
  return Show(options, response);
}

int TestOnServer(const Options& options, const ports::RehearsalRequest& request) {
  Client client(*options);
  v1::TestWorkflowRequest message;
  message.set_namespace_(request.name_space);
  message.set_definition(request.definition);
  message.set_name(request.name);
  message.set_version(request.version);
  message.set_mocks(request.mocks);
  for (const std::string& definition : request.definitions) message.add_definitions(definition);
  v1::TestWorkflowResponse response;
  grpc::ClientContext context;
  client.Prepare(context);
  const grpc::Status status = client.tests().TestWorkflow(&context, message, &response);
  return status.ok() ? Show(options, response) : client.Fail(status);
}

int Test(const Options& options, const TestArguments& arguments) {
  const absl::StatusOr<ports::RehearsalRequest> request = ReadRequest(options, arguments);
  if (!request.ok()) return FailLocally(request.status());
  return arguments.on_server ? TestOnServer(options, *request) : TestHere(options, *request);
}

}  // namespace

void AddTestCommand(CLI::App& workflow, Chosen& chosen) {
  CLI::App* command = workflow.add_subcommand(
      "test", "Run a definition against mocked results in virtual time; needs no server");
  Options options = AddClientOptions(*command);
  auto arguments = std::make_shared<TestArguments>();
  command
      ->add_option("definition", arguments->definition,
                   "File of the workflow definition; with --on-server also the name of one that is "
                   "registered there")
      ->required();
  command
      ->add_option("--mocks", arguments->mocks,
                   "File of input, mocked results and expected end (docs/testing-workflows.md)")
      ->required();
  command->add_option("--with", arguments->with,
                      "File or folder of sub-workflows and task definitions; may be repeated");
  CLI::Option* on_server =
      command->add_flag("--on-server", arguments->on_server,
                        "Run it on the server, which adds what is registered there");
  command->add_option("--version", arguments->version, "Of the name; the highest if absent")
      ->check(CLI::PositiveNumber)
      ->needs(on_server);
  command->callback([=, &chosen] { chosen = [=] { return Test(options, *arguments); }; });
}

}  // namespace skald::app
