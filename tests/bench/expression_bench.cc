// expression_bench [ROUNDS]: what the evaluation of a template costs, and of single expressions,
// over a workflow with an input of 1 KB and a task whose output has as much. A number for people,
// no test; CPU time of this process.
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>

#include "engine/core/decide.h"
#include "engine/core/definition_parser.h"
#include "engine/core/state_scope.h"
#include "engine/core/template.h"

namespace skald::bench {
namespace {

core::Definition Parse() {
  core::Parsed<core::Definition> parsed = core::ParseDefinition(
      R"({"name":"bench","tasks":[{"name":"a","taskReferenceName":"a"},
          {"name":"b","taskReferenceName":"b"}]})",
      nullptr, {});
  if (!parsed.ok()) std::abort();
  return *std::move(parsed.value);
}

// About 1 KB, what is asked for in the middle and at the end.
std::string Document() {
  std::string json = R"({"customer":{"name":"Ada","address":{"city":"London","zip":"N1"}})";
  for (int i = 0; i < 8; ++i) {
    json += ",\"filler" + std::to_string(i) + "\":\"" + std::string(70, 'x') + "\"";
  }
  return json + R"(,"lines":[{"sku":"p-1","cents":1250},{"sku":"p-2","cents":300},)" +
         R"({"sku":"p-3","cents":75}],"orderId":"o-4711","total":1625})";
}

core::State Running(const core::Definition& definition) {
  core::State state;
  core::StartWorkflow start;
  start.id = base::UuidV7(1, 2, 3);
  start.input = core::Payload(Document());
  if (!core::Decide(definition, start, core::kSecondUs, state).ok()) std::abort();
  core::StartTask take{.task = 1, .worker = "w", .incarnation = "w"};
  if (!core::Decide(definition, take, core::kSecondUs, state).ok()) std::abort();
  core::ReportResult result;
  result.task = 1;
  result.fence = state.task(1).fence;
  result.output = core::Payload(Document());
  if (!core::Decide(definition, result, core::kSecondUs, state).ok()) std::abort();
  return state;
}

void Measure(const char* name, const std::string& json, const core::Definition& definition,
             const core::State& state, std::size_t rounds) {
  const auto compiled = core::Template::Compile(json, "bench");
  if (!compiled.ok()) {
    std::fprintf(stderr, "%s: %s\n", name, std::string(compiled.status().message()).c_str());
    std::exit(1);
  }
  const std::vector<core::StepIndex> reads = {0};
  std::size_t bytes = 0;
  const std::clock_t begun = std::clock();
  for (std::size_t i = 0; i < rounds; ++i) {
    const core::StateScope scope(definition, state, reads);
    bytes += compiled->TryEvaluate(scope)->size();
  }
  const double us = static_cast<double>(std::clock() - begun) * 1e6 / CLOCKS_PER_SEC;
  std::printf("%-28s %8.3f us, result of %zu bytes\n", name, us / static_cast<double>(rounds),
              bytes / rounds);
}

void Run(std::size_t rounds) {
  const core::Definition definition = Parse();
  const core::State state = Running(definition);
  std::printf("input of %zu bytes\n", state.start.input.size());
  const auto measure = [&](const char* name, const std::string& json) {
    Measure(name, json, definition, state, rounds);
  };
  measure(
      "5 parameters, 3 expressions",
      R"({"orderId":"${workflow.input.orderId}","city":"${workflow.input.customer.address.city}",
              "note":"order ${a.output.orderId}","kind":"express","attempts":3})");
  measure("whole input", R"({"x":"${workflow.input}"})");
  measure("first name", R"({"x":"${workflow.input.customer.name}"})");
  measure("last name", R"({"x":"${workflow.input.total}"})");
  measure("nested", R"({"x":"${a.output.lines[${a.output.lines.length()}]}"})");
  measure("wildcard", R"({"x":"${a.output.lines[*].sku}"})");
  measure("filter", R"({"x":"${a.output.lines[?(@.cents > 100)].sku}"})");
  measure("deep scan", R"({"x":"${a.output..sku}"})");
}

}  // namespace
}  // namespace skald::bench

int main(int argc, char** argv) {
  const std::size_t rounds = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1'000'000;
  if (rounds == 0) {
    std::fprintf(stderr, "usage: expression_bench [ROUNDS]\n");
    return 2;
  }
  skald::bench::Run(rounds);
  return 0;
}
