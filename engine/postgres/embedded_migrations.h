// The migrations that this binary carries, oldest first, numbered from 1 without gaps.
//
// Immutable; thread-safe. The definition is made by embed_migrations.cmake.
#pragma once

#include <string_view>
#include <vector>

namespace skald::postgres {

struct Migration {
  int version = 0;
  std::string_view name;  // of the file, without ".sql"
  std::string_view sql;
};

const std::vector<Migration>& EmbeddedMigrations();

}  // namespace skald::postgres
