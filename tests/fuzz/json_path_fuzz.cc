// Fuzzer of JSONPath: a path, a line feed, and the document that its first name finds. What comes
// out is JSON, a list where the path is not definite; evaluation ends within its bounds.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/check.h"
#include "engine/core/json_check.h"
#include "engine/core/json_path.h"
#include "engine/core/json_scan.h"
#include "engine/core/limits.h"

namespace skald {
namespace {

// The same document under every name.
class OneDocument : public core::Scope {
 public:
  explicit OneDocument(std::string_view json) : json_(json) {}
  std::size_t Resolve(const std::vector<std::string>&, std::string&,
                      std::string_view& json) const override {
    if (json_.empty()) return 0;
    json = json_;
    return 1;
  }

 private:
  std::string_view json_;
};

void Run(std::string_view text) {
  const std::size_t split = text.find('\n');
  std::string_view document =
      split == std::string_view::npos ? std::string_view() : text.substr(split + 1);
  if (!core::CheckJson(document).ok()) document = {};
  const auto path = core::JsonPath::Parse(text.substr(0, split));
  if (!path.ok()) {
    CHECK(!path.status().message().empty());
    return;
  }
  CHECK(!path->head().empty());
  core::PathWork work(20'000);
  const auto value = path->Evaluate(OneDocument(document), work);
  if (work.exhausted()) return;
  CHECK(path->is_definite() || value.has_value());
  if (!value.has_value()) return;
  CHECK(core::CheckJson(*value, core::kJsonDepthCeiling).ok());
  CHECK(path->is_definite() || core::KindOf(*value) == core::JsonKind::kArray);
}

}  // namespace
}  // namespace skald

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  skald::Run({reinterpret_cast<const char*>(data), size});
  return 0;
}
