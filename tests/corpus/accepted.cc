#include "tests/corpus/accepted.h"

#include <utility>

#include "engine/base/status.h"
#include "fmt/format.h"
#include <boost/json.hpp>

namespace skald::corpus {
namespace {

absl::StatusOr<std::string> RequiredText(const boost::json::object& entry, const char* key) {
  const boost::json::value* value = entry.if_contains(key);
  if (value == nullptr || !value->is_string() || value->get_string().empty()) {
    return absl::InvalidArgumentError(
        fmt::format("expected a text '{}' in {}", key, boost::json::serialize(entry)));
  }
  return std::string(value->get_string());
}

absl::StatusOr<AcceptedDifference> ParseEntry(const boost::json::value& value) {
  if (!value.is_object()) return absl::InvalidArgumentError("an entry is an object");
  const boost::json::object& entry = value.get_object();
  AcceptedDifference accepted;
  ASSIGN_OR_RETURN(accepted.definition, RequiredText(entry, "definition"));
  ASSIGN_OR_RETURN(accepted.difference.part, RequiredText(entry, "part"));
  ASSIGN_OR_RETURN(accepted.difference.theirs, RequiredText(entry, "theirs"));
  ASSIGN_OR_RETURN(accepted.difference.ours, RequiredText(entry, "ours"));
  ASSIGN_OR_RETURN(accepted.reason, RequiredText(entry, "reason"));
  const boost::json::value* sometimes = entry.if_contains("sometimes");
  accepted.sometimes = sometimes != nullptr && *sometimes == boost::json::value(true);
  return accepted;
}

constexpr char kHeadline[] = "## What the corpus shows\n\n";

constexpr char kIntroduction[] =
    "`./dev corpus` registers and runs workflow definitions written by others and compares with "
    "what Conductor 3.32.1 did with each: registration, end status, task records, inputs, "
    "sub-workflows, output. Every difference that stays is listed here, one by one, with the "
    "reason.\n"
    "This part of the page is made from `tests/corpus/accepted_differences.json` (`./dev corpus "
    "--write-docs`); the run fails when the page and the list differ, when a definition differs "
    "in a way that is not listed, and when a listed difference no longer occurs.\n\n";

}  // namespace

absl::StatusOr<std::vector<AcceptedDifference>> ParseAccepted(std::string_view text) {
  boost::json::error_code error;
  const boost::json::value list = boost::json::parse({text.data(), text.size()}, error);
  if (error || !list.is_array()) {
    return absl::InvalidArgumentError("accepted_differences.json: expected a JSON list");
  }
  std::vector<AcceptedDifference> accepted;
  for (const boost::json::value& value : list.get_array()) {
    ASSIGN_OR_RETURN(AcceptedDifference entry, ParseEntry(value));
    accepted.push_back(std::move(entry));
  }
  return accepted;
}

std::string DescribeAccepted(const std::vector<AcceptedDifference>& accepted) {
  std::string page = std::string(kHeadline) + kIntroduction;
  if (accepted.empty()) return page + "None so far.\n";
  std::string definition;
  for (const AcceptedDifference& entry : accepted) {
    if (entry.definition != definition) {
      definition = entry.definition;
      page += fmt::format("{}### {}\n\n", page.ends_with("\n\n") ? "" : "\n", definition);
    }
    page += fmt::format("* **{}**{} – Conductor: `{}`; Skald: `{}`. {}\n", entry.difference.part,
                        entry.sometimes ? " (sometimes)" : "", entry.difference.theirs,
                        entry.difference.ours, entry.reason);
  }
  return page;
}

std::string WithAccepted(std::string_view page, const std::vector<AcceptedDifference>& accepted) {
  const std::string_view before = page.substr(0, page.find(kHeadline));
  return std::string(before) + DescribeAccepted(accepted);
}

}  // namespace skald::corpus
