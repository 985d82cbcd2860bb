// Pinned forms: a definition with every task definition that it uses, in one JSON body, so that a
// workflow keeps what it began with.
//
// Pure functions; thread-safe. The body is canonical: same sources, same bytes, which is how the
// store keeps each content once. Format, fields only ever added:
//   {"namespace":"default","workflow":{…as registered…},
//    "taskDefinitions":{"charge_card":{…as registered…},…},
//    "unknownDefault":"PARK",                      the server's, where it has one
//    "subWorkflows":{"ship":{"version":3,"pivot":true},…}}
// Names are sorted; only registered ones appear. `subWorkflows`, when there are any: by what a step
// says ("ship", "ship/2"), the version that it stands for and whether it is known to hold a pivot.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/core/definition.h"
#include "engine/core/definition_parser.h"

namespace skald::codec {

struct Pinned {
  std::string body;
  core::Definition definition;  // id 0: the store gives one to the body
};

// Parses `workflow_json` with what `lookup` finds and puts both into one body.
// INVALID_ARGUMENT with every mistake; RESOURCE_EXHAUSTED when the body passes kPinnedBytesMax.
absl::StatusOr<Pinned> PinDefinition(std::string_view workflow_json,
                                     const core::TaskDefinitionLookup& lookup,
                                     const core::ParseOptions& options);
// The mistakes for which PinDefinition refused; none for any other status.
std::vector<core::Mistake> MistakesOf(const absl::Status& refused);

// The definition of a body that PinDefinition made, also an earlier release's. `id` is the store's;
// `environment` as in ParseOptions. INVALID_ARGUMENT: anything else.
absl::StatusOr<core::Definition> DecodePinned(
    std::string_view body, std::int64_t id,
    std::shared_ptr<const core::Environment> environment = nullptr);

}  // namespace skald::codec
