// JavaText: JSON as Java prints the maps and lists that hold it, which is how the reference's
// reasons show values: {a=1, b=[x, null]}. Pure.
#pragma once

#include <string>
#include <string_view>

namespace skald::core {

// REQUIRES: `json` has passed CheckJson.
std::string JavaText(std::string_view json);

}  // namespace skald::core
