// PageToken: where the next page of a list begins, as an opaque text.
//
// Pure; thread-safe. The text is hexadecimal, so that it fits into a URL, and begins with the kind
// of list: a token of another list is refused.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace skald::postgres {

// `keys` are what the last item of the page is sorted by.
std::string EncodePageToken(std::string_view kind, const std::vector<std::string>& keys);

// INVALID_ARGUMENT: not what EncodePageToken made of this kind and this many keys.
absl::StatusOr<std::vector<std::string>> DecodePageToken(std::string_view kind,
                                                         std::size_t key_count,
                                                         const std::string& token);

}  // namespace skald::postgres
