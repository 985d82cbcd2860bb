#include "engine/app/step_runners.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/grpc_call/grpc_runner.h"
#include "engine/http_call/http_runner.h"
#include "engine/runtime/workflow_runner.h"
#include "engine/script/script_runner.h"

namespace skald::app {
namespace {

// A script has seconds, and so have those in the line before it.
constexpr core::DurationUs kScriptAnswerUsMax = 300 * core::kSecondUs;

// A call whose answer takes longer is lost: its attempt's outcome is unknown from then on.
constexpr core::DurationUs kCallAnswerUsMax = 3'600 * core::kSecondUs;

// Never the same twice: what a process before this one had under way may have been sent.
std::string FreshIncarnation(std::string_view kind, ports::Random& random) {
  return absl::StrCat(std::string(kind), "-", absl::Hex(random.Next(), absl::kZeroPad16));
}

}  // namespace

absl::StatusOr<std::unique_ptr<StepRunners>> StepRunners::Start(
    const CallConfig& config, const ScriptConfig& scripts, bool loopback, runtime::Engine& engine,
    ports::Journal& journal, runtime::DefinitionById definition_by_id, ports::Random& random) {
  ASSIGN_OR_RETURN(base::EgressPolicy egress, config.ToEgressPolicy(loopback));
  ASSIGN_OR_RETURN(auto http, http_call::HttpRunner::Start(config.ToHttpOptions(egress)));
  ASSIGN_OR_RETURN(grpc_call::GrpcOptions grpc_options, config.ToGrpcOptions(std::move(egress)));
  ASSIGN_OR_RETURN(auto grpc, grpc_call::GrpcRunner::Start(std::move(grpc_options)));
  auto runners = std::make_unique<StepRunners>();
  // The same in every process: what a dead one left is evaluated again at once.
  runners->hosts_.push_back(std::make_unique<runtime::RunnerHost>(
      engine, std::make_unique<script::ScriptRunner>(scripts.ToOptions()),
      runtime::RunnerHostOptions{.incarnation = "scripts", .answer_us_max = kScriptAnswerUsMax}));
  runners->hosts_.push_back(std::make_unique<runtime::RunnerHost>(
      engine, std::move(http),
      runtime::RunnerHostOptions{.incarnation = FreshIncarnation("http", random),
                                 .answer_us_max = kCallAnswerUsMax}));
  runners->hosts_.push_back(std::make_unique<runtime::RunnerHost>(
      engine, std::move(grpc),
      runtime::RunnerHostOptions{.incarnation = FreshIncarnation("grpc", random),
                                 .answer_us_max = kCallAnswerUsMax}));
  runners->hosts_.push_back(std::make_unique<runtime::RunnerHost>(
      engine,
      std::make_unique<runtime::WorkflowRunner>(engine, journal, std::move(definition_by_id)),
      runtime::RunnerHostOptions{.incarnation = "workflows"}));
  for (const auto& host : runners->hosts_) RETURN_IF_ERROR(host->Attach());
  return runners;
}

void StepRunners::Tick() {
  for (const auto& host : hosts_) host->Tick();
}

}  // namespace skald::app
