#include "engine/app/config_file.h"

#include <filesystem>
#include <set>
#include <system_error>
#include <vector>

#include "engine/base/status.h"
#include "fmt/format.h"

namespace skald::app {
namespace {

// CLI11 cuts a value at '#' and leaves the quote before it open.
bool IsCut(const std::string& value) {
  return !value.empty() && (value.front() == '"' || value.front() == '\'');
}

// REQUIRES: called where CLI::Error is caught; a value that does not fit throws.
absl::Status Apply(CLI::App& command, const CLI::ConfigItem& item) {
  if (!item.parents.empty()) {
    return absl::InvalidArgumentError(fmt::format(
        "{}: sections are not used: write name=value, as --print-config does", item.fullname()));
  }
  CLI::Option* option = command.get_option_no_throw("--" + item.name);
  if (option == nullptr || !option->get_configurable()) {
    return absl::InvalidArgumentError(
        fmt::format("{}: `skald {}` has no such setting", item.name, command.get_name()));
  }
  for (const std::string& value : item.inputs) {
    if (!IsCut(value)) continue;
    return absl::InvalidArgumentError(fmt::format(
        "{}: the quote is not closed ('#' begins a comment, within quotes too)", item.name));
  }
  if (option->count() > 0) return absl::OkStatus();
  option->add_result(item.inputs);
  option->run_callback();
  return absl::OkStatus();
}

absl::Status ApplyAll(CLI::App& command, const std::vector<CLI::ConfigItem>& items) {
  std::set<std::string> seen;
  for (const CLI::ConfigItem& item : items) {
    RETURN_IF_ERROR(Apply(command, item));
    if (seen.insert(item.name).second) continue;
    return absl::InvalidArgumentError(item.name + ": given twice");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ReadConfigFile(CLI::App& command, const std::string& path) {
  std::error_code error;
  // Such a one would read as an empty file.
  if (std::filesystem::is_directory(path, error)) {
    return absl::InvalidArgumentError(path + ": is a folder; a file with settings expected");
  }
  try {
    const absl::Status status = ApplyAll(command, CLI::ConfigTOML().from_file(path));
    if (status.ok()) return status;
    return absl::InvalidArgumentError(fmt::format("{}: {}", path, std::string(status.message())));
  } catch (const CLI::FileError&) {
    return absl::InvalidArgumentError(path + ": cannot be read");
  } catch (const CLI::Error& mistake) {
    return absl::InvalidArgumentError(fmt::format("{}: {}", path, mistake.what()));
  }
}

}  // namespace skald::app
