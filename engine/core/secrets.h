// Secrets: what `${workflow.secrets.NAME}` becomes when a task is handed to a worker or runner, and
// not before (conductor.md 3.13). Events, state and rows hold the reference, never the value.
//
// A payload may hold texts that only look like references: data of users, or `$${…}` of an author.
// So genuine ones are not searched for but known: the template that made the payload says in which
// strings it put which references, and in what order (Template::secrets). A string is substituted
// only when the references in it are exactly those; where a value brought in one more, nothing in
// that string is, so that no data can get hold of a secret. A reference that was carried on as data
// (`${charge.input.token}`, the input of a sub-workflow) is data.
//
// What comes back may hold a value that went out: a service that echoes its request, an error text
// with the address in it, a script that returns its input. It is hidden there before it becomes an
// event (HideSecrets).
//
// Pure, thread-safe.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/payload.h"
#include "engine/core/template.h"

namespace skald::core {

// The secret of that name; nothing when there is none.
using SecretLookup = std::function<std::optional<std::string>(std::string_view name)>;

struct Substituted {
  Payload payload;
  std::vector<std::string> missing;   // references without a value: null, in a longer text ""
  std::vector<std::string> withheld;  // places where a value looked like a reference, too
  std::vector<std::string> values;    // texts that were put in, of kSecretBytesHiddenMin at least
};

// `payload`: what `source` evaluated to, with members added at most. `below`: the member of it that
// holds that value; empty = the payload itself. `${workflow.secrets.NAME.path}` reads into a secret
// that is a JSON document.
Substituted SubstituteSecrets(const Payload& payload, const Template& source,
                              std::string_view below, const SecretLookup& lookup);

// The text with "***" wherever one of the values stands in it.
std::string HideSecrets(std::string_view text, const std::vector<std::string>& values);
// The same in every text of the JSON, keys too, however it is escaped.
Payload HideSecrets(const Payload& payload, const std::vector<std::string>& values);

}  // namespace skald::core
