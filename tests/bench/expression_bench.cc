// expression_bench [ROUNDS] [--report]: what the evaluation of a template costs, and of single
// expressions, over a workflow with an input of 1 KB and a task whose output has as much. CPU time
// of this process, so that other work on the machine counts little. With --report it is one line
// for skald_bench (control.h), and bars are its to judge; else exit 1 when one is missed.
#include <cstdlib>
#include <ctime>
#include <iostream>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "engine/core/decide.h"
#include "engine/core/definition_parser.h"
#include "engine/core/state_scope.h"
#include "engine/core/template.h"
#include "tests/bench/bars.h"
#include "tests/bench/control.h"

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

// Microseconds of one evaluation.
double Measure(const char* name, const std::string& json, const core::Definition& definition,
               const core::State& state, std::size_t rounds) {
  const auto compiled = core::Template::Compile(json, "bench");
  if (!compiled.ok()) {
    std::cerr << name << ": " << compiled.status() << std::endl;
    std::exit(1);
  }
  const std::vector<core::StepIndex> reads = {0};
  std::size_t bytes = 0;
  const std::clock_t begun = std::clock();
  for (std::size_t i = 0; i < rounds; ++i) {
    const core::StateScope scope(definition, state, reads);
    bytes += compiled->TryEvaluate(scope)->size();
  }
  const double us = static_cast<double>(std::clock() - begun) * 1e6 / CLOCKS_PER_SEC /
                    static_cast<double>(rounds);
  std::cerr << absl::StrFormat("%-28s %8.3f us, result of %d bytes\n", name, us, bytes / rounds);
  return us;
}

Measurement MeasureAll(std::size_t rounds) {
  const core::Definition definition = Parse();
  const core::State state = Running(definition);
  std::cerr << "input of " << state.start.input.size() << " bytes\n";
  const auto measure = [&](const char* name, const std::string& json) {
    return Measure(name, json, definition, state, rounds);
  };
  Measurement all{.scenario = "expressions", .figures = {}};
  all.figures["typical_us"] = measure(
      "5 parameters, 3 expressions",
      R"({"orderId":"${workflow.input.orderId}","city":"${workflow.input.customer.address.city}",
              "note":"order ${a.output.orderId}","kind":"express","attempts":3})");
  measure("whole input", R"({"x":"${workflow.input}"})");
  measure("first name", R"({"x":"${workflow.input.customer.name}"})");
  measure("last name", R"({"x":"${workflow.input.total}"})");
  measure("nested", R"({"x":"${a.output.lines[${a.output.lines.length()}]}"})");
  measure("wildcard", R"({"x":"${a.output.lines[*].sku}"})");
  all.figures["filter_us"] =
      measure("filter", R"({"x":"${a.output.lines[?(@.cents > 100)].sku}"})");
  all.figures["deep_scan_us"] = measure("deep scan", R"({"x":"${a.output..sku}"})");
  return all;
}

int Run(std::size_t rounds, bool report) {
  const Measurement all = MeasureAll(rounds);
  if (report) {
    std::cout << FormatReport(all.figures) << std::endl;
    return 0;
  }
  const std::vector<Verdict> verdicts = Judge({all});
  PrintVerdicts(verdicts, std::cout);
  return AllPassed(verdicts) ? 0 : 1;
}

}  // namespace
}  // namespace skald::bench

int main(int argc, char** argv) {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  const bool report = std::erase(arguments, "--report") > 0;
  const std::size_t rounds =
      arguments.empty() ? 1'000'000 : std::strtoull(arguments[0].c_str(), nullptr, 10);
  if (rounds == 0 || arguments.size() > 1) {
    std::cerr << "usage: expression_bench [ROUNDS] [--report]" << std::endl;
    return 2;
  }
  return skald::bench::Run(rounds, report);
}
