// `skald workflow` with a verb for one workflow: signal, pause, restart, …, and operator.
#include "engine/app/action.h"
#include "engine/app/action_verbs.h"
#include "engine/app/commands.h"

namespace skald::app {
namespace {

void AddVerbs(CLI::App& group, std::span<const ActionVerb> verbs, Chosen& chosen) {
  for (const ActionVerb& verb : verbs) {
    CLI::App* command = group.add_subcommand(verb.name, verb.help);
    Options options = AddClientOptions(*command);
    Arguments arguments = AddAction(*command, verb.reason);
    verb.add_options(*command, *arguments, true);
    command->callback(
        [=, &chosen, run = verb.run] { chosen = [=] { return run(options, arguments); }; });
  }
}

}  // namespace

void AddOperatorCommands(CLI::App& workflow, Chosen& chosen) {
  AddVerbs(workflow, ActionVerbs(), chosen);
  CLI::App* verbs = workflow.add_subcommand("operator", "Decide on a parked saga");
  verbs->require_subcommand(1);
  AddVerbs(*verbs, OperatorVerbs(), chosen);
}

}  // namespace skald::app
