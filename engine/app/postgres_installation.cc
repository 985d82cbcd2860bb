#include "engine/app/postgres_installation.h"

#include <unistd.h>

#include <charconv>
#include <chrono>
#include <string_view>
#include <system_error>

#include "absl/strings/str_split.h"
#include "engine/app/child_process.h"
#include "fmt/format.h"

namespace skald::app {
namespace {

constexpr std::chrono::milliseconds kVersionTimeout{10'000};

bool HoldsServer(const std::filesystem::path& bin_dir) {
  return access((bin_dir / "postgres").c_str(), X_OK) == 0 &&
         access((bin_dir / "initdb").c_str(), X_OK) == 0;
}

// Returns the number that `text` begins with, or 0.
int LeadingNumber(std::string_view text) {
  int number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

bool Fits(int major, const PostgresSearch& search) {
  return search.major.has_value() ? major == *search.major : major >= kPostgresMajorMin;
}

std::optional<PostgresInstallation> FindInDebianLayout(const PostgresSearch& search) {
  std::optional<PostgresInstallation> best;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(search.debian_root, error)) {
    const int major = LeadingNumber(entry.path().filename().string());
    if (!Fits(major, search) || !HoldsServer(entry.path() / "bin")) continue;
    if (!best.has_value() || major > best->major) best = {major, entry.path() / "bin"};
  }
  return best;
}

// "postgres (PostgreSQL) 15.20 (Debian …)" is major version 15.
int MajorOf(const std::filesystem::path& bin_dir) {
  const absl::StatusOr<CommandResult> answer =
      RunCommand({.command = {bin_dir / "postgres", "--version"}}, kVersionTimeout);
  if (!answer.ok() || answer->exit_code != 0) return 0;
  constexpr std::string_view kBefore = "(PostgreSQL) ";
  const size_t at = answer->output.find(kBefore);
  if (at == std::string::npos) return 0;
  return LeadingNumber(std::string_view(answer->output).substr(at + kBefore.size()));
}

std::optional<PostgresInstallation> FindInPath(const PostgresSearch& search) {
  const std::vector<std::string> folders = absl::StrSplit(search.path, ':', absl::SkipEmpty());
  for (const std::string& folder : folders) {
    if (!HoldsServer(folder)) continue;
    const int major = MajorOf(folder);
    if (Fits(major, search)) return PostgresInstallation{major, folder};
  }
  return std::nullopt;
}

}  // namespace

absl::StatusOr<PostgresInstallation> FindPostgres(const PostgresSearch& search) {
  std::optional<PostgresInstallation> found = FindInDebianLayout(search);
  if (!found.has_value()) found = FindInPath(search);
  if (found.has_value()) return *std::move(found);
  const int wanted = search.major.value_or(kPostgresMajorMin);
  return absl::UnavailableError(fmt::format(
      "PostgreSQL {}{} is not installed (looked in {}/*/bin and PATH); on Debian: "
      "apt-get install postgresql-{}",
      wanted, search.major.has_value() ? "" : " or later", search.debian_root.string(), wanted));
}

}  // namespace skald::app
