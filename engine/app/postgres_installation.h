// Finds PostgreSQL's server programs on this machine.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "absl/status/statusor.h"

namespace skald::app {

// The oldest major version that the engine runs on.
inline constexpr int kPostgresMajorMin = 15;

struct PostgresInstallation {
  int major = 0;
  std::filesystem::path bin_dir;  // holds initdb and postgres
};

struct PostgresSearch {
  // Debian's layout: <debian_root>/<major>/bin.
  std::filesystem::path debian_root = "/usr/lib/postgresql";
  // Folders separated by colons, looked through when the first place has nothing that fits.
  std::string path;
  // A cluster's files belong to one major version. Unset: the newest, at least kPostgresMajorMin.
  std::optional<int> major;
};

// UNAVAILABLE: nothing that fits is installed; the message names the package that brings it.
absl::StatusOr<PostgresInstallation> FindPostgres(const PostgresSearch& search);

}  // namespace skald::app
