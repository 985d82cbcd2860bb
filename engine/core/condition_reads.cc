#include "engine/core/condition_reads.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace skald::core {
namespace {

// Ways to reach `$` by other means than its name, or to hide a name.
constexpr std::array<std::string_view, 9> kHidingPlaces = {
    "\\", "`", "eval", "Function", "constructor", "this", "arguments", "with", "self"};
constexpr std::array<std::string_view, 3> kCounts = {"iteration", "loopIndex", "loopItem"};

bool IsNameCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// The member that is read at the beginning of `text`, as in `.name` and `['name']`; moves `text`
// behind it. Empty: something else stands there.
std::string_view TakeMember(std::string_view& text) {
  std::string_view name;
  if (text.starts_with('.')) {
    const auto end = std::find_if_not(text.begin() + 1, text.end(), IsNameCharacter);
    name = text.substr(1, static_cast<std::size_t>(end - text.begin()) - 1);
    text.remove_prefix(1 + name.size());
    // The name goes on in other letters.
    const bool goes_on = !text.empty() && (text[0] == '$' || (text[0] & 0x80) != 0);
    if (goes_on) return {};
  } else if (text.starts_with("['") || text.starts_with("[\"")) {
    const std::size_t end = text.find(text[1], 2);
    if (end == std::string_view::npos || !text.substr(end + 1).starts_with(']')) return {};
    name = text.substr(2, end - 2);
    text.remove_prefix(end + 2);
  }
  return name;
}

}  // namespace

bool ReadsOwnResults(std::string_view script, std::string_view reference) {
  for (const std::string_view place : kHidingPlaces) {
    if (script.find(place) != std::string_view::npos) return true;
  }
  std::size_t from = 0;
  for (std::size_t at = script.find('$'); at != std::string_view::npos;
       at = script.find('$', from)) {
    if (at > 0 && IsNameCharacter(script[at - 1])) return true;
    std::string_view rest = script.substr(at + 1);
    const std::string_view member = TakeMember(rest);
    if (member.empty()) return true;
    if (member == reference) {
      const std::string_view part = TakeMember(rest);
      if (std::find(kCounts.begin(), kCounts.end(), part) == kCounts.end()) return true;
    }
    from = script.size() - rest.size();
  }
  return false;
}

}  // namespace skald::core
