#include "engine/app/masked_address.h"

#include <algorithm>
#include <string_view>

#include "absl/strings/ascii.h"

namespace skald::app {
namespace {

constexpr std::string_view kScheme = "://";
constexpr std::string_view kBlanks = " \t\n\v\f\r";
constexpr std::string_view kKeyword = "password";  // and sslpassword

// Between user and host. libpq looks for them before the first '/'; of several '@' the last one
// counts here, so that nothing of a password is left, nor of one that holds a '/' by mistake.
void MaskUserInfo(std::string& address) {
  const std::size_t scheme = address.find(kScheme);
  if (scheme == std::string::npos) return;
  const std::size_t begin = scheme + kScheme.size();
  std::size_t at = address.rfind('@', address.find('/', begin));
  if (at == std::string::npos || at < begin) at = address.rfind('@', address.find('?', begin));
  const std::size_t colon = address.find(':', begin);
  if (at == std::string::npos || at < begin || colon >= at) return;
  address.replace(colon + 1, at - colon - 1, kMaskedPassword);
}

// Where the value that begins at `at` ends: in a URL before the next parameter; in a connection
// string behind its closing quote, or before a space that no backslash stands before.
std::size_t EndOfValue(const std::string& address, std::size_t at) {
  const bool is_url = address.find(kScheme) < at;
  if (is_url) return std::min(address.find('&', at), address.size());
  const bool quoted = at < address.size() && address[at] == '\'';
  for (std::size_t i = quoted ? at + 1 : at; i < address.size(); ++i) {
    if (quoted && address[i] == '\'') return i + 1;
    if (!quoted && absl::ascii_isspace(address[i])) return i;
    if (address[i] == '\\') ++i;
  }
  return address.size();
}

void MaskKeywords(std::string& address) {
  std::size_t from = 0;
  while (true) {
    const std::size_t found = address.find(kKeyword, from);
    if (found == std::string::npos) return;
    from = found + kKeyword.size();
    const std::size_t equals = address.find_first_not_of(kBlanks, from);
    if (equals == std::string::npos || address[equals] != '=') continue;
    const std::size_t value =
        std::min(address.find_first_not_of(kBlanks, equals + 1), address.size());
    address.replace(value, EndOfValue(address, value) - value, kMaskedPassword);
    from = value;
  }
}

}  // namespace

std::string MaskPassword(std::string address) {
  MaskUserInfo(address);
  MaskKeywords(address);
  return address;
}

}  // namespace skald::app
