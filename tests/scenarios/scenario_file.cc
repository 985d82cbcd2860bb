#include "tests/scenarios/scenario_file.h"

#include <algorithm>
#include <cstdint>
#include <optional>
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

bool HasAnswer(const Paragraph& paragraph) {
  return std::find(paragraph.begin(), paragraph.end(), kDashes) != paragraph.end();
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

class ScenarioRun {
 public:
  explicit ScenarioRun(const std::string& folder) : folder_(folder) {}

  absl::Status Read(const Paragraph& paragraph) {
    if (!text_.empty()) text_ += "\n";
    AppendUpToDashes(paragraph, text_);
    const Paragraph lines = Content(paragraph);
    if (lines.empty()) return absl::OkStatus();  // comments alone
    if (!begun_) return Define(lines, 1, HasAnswer(paragraph));
    if (IsVersion(lines)) return DefineVersion(lines, HasAnswer(paragraph));
    if (!world_.has_value()) {
      return absl::InvalidArgumentError("the definition was refused: " + lines.front());
    }
    const absl::StatusOr<std::string> answers = Answers(lines, *world_);
    if (!answers.ok()) return answers.status();
    Answer(*answers);
    return absl::OkStatus();
  }

  absl::StatusOr<ScenarioResult> Finish() && {
    if (!begun_) return absl::InvalidArgumentError("the scenario has no definition");
    ScenarioResult result{.text = std::move(text_), .complaint = "", .history = {}};
    if (!world_.has_value()) return result;
    result.complaint = world_->complaint();
    result.history = {.definition = std::move(source_),
                      .task_definitions = world_->task_definitions(),
                      .events = world_->events(),
                      .decisions = world_->decisions(),
                      .state = world_->state()};
    return result;
  }

 private:
  void Answer(const std::string& answer) {
    absl::StrAppend(&text_, std::string(kDashes), "\n", answer);
  }

  absl::Status DefineVersion(Paragraph lines, bool answered) {
    std::int32_t version = 0;
    if (!absl::SimpleAtoi(lines.front().substr(kVersion.size()), &version)) {
      return absl::InvalidArgumentError("not readable: " + lines.front());
    }
    lines.erase(lines.begin());
    return Define(lines, version, answered);
  }

  // With dashes below it, a definition is told whether it is taken.
  absl::Status Define(const Paragraph& lines, std::int32_t version, bool answered) {
    begun_ = true;
    absl::StatusOr<ScenarioDefinition> definition = ReadDefinition(lines, folder_);
    if (answered && absl::IsFailedPrecondition(definition.status())) {
      Answer(absl::StrCat("refused\n", definition.status().message(), "\n"));
      return absl::OkStatus();
    }
    if (!definition.ok()) return definition.status();
    if (answered) Answer("accepted\n");
    if (version != 1) definition->definition.version = definition->definition.id = version;
    if (world_.has_value()) {
      world_->Register(*std::move(definition));
    } else {
      source_ = definition->source;
      world_.emplace(*std::move(definition));
    }
    return absl::OkStatus();
  }

  const std::string& folder_;
  bool begun_ = false;  // a definition was read
  std::optional<ScenarioWorld> world_;
  std::string source_;  // of the first definition
  std::string text_;
};

}  // namespace

absl::StatusOr<ScenarioResult> RunScenario(std::string_view text, const std::string& folder) {
  ScenarioRun run(folder);
  for (const Paragraph& paragraph : ParagraphsOf(text)) {
    const absl::Status read = run.Read(paragraph);
    if (!read.ok()) return read;
  }
  return std::move(run).Finish();
}

}  // namespace skald::scenarios
