// Fuzzer of egress rules: a rule, a line feed, and an address. A rule that is one refuses an
// address when denied that it fits when allowed, in whichever form the address comes.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/check.h"
#include "engine/base/egress_policy.h"

namespace skald {
namespace {

void Run(std::string_view text) {
  const std::size_t split = text.find('\n');
  const std::string rule(text.substr(0, split));
  const std::string_view rest =
      split == std::string_view::npos ? std::string_view("10.0.0.1") : text.substr(split + 1);
  const auto allowed = base::EgressPolicy::Parse({.allow = {rule}, .deny = {}});
  const auto denied = base::EgressPolicy::Parse({.allow = {}, .deny = {rule}});
  CHECK(allowed.ok() == denied.ok());
  const std::optional<base::IpAddress> address = base::IpAddress::Parse(rest);
  if (!allowed.ok() || !address.has_value()) return;
  CHECK(base::IpAddress::Parse(address->ToString()) == address);
  for (const std::uint16_t port : {80, 443, 65535}) {
    const bool fits = allowed->CheckConnection("name.example.com", *address, port).ok();
    CHECK(!fits || !denied->CheckConnection("name.example.com", *address, port).ok());
    CHECK(!fits || allowed->CheckHost("name.example.com", port).ok());
  }
}

}  // namespace
}  // namespace skald

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  skald::Run({reinterpret_cast<const char*>(data), size});
  return 0;
}
