#include "engine/core/mistake.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "engine/core/json_write.h"

namespace skald::core {
namespace {

bool IsPlainName(std::string_view key) {
  return !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-';
  });
}

}  // namespace

std::string JoinPath(const std::string& path, std::string_view key) {
  if (IsPlainName(key)) return absl::StrCat(path, path.empty() ? "" : ".", std::string(key));
  std::string joined = path;
  joined.push_back('[');
  AppendJsonString(joined, key.substr(0, kNameBytesMax));
  joined.push_back(']');
  return joined;
}

std::string JoinPath(const std::string& path, std::size_t index) {
  return absl::StrCat(path, "[", index, "]");
}

}  // namespace skald::core
