#include "engine/core/bound.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace skald::core {
namespace {

std::string Named(std::string_view name, std::uint64_t value, std::string_view way) {
  return absl::StrCat(std::string(name), " (", value, "; ", std::string(way), ")");
}

}  // namespace

std::string FixedBound(std::string_view name, std::uint64_t value, std::string_view file) {
  return Named(name, value, "fixed in " + std::string(file));
}

std::string SettingBound(std::string_view name, std::uint64_t value) {
  return Named(name, value, "raised by " + OptionOf(name));
}

std::string OptionOf(std::string_view setting) {
  std::string option = "--" + std::string(setting);
  std::replace(option.begin(), option.end(), '_', '-');
  return option;
}

}  // namespace skald::core
