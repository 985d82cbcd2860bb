#include "tests/scenarios/scenario_file.h"

#include <cstdint>
#include <sstream>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "tests/scenarios/definition_text.h"
#include "tests/scenarios/scenario_command.h"
#include "tests/scenarios/scenario_world.h"

namespace skald::scenarios {
namespace {

constexpr std::string_view kDashes = "----";
constexpr std::string_view kVersion = "version ";

using Paragraph = std::vector<std::string>;

std::vector<Paragraph> ParagraphsOf(std::string_view text) {
  std::vector<Paragraph> paragraphs(1);
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty()) {
      paragraphs.back().push_back(line);
    } else if (!paragraphs.back().empty()) {
      paragraphs.emplace_back();
    }
  }
  if (paragraphs.back().empty()) paragraphs.pop_back();
  return paragraphs;
}

bool IsComment(const std::string& line) { return line.front() == '#'; }

// The lines that are no comments, up to the dashes.
Paragraph Content(const Paragraph& paragraph) {
  Paragraph content;
  for (const std::string& line : paragraph) {
    if (line == kDashes) break;
    if (!IsComment(line)) content.push_back(line);
  }
  return content;
}

// "version N", then the lines of another definition of the workflow's name.
bool IsVersion(const Paragraph& lines) { return lines.front().rfind(kVersion, 0) == 0; }

absl::Status Register(Paragraph lines, const std::string& folder, ScenarioWorld& world) {
  std::int32_t version = 0;
  if (!absl::SimpleAtoi(lines.front().substr(kVersion.size()), &version)) {
    return absl::InvalidArgumentError("not readable: " + lines.front());
  }
  lines.erase(lines.begin());
  absl::StatusOr<ScenarioDefinition> definition = ReadDefinition(lines, folder);
  if (!definition.ok()) return definition.status();
  definition->definition.version = version;
  definition->definition.id = version;
  world.Register(*std::move(definition));
  return absl::OkStatus();
}

absl::StatusOr<std::string> Answers(const Paragraph& lines, ScenarioWorld& world) {
  std::string text;
  for (const std::string& line : lines) {
    const absl::StatusOr<std::string> answer = CarryOut(line, world);
    if (!answer.ok()) return answer.status();
    text += *answer;
  }
  return text.empty() ? "nothing\n" : text;
}

void AppendUpToDashes(const Paragraph& paragraph, std::string& text) {
  for (const std::string& line : paragraph) {
    if (line == kDashes) return;
    text += line + "\n";
  }
}

}  // namespace

absl::StatusOr<ScenarioResult> RunScenario(std::string_view text, const std::string& folder) {
  const std::vector<Paragraph> paragraphs = ParagraphsOf(text);
  ScenarioResult result;
  std::size_t at = 0;
  // Leading comments may be a paragraph of their own.
  while (at < paragraphs.size() && Content(paragraphs[at]).empty()) {
    AppendUpToDashes(paragraphs[at++], result.text);
    result.text += "\n";
  }
  if (at == paragraphs.size()) return absl::InvalidArgumentError("the scenario has no definition");
  absl::StatusOr<ScenarioDefinition> definition = ReadDefinition(Content(paragraphs[at]), folder);
  if (!definition.ok()) return definition.status();
  AppendUpToDashes(paragraphs[at++], result.text);
  ScenarioWorld world(std::move(*definition));
  for (; at < paragraphs.size(); ++at) {
    result.text += "\n";
    AppendUpToDashes(paragraphs[at], result.text);
    const Paragraph lines = Content(paragraphs[at]);
    if (lines.empty()) continue;
    if (IsVersion(lines)) {
      const absl::Status registered = Register(lines, folder, world);
      if (!registered.ok()) return registered;
      continue;
    }
    const absl::StatusOr<std::string> answers = Answers(lines, world);
    if (!answers.ok()) return answers.status();
    absl::StrAppend(&result.text, std::string(kDashes), "\n", *answers);
  }
  result.complaint = world.complaint();
  return result;
}

}  // namespace skald::scenarios
