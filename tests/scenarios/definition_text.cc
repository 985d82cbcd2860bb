#include "tests/scenarios/definition_text.h"

#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <system_error>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "engine/core/definition_parser.h"
#include "engine/core/json_write.h"

namespace skald::scenarios {
namespace {

constexpr std::string_view kDefinition = "definition ";
constexpr std::string_view kTaskDefinitions = "task-definitions ";
constexpr std::size_t kMistakesShown = 20;

std::string Stripped(std::string_view text) {
  return std::string(absl::StripAsciiWhitespace(absl::string_view(text.data(), text.size())));
}

struct Parts {
  std::string chain;
  std::map<std::string, std::string> steps;
  std::map<std::string, std::string> tasks;
  std::string settings = "{}";
};

// Reads "a -> [b | c -> d] -> e".
class ChainReader {
 public:
  explicit ChainReader(const Parts& parts) : parts_(parts), text_(parts.chain) {}

  std::string Run() { return "[" + List().json + "]"; }
  bool at_end() { return Skip(), at_ == text_.size(); }

 private:
  struct Steps {
    std::string json;  // of the steps, separated by commas
    std::string last;  // reference of the last one
  };

  void Skip() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }
  bool Take(std::string_view token) {
    Skip();
    if (std::string_view(text_).substr(at_, token.size()) != token) return false;
    at_ += token.size();
    return true;
  }

  Steps List() {
    Steps steps = Item();
    while (Take("->")) {
      Steps next = Item();
      steps.json += "," + next.json;
      steps.last = next.last;
    }
    return steps;
  }

  Steps Item() {
    if (Take("[")) return Fork();
    Skip();
    const std::size_t begin = at_;
    while (at_ < text_.size() && std::string_view(" []|").find(text_[at_]) == std::string::npos) {
      if (std::string_view(text_).substr(at_, 2) == "->") break;
      ++at_;
    }
    const std::string name = text_.substr(begin, at_ - begin);
    return {StepJson(name, "SIMPLE", ""), name};
  }

  Steps Fork() {
    const std::string number = absl::StrCat(++forks_);
    std::string branches;
    std::string tails;
    do {
      const Steps branch = List();
      branches += (branches.empty() ? "[" : ",[") + branch.json + "]";
      tails += (tails.empty() ? "\"" : ",\"") + branch.last + "\"";
    } while (Take("|"));
    Take("]");
    const std::string join = "join" + number;
    return {StepJson("fork" + number, "FORK_JOIN", ",\"forkTasks\":[" + branches + "]") + "," +
                StepJson(join, "JOIN", ",\"joinOn\":[" + tails + "]"),
            join};
  }

  std::string StepJson(const std::string& name, const std::string& type, const std::string& more) {
    const std::string json = "{\"name\":\"" + name + "\",\"taskReferenceName\":\"" + name +
                             "\",\"type\":\"" + type + "\"" + more + "}";
    const auto fields = parts_.steps.find(name);
    return fields == parts_.steps.end() ? json : core::OverlayMembers(json, fields->second);
  }

  const Parts& parts_;
  const std::string text_;
  std::size_t at_ = 0;
  int forks_ = 0;
};

absl::StatusOr<Parts> ReadParts(const std::vector<std::string>& lines) {
  Parts parts;
  for (const std::string& line : lines) {
    std::istringstream words(line);
    std::string kind;
    words >> kind;
    std::string rest;
    std::getline(words, rest);
    rest = Stripped(rest);
    const std::string name = rest.substr(0, rest.find(' '));
    const std::string json = Stripped(std::string_view(rest).substr(name.size()));
    if (kind == "workflow") {
      parts.chain = rest;
    } else if (kind == "step") {
      parts.steps[name] = json;
    } else if (kind == "task") {
      parts.tasks[name] = core::OverlayMembers("{\"name\":\"" + name + "\"}", json);
    } else if (kind == "settings") {
      parts.settings = rest;
    } else {
      return absl::InvalidArgumentError("not a line of a definition: " + line);
    }
  }
  return parts;
}

absl::StatusOr<ScenarioDefinition> Parse(const std::string& json,
                                         const std::map<std::string, std::string>& tasks) {
  const auto lookup = [&tasks](const std::string& name) -> std::optional<std::string> {
    const auto found = tasks.find(name);
    if (found == tasks.end()) return std::nullopt;
    return found->second;
  };
  core::Parsed<core::Definition> parsed = core::ParseDefinition(json, lookup, {});
  if (!parsed.ok()) {
    return absl::FailedPreconditionError(core::FormatMistakes(parsed.mistakes, kMistakesShown));
  }
  parsed.value->id = 1;
  ScenarioDefinition result{
      .definition = std::move(*parsed.value), .task_definitions = {}, .source = json};
  for (const auto& [name, source] : tasks) {
    result.task_definitions[name] = core::Payload(source);
  }
  return result;
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// The task definitions of a folder, by the names of their files.
absl::StatusOr<std::map<std::string, std::string>> ReadTasks(const std::string& folder) {
  std::map<std::string, std::string> tasks;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().extension() != ".json") continue;
    tasks[entry.path().stem().string()] = ReadFile(entry.path().string());
  }
  if (error) return absl::NotFoundError("task definitions " + folder + ": " + error.message());
  return tasks;
}

// `definition FILE`, then perhaps `task-definitions FOLDER`.
absl::StatusOr<ScenarioDefinition> ReadNamed(const std::vector<std::string>& lines,
                                             const std::string& folder) {
  std::map<std::string, std::string> tasks;
  for (const std::string& line : std::vector(lines.begin() + 1, lines.end())) {
    if (line.rfind(kTaskDefinitions, 0) != 0) {
      return absl::InvalidArgumentError("not a line behind definition: " + line);
    }
    absl::StatusOr<std::map<std::string, std::string>> read =
        ReadTasks(folder + "/" + Stripped(line.substr(kTaskDefinitions.size())));
    if (!read.ok()) return read.status();
    tasks.merge(*read);
  }
  return Parse(ReadFile(folder + "/" + Stripped(lines.front().substr(kDefinition.size()))), tasks);
}

}  // namespace

absl::StatusOr<ScenarioDefinition> ReadDefinition(const std::vector<std::string>& lines,
                                                  const std::string& folder) {
  if (lines.empty()) return absl::InvalidArgumentError("the scenario has no definition");
  if (lines.front().rfind(kDefinition, 0) == 0) return ReadNamed(lines, folder);
  if (lines.front().front() == '{') {
    std::string json;
    for (const std::string& line : lines) json += line + "\n";
    return Parse(json, {});
  }
  absl::StatusOr<Parts> parts = ReadParts(lines);
  if (!parts.ok()) return parts.status();
  ChainReader reader(*parts);
  const std::string steps = reader.Run();
  if (!reader.at_end()) return absl::InvalidArgumentError("unreadable chain: " + parts->chain);
  return Parse(core::OverlayMembers("{\"name\":\"scenario\",\"version\":1,\"tasks\":" + steps + "}",
                                    parts->settings),
               parts->tasks);
}

}  // namespace skald::scenarios
