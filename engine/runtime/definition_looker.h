// DefinitionLooker: what the parser of one definition has to know of others: task definitions by
// name, and of sub-workflows the newest version and whether they hold a pivot (saga.md V2).
//
// Single-threaded; blocks on the catalog. Lives for the parsing of one definition, and is outlived
// by the catalog. Each sub-workflow is looked at once, however often it is named, also by itself.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "engine/core/definition_parser.h"
#include "engine/ports/catalog.h"

namespace skald::runtime {

class DefinitionLooker {
 public:
  DefinitionLooker(ports::Catalog& catalog, std::string name_space)
      : catalog_(catalog), name_space_(std::move(name_space)) {}

  // Refer to this object.
  core::TaskDefinitionLookup Tasks();
  core::ChildLookup Children();

  // The definition with the stored schemas that it names in it (core/schema_definition.h).
  std::string WithSchemas(std::string_view definition);

  // Not OK: the catalog could not be asked, so that what was parsed means nothing.
  const absl::Status& failed() const { return failed_; }
  // The first name without a version that has no definition; empty = none.
  const std::string& missing() const { return missing_; }

 private:
  std::optional<core::ChildInfo> Look(const std::string& name, std::int32_t version);

  ports::Catalog& catalog_;
  const std::string name_space_;
  std::map<std::pair<std::string, std::int32_t>, std::optional<core::ChildInfo>> known_;
  absl::Status failed_;
  std::string missing_;
};

}  // namespace skald::runtime
