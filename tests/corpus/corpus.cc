#include "tests/corpus/corpus.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string_view>
#include <utility>

#include "engine/base/status.h"
#include "fmt/format.h"
#include "tests/corpus/json_text.h"

namespace skald::corpus {
namespace {

constexpr std::size_t kTaskFieldsMin = 5;  // lines of sub-workflows have no input

absl::StatusOr<TaskLine> ParseTask(const boost::json::value& value) {
  const boost::json::array* fields = value.if_array();
  if (fields == nullptr || fields->size() < kTaskFieldsMin || !fields->at(0).is_string() ||
      !fields->at(1).is_string() || !fields->at(2).is_string() || !fields->at(3).is_int64() ||
      !fields->at(4).is_int64()) {
    return absl::InvalidArgumentError(
        "a task is [type, reference, status, retryCount, iteration, input], not " +
        boost::json::serialize(value));
  }
  return TaskLine{.type = std::string(fields->at(0).get_string()),
                  .reference = std::string(fields->at(1).get_string()),
                  .status = std::string(fields->at(2).get_string()),
                  .retry_count = fields->at(3).get_int64(),
                  .iteration = fields->at(4).get_int64(),
                  .input = fields->size() > kTaskFieldsMin ? fields->at(kTaskFieldsMin) : nullptr};
}

absl::StatusOr<std::vector<TaskLine>> ParseTasks(const boost::json::object& object) {
  std::vector<TaskLine> tasks;
  const boost::json::value* list = object.if_contains("tasks");
  if (list == nullptr) return tasks;
  if (!list->is_array()) return absl::InvalidArgumentError("tasks: expected a list");
  for (const boost::json::value& element : list->get_array()) {
    ASSIGN_OR_RETURN(TaskLine task, ParseTask(element));
    tasks.push_back(std::move(task));
  }
  return tasks;
}

absl::Status ParseSub(const boost::json::object& object, Outcome& outcome) {
  const boost::json::value* subs = object.if_contains("sub");
  if (subs == nullptr || !subs->is_object()) return absl::OkStatus();
  for (const auto& member : subs->get_object()) {
    if (!member.value().is_object()) return absl::InvalidArgumentError("sub: expected objects");
    const boost::json::object& sub = member.value().get_object();
    ASSIGN_OR_RETURN(std::vector<TaskLine> tasks, ParseTasks(sub));
    outcome.sub[std::string(member.key())] = {TextOf(sub, "status"), std::move(tasks)};
  }
  return absl::OkStatus();
}

absl::StatusOr<boost::json::value> ParseJson(std::string_view text, const std::string& where) {
  boost::json::error_code error;
  boost::json::value value = boost::json::parse({text.data(), text.size()}, error);
  if (error) return absl::InvalidArgumentError(where + ": no JSON: " + error.message());
  return value;
}

absl::StatusOr<boost::json::object> LoadDefinition(const std::filesystem::path& folder,
                                                   const std::string& id) {
  const std::size_t hash = id.find('#');
  if (hash == std::string::npos) return absl::InvalidArgumentError(id + ": an id has a '#'");
  const std::filesystem::path file = folder / "definitions" / id.substr(0, hash);
  ASSIGN_OR_RETURN(const std::string text, ReadFile(file));
  ASSIGN_OR_RETURN(const boost::json::value document, ParseJson(text, file.string()));
  boost::json::error_code error;
  const boost::json::value* found = document.find_pointer(id.substr(hash + 1), error);
  if (found == nullptr || !found->is_object()) {
    return absl::InvalidArgumentError(id + ": the pointer leads to no object");
  }
  return found->get_object();
}

}  // namespace

bool Case::IsUnstable(std::string_view part) const {
  return std::ranges::find(unstable, part) != unstable.end();
}

absl::StatusOr<std::string> ReadFile(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return absl::NotFoundError("cannot read " + path.string());
  std::ostringstream content;
  content << in.rdbuf();
  return content.str();
}

absl::StatusOr<Case> ParseExpected(std::string_view line) {
  ASSIGN_OR_RETURN(const boost::json::value value, ParseJson(line, "line"));
  if (!value.is_object()) return absl::InvalidArgumentError("expected an object");
  const boost::json::object& object = value.get_object();
  Case result;
  result.id = TextOf(object, "id");
  result.name = TextOf(object, "name");
  const boost::json::value* version = object.if_contains("version");
  const boost::json::value* registered = object.if_contains("register");
  if (result.id.empty() || version == nullptr || !version->is_int64() || registered == nullptr ||
      !registered->is_int64()) {
    return absl::InvalidArgumentError("expected id, version and register");
  }
  constexpr std::int64_t kOk = 200;
  result.version = static_cast<std::int32_t>(version->get_int64());
  Outcome& outcome = result.reference;
  outcome.registered = registered->get_int64() == kOk;
  outcome.register_error = TextOf(object, "register_error");
  outcome.status = TextOf(object, "status");
  outcome.reason = TextOf(object, "reason");
  ASSIGN_OR_RETURN(outcome.tasks, ParseTasks(object));
  RETURN_IF_ERROR(ParseSub(object, outcome));
  if (const auto* output = object.if_contains("output")) outcome.output = *output;
  if (const auto* parts = object.if_contains("unstable"); parts != nullptr && parts->is_array()) {
    for (const auto& part : parts->get_array()) {
      if (part.is_string()) result.unstable.emplace_back(part.get_string());
    }
  }
  return result;
}

absl::StatusOr<std::vector<Case>> LoadCorpus(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / "expected.jsonl";
  ASSIGN_OR_RETURN(const std::string text, ReadFile(file));
  std::istringstream lines(text);
  std::vector<Case> cases;
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (line.empty()) continue;
    absl::StatusOr<Case> parsed = ParseExpected(line);
    if (!parsed.ok()) {
      return absl::InvalidArgumentError(
          fmt::format("{}:{}: {}", file.string(), number, std::string(parsed.status().message())));
    }
    ASSIGN_OR_RETURN(parsed->definition, LoadDefinition(folder, parsed->id));
    cases.push_back(*std::move(parsed));
  }
  return cases;
}

}  // namespace skald::corpus
