// Fuzzer of templates: a template, a line feed, and the document that every path finds. What comes
// out is JSON, and evaluating in two goes gives the same value as in one; only what is kept for the
// second go and references to secrets are left after the first.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/check.h"
#include "engine/core/json_check.h"
#include "engine/core/limits.h"
#include "engine/core/template.h"
#include <boost/json.hpp>

namespace skald {
namespace {

// Finds the document under the first name, or the first two.
class OneDocument : public core::Scope {
 public:
  explicit OneDocument(std::string_view json) : json_(json) {}
  std::size_t Resolve(const std::vector<std::string>& path, std::string&,
                      std::string_view& json) const override {
    if (json_.empty()) return 0;
    json = json_;
    return path.size() > 1 && path[1].size() % 2 == 0 ? 2 : 1;
  }

 private:
  std::string_view json_;
};

bool SameValue(const std::string& a, const std::string& b) {
  boost::json::parse_options options;
  options.max_depth = core::kJsonDepthCeiling;
  boost::json::error_code error_a;
  boost::json::error_code error_b;
  const auto value_a = boost::json::parse(a, error_a, {}, options);
  const auto value_b = boost::json::parse(b, error_b, {}, options);
  return error_a.failed() == error_b.failed() && (error_a.failed() || value_a == value_b);
}

void Run(std::string_view text) {
  const std::size_t split = text.find('\n');
  const std::string_view json = text.substr(0, split);
  std::string_view document =
      split == std::string_view::npos ? std::string_view() : text.substr(split + 1);
  if (!core::CheckJson(document).ok()) document = {};
  const auto compiled = core::Template::Compile(json, "fuzz");
  if (!compiled.ok()) return;
  const OneDocument scope(document);
  const std::string once = compiled->Evaluate(scope);
  CHECK(core::CheckJson(once, core::kJsonDepthCeiling).ok());
  if (!compiled->TryEvaluate(scope).ok()) return;
  // A definition with such expressions is refused: `saga.…` stands by itself.
  for (const core::Template::Use& use : compiled->uses()) {
    const bool saga = use.path.empty() || use.path.front() == "saga";
    if (saga && (!use.plain || use.inner)) return;
  }
  const std::string kept = compiled->EvaluateExcept("saga", scope);
  // Two depths in one another may pass what a template may have.
  if (!core::CheckJson(kept).ok()) return;
  const auto rest = core::Template::Compile(kept, "fuzz");
  if (rest.status().message().find("more than") != absl::string_view::npos) return;
  CHECK(rest.ok());
  for (const core::Template::Use& use : rest->uses()) {
    CHECK(use.path.front() == "saga" || (use.path[0] == "workflow" && use.path[1] == "secrets"));
  }
  CHECK(SameValue(rest->Evaluate(scope), once));
}

}  // namespace
}  // namespace skald

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  skald::Run({reinterpret_cast<const char*>(data), size});
  return 0;
}
