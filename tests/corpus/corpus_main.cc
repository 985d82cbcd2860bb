// skald_corpus: registers and runs the corpus on a real server with a private PostgreSQL, and
// compares with what the reference server did. `./dev corpus` calls it.
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "engine/base/status.h"
#include "tests/corpus/accepted.h"
#include "tests/corpus/corpus.h"
#include "tests/corpus/echo_http.h"
#include "tests/corpus/report.h"
#include "tests/corpus/run.h"
#include "tests/e2e/server.h"
#include "tests/support/paths.h"
#include "tests/support/private_postgres.h"
#include <CLI/CLI.hpp>
#include <boost/json.hpp>

namespace skald::corpus {
namespace {

struct Options {
  std::string folder;
  std::string only;  // part of an id; empty: all
  bool write_docs = false;
  bool optional = false;  // no corpus is no error
};

std::filesystem::path DocsPage() {
  return testing::SourceDir() / "docs" / "conductor-differences.md";
}

absl::StatusOr<std::vector<AcceptedDifference>> LoadAccepted() {
  ASSIGN_OR_RETURN(const std::string text,
                   ReadFile(testing::SourceDir() / "tests/corpus/accepted_differences.json"));
  return ParseAccepted(text);
}

absl::Status CheckDocs(const std::vector<AcceptedDifference>& accepted) {
  ASSIGN_OR_RETURN(const std::string page, ReadFile(DocsPage()));
  if (page == WithAccepted(page, accepted)) return absl::OkStatus();
  return absl::FailedPreconditionError(
      "docs/conductor-differences.md is not what tests/corpus/accepted_differences.json says: run "
      "./dev corpus --write-docs");
}

absl::StatusOr<std::vector<boost::json::object>> LoadOthers() {
  ASSIGN_OR_RETURN(const std::string text,
                   ReadFile(testing::SourceDir() / "tests/corpus/missing_definitions.json"));
  boost::json::error_code error;
  const boost::json::value list = boost::json::parse(text, error);
  if (error || !list.is_array()) {
    return absl::InvalidArgumentError("missing_definitions.json: expected a JSON list");
  }
  std::vector<boost::json::object> others;
  for (const boost::json::value& value : list.get_array()) {
    if (!value.is_object()) return absl::InvalidArgumentError("missing_definitions.json: objects");
    others.push_back(value.get_object());
  }
  return others;
}

absl::StatusOr<std::vector<Outcome>> RunOnServer(const std::vector<Case>& cases) {
  const testing::TempDir folder;
  const std::string database = testing::PrivatePostgres::NewDatabase();
  testing::Migrate(database);
  // The echo service of the HTTP steps is on this machine.
  testing::Engine engine({"server", "--database-url", database, "--egress-allow", "127.0.0.1"},
                         folder.path());
  engine.Start();
  engine.AwaitReady();
  const EchoHttp echo;
  const testing::Api api(engine.address());
  ASSIGN_OR_RETURN(std::vector<boost::json::object> others, LoadOthers());
  absl::StatusOr<std::vector<Outcome>> outcomes = RunCorpus(api, cases,
                                                            {.server_address = engine.address(),
                                                             .echo_address = echo.address(),
                                                             .others = std::move(others)});
  if (!outcomes.ok()) std::cerr << engine.process().Log() << std::endl;
  RETURN_IF_ERROR(outcomes.status());
  const testing::Said verified = testing::VerifyAll(engine);
  if (verified.exit_code != 0) return absl::InternalError("verify --all: " + verified.output);
  return outcomes;
}

// True: the rule holds.
absl::StatusOr<bool> CompareWithReference(const Options& options) {
  if (!std::filesystem::is_directory(options.folder)) {
    return absl::NotFoundError("no corpus at " + options.folder +
                               ": say where it is with --corpus DIR");
  }
  ASSIGN_OR_RETURN(std::vector<AcceptedDifference> accepted, LoadAccepted());
  RETURN_IF_ERROR(CheckDocs(accepted));
  ASSIGN_OR_RETURN(std::vector<Case> cases, LoadCorpus(options.folder));
  if (!options.only.empty()) {
    const auto is_left_out = [&](const std::string& id) {
      return id.find(options.only) == std::string::npos;
    };
    std::erase_if(cases, [&](const Case& one) { return is_left_out(one.id); });
    std::erase_if(accepted,
                  [&](const AcceptedDifference& entry) { return is_left_out(entry.definition); });
  }
  const auto begin = std::chrono::steady_clock::now();
  ASSIGN_OR_RETURN(const std::vector<Outcome> outcomes, RunOnServer(cases));
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
  const Judgement judgement = Judge(cases, outcomes, accepted);
  std::cout << "ran in " << static_cast<int>(taken.count()) << " s\n";
  Print(judgement, std::cout);
  return judgement.Holds();
}

absl::Status WriteDocs() {
  ASSIGN_OR_RETURN(const std::vector<AcceptedDifference> accepted, LoadAccepted());
  ASSIGN_OR_RETURN(const std::string page, ReadFile(DocsPage()));
  std::ofstream file(DocsPage(), std::ios::binary);
  file << WithAccepted(page, accepted);
  file.close();
  return file ? absl::OkStatus() : absl::InternalError("cannot write " + DocsPage().string());
}

}  // namespace
}  // namespace skald::corpus

int main(int argc, char** argv) {
  skald::corpus::Options options;
  options.folder = (skald::testing::SourceDir() / "../shared/corpus").lexically_normal().string();
  CLI::App app("Runs the corpus of workflow definitions and compares with the reference server.");
  app.add_option("--corpus", options.folder, "folder of the corpus");
  app.add_option("--only", options.only, "runs only the definitions whose id contains this text");
  app.add_flag("--write-docs", options.write_docs,
               "writes docs/conductor-differences.md from the accepted differences, runs nothing");
  app.add_flag(
      "--optional", options.optional,
      "without the folder it says so and exits with 77, which ctest takes for a skipped test");
  CLI11_PARSE(app, argc, argv);
  if (options.write_docs) {
    const absl::Status status = skald::corpus::WriteDocs();
    if (!status.ok()) std::cerr << "corpus: " << status << std::endl;
    return status.ok() ? 0 : 1;
  }
  if (options.optional && !std::filesystem::is_directory(options.folder)) {
    constexpr int kSkipped = 77;
    std::cout << "corpus: SKIPPED, there is no corpus at " << options.folder << std::endl;
    return kSkipped;
  }
  const absl::StatusOr<bool> holds = skald::corpus::CompareWithReference(options);
  if (!holds.ok()) {
    std::cerr << "corpus: " << holds.status() << std::endl;
    constexpr int kNotRun = 2;
    return kNotRun;
  }
  return *holds ? 0 : 1;
}
