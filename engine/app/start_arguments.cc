#include "engine/app/start_arguments.h"

#include "absl/strings/str_cat.h"
#include "engine/app/commands.h"
#include "engine/base/status.h"

namespace skald::app {

std::shared_ptr<StartArguments> AddStartArguments(CLI::App& command) {
  auto arguments = std::make_shared<StartArguments>();
  CLI::Option_group* what = command.add_option_group("definition");
  what->add_option("name", arguments->name, "Definition");
  what->add_option("--definition", arguments->definition,
                   "FILE with a definition for this workflow only ('-': standard input)");
  what->require_option(1, 2);
  command.add_option("--version", arguments->version, "Version; the highest if absent");
  command.add_option("--input", arguments->input, "JSON object, or @FILE ('@-': standard input)");
  command.add_option("--idempotency-key", arguments->key, "The same key gives the same workflow");
  command
      .add_option("--idempotency-strategy", arguments->key_strategy,
                  "When the key is in use: the workflow that has it, or an error, always or while "
                  "that workflow runs")
      ->check(CLI::IsMember({"RETURN_EXISTING", "FAIL", "FAIL_ON_RUNNING"}));
  command.add_option("--correlation-id", arguments->correlation_id, "For searching");
  command.add_option("--priority", arguments->priority, "0 to 99, higher first");
  command.add_option("--task-to-domain", arguments->domains,
                     "TYPE=DOMAIN[,DOMAIN…]: which workers have its tasks; TYPE * for all others");
  command.add_option("--traceparent", arguments->traceparent, "W3C trace context");
  return arguments;
}

absl::StatusOr<v1::StartRequest> ToRequest(const StartArguments& arguments,
                                           const std::string& name_space) {
  ASSIGN_OR_RETURN(const std::string input, TextOrFile(arguments.input));
  v1::StartRequest request;
  request.set_namespace_(name_space);
  request.set_name(arguments.name);
  if (!arguments.definition.empty()) {
    ASSIGN_OR_RETURN(*request.mutable_definition(), ReadFile(arguments.definition));
  }
  request.set_version(arguments.version);
  request.set_input(input);
  request.set_idempotency_key(arguments.key);
  v1::IdempotencyStrategy strategy = v1::IDEMPOTENCY_STRATEGY_UNSPECIFIED;
  v1::IdempotencyStrategy_Parse("IDEMPOTENCY_STRATEGY_" + arguments.key_strategy, &strategy);
  request.set_idempotency_strategy(strategy);
  request.set_correlation_id(arguments.correlation_id);
  request.set_priority(arguments.priority);
  for (const std::string& domain : arguments.domains) {
    const std::size_t equals = domain.find('=');
    if (equals == std::string::npos || equals == 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("--task-to-domain ", domain, ": TYPE=DOMAIN expected"));
    }
    (*request.mutable_task_to_domain())[domain.substr(0, equals)] = domain.substr(equals + 1);
  }
  if (!arguments.traceparent.empty()) {
    request.mutable_trace()->set_traceparent(arguments.traceparent);
  }
  return request;
}

}  // namespace skald::app
