#include "tests/tidy/limits.h"

#include <algorithm>
#include <regex>
#include <string>

#include "fmt/format.h"

namespace skald::tidy {
namespace {

constexpr char kTable[] = "engine/app/limits_table.cc";

// "engine/grpc/limits.h" is of skald::grpc_edge; the others' folders are named as their namespaces.
std::string NamespaceOf(const std::string& path) {
  const std::size_t begin = std::string("engine/").size();
  const std::string folder = path.substr(begin, path.find('/', begin) - begin);
  return folder == "grpc" ? "grpc_edge" : folder;
}

Findings CheckHeader(const SourceFile& header, const std::string& table) {
  static const std::regex bound(R"(inline constexpr [\w:]+ (k\w*(?:Max|Ceiling|Kept))\b)");
  Findings findings;
  for (std::sregex_iterator found(header.code.begin(), header.code.end(), bound), end; found != end;
       ++found) {
    const std::string name = (*found)[1];
    const std::string value = fmt::format("{}::{},", NamespaceOf(header.path), name);
    if (table.find(value) != std::string::npos) continue;
    const auto at = static_cast<size_t>(found->position());
    findings.push_back({header.path, header.LineOf(at),
                        fmt::format("{} has no row in {}: add it, and rewrite docs/limits.md with "
                                    "SKALD_REWRITE=1 unit_app_test",
                                    name, kTable)});
  }
  return findings;
}

}  // namespace

Findings CheckLimitsTable(const std::vector<SourceFile>& tree) {
  const auto table = std::find_if(tree.begin(), tree.end(),
                                  [](const SourceFile& file) { return file.path == kTable; });
  if (table == tree.end()) return {{kTable, 0, "is not there"}};
  Findings all;
  for (const SourceFile& file : tree) {
    if (!file.IsUnder("engine/") || !file.path.ends_with("/limits.h")) continue;
    const Findings findings = CheckHeader(file, table->code);
    all.insert(all.end(), findings.begin(), findings.end());
  }
  return all;
}

Findings CheckBoundNames(const SourceFile& file) {
  static const std::regex call(R"re(\bFixedBound\(\s*"(\w+)",\s*(?:\w+::)?(k\w+))re");
  Findings findings;
  if (!file.IsUnder("engine/")) return findings;
  for (std::sregex_iterator found(file.text.begin(), file.text.end(), call), end; found != end;
       ++found) {
    if ((*found)[1] == (*found)[2]) continue;
    findings.push_back({file.path, file.LineOf(static_cast<size_t>(found->position())),
                        fmt::format("says {} of {}", (*found)[1].str(), (*found)[2].str())});
  }
  return findings;
}

}  // namespace skald::tidy
