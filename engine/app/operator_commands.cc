// `skald workflow` with a verb for one workflow: signal, pause, restart, …, and operator.
#include <string>

#include "engine/app/action.h"
#include "engine/app/action_verbs.h"
#include "engine/app/commands.h"
#include "engine/app/exit_codes.h"

namespace skald::app {
namespace {

int Operate(const Options& options, const Arguments& arguments, v1::OperateRequest::Verb verb) {
  const auto output = TextOrFile(arguments->payload);
  if (!output.ok()) return FailLocally(output.status());
  v1::OperateRequest request;
  request.set_verb(verb);
  request.set_reference(arguments->step);
  request.set_iteration(arguments->iteration);
  request.set_output(*output);
  request.set_reason(arguments->reason);
  if (arguments->effect == "APPLIED") request.set_effect(v1::EFFECT_APPLIED);
  if (arguments->effect == "NONE") request.set_effect(v1::EFFECT_NONE);
  return Act(options, arguments, request,
             [](auto& stub, auto& context, const auto& message, auto& response) {
               return stub.Operate(&context, message, &response);
             });
}

void AddVerb(CLI::App& group, const char* name, const char* help, v1::OperateRequest::Verb verb,
             Chosen& chosen) {
  CLI::App* command = group.add_subcommand(name, help);
  Options options = AddClientOptions(*command);
  Arguments arguments = AddAction(*command, Reason::kRequired);
  auto* step = command->add_option("--step", arguments->step, "Reference of the step");
  command->add_option("--iteration", arguments->iteration, "Pass of the enclosing loop");
  const bool for_one =
      verb != v1::OperateRequest::VERB_RETRY && verb != v1::OperateRequest::VERB_ABANDON;
  if (for_one) step->required();
  if (verb == v1::OperateRequest::VERB_SETTLE) {
    command->add_option("--effect", arguments->effect, "APPLIED or NONE")
        ->required()
        ->check(CLI::IsMember({"APPLIED", "NONE"}));
  }
  if (verb == v1::OperateRequest::VERB_SETTLE || verb == v1::OperateRequest::VERB_RESOLVE) {
    command->add_option("--step-output", arguments->payload, "JSON object, or @FILE");
  }
  command->callback([=, &chosen] { chosen = [=] { return Operate(options, arguments, verb); }; });
}

}  // namespace

void AddOperatorCommands(CLI::App& workflow, Chosen& chosen) {
  for (const ActionVerb& verb : ActionVerbs()) {
    CLI::App* command = workflow.add_subcommand(verb.name, verb.help);
    Options options = AddClientOptions(*command);
    Arguments arguments = AddAction(*command, verb.reason);
    verb.add_options(*command, *arguments, true);
    command->callback(
        [=, &chosen, run = verb.run] { chosen = [=] { return run(options, arguments); }; });
  }

  CLI::App* verbs = workflow.add_subcommand("operator", "Decide on a parked saga");
  verbs->require_subcommand(1);
  AddVerb(*verbs, "retry", "Try parked undos again", v1::OperateRequest::VERB_RETRY, chosen);
  AddVerb(*verbs, "resolve", "Declare an undo done by hand", v1::OperateRequest::VERB_RESOLVE,
          chosen);
  AddVerb(*verbs, "settle", "Declare what an unknown step did", v1::OperateRequest::VERB_SETTLE,
          chosen);
  AddVerb(*verbs, "skip", "Leave a step standing", v1::OperateRequest::VERB_SKIP, chosen);
  AddVerb(*verbs, "abandon", "Give the saga up", v1::OperateRequest::VERB_ABANDON, chosen);
}

}  // namespace skald::app
