#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "engine/core/json_scan.h"
#include "engine/core/limits.h"
#include "engine/core/template_program.h"

namespace skald::core {
namespace {

bool IsNameCharacter(char c) {
  return static_cast<unsigned char>(c) > ' ' &&
         std::string_view(".[](){}'\"*?@,$").find(c) == std::string_view::npos;
}

class PathParser {
 public:
  PathParser(std::string_view text, std::string& message) : text_(text), message_(message) {}

  std::optional<std::vector<PathStep>> Run() {
    if (!Name()) return std::nullopt;
    while (at_ < text_.size()) {
      if (!Step()) return std::nullopt;
    }
    return std::move(steps_);
  }

 private:
  bool Fail(std::string message) {
    message_ = std::move(message);
    return false;
  }

  bool Step() {
    if (text_[at_] == '[') return Bracket();
    if (text_[at_] != '.') {
      return Fail(absl::StrCat("unexpected '", std::string(1, text_[at_]), "'"));
    }
    ++at_;
    if (text_.substr(at_, 1) == ".") return Fail("deep scans ('..') are not supported yet");
    return Name();
  }

  bool Name() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && IsNameCharacter(text_[at_])) ++at_;
    if (at_ == begin) return NoName();
    if (text_.substr(at_, 1) == "(") return Fail("functions are not supported yet");
    steps_.push_back({std::string(text_.substr(begin, at_ - begin)), std::nullopt});
    return true;
  }

  bool NoName() {
    if (at_ >= text_.size()) return Fail("ends where a name is expected");
    if (text_[at_] == '*') return Fail("wildcards are not supported yet");
    if (text_[at_] == '$') return Fail("expressions inside expressions are not supported yet");
    return Fail(
        absl::StrCat("unexpected '", std::string(1, text_[at_]), "' where a name is expected"));
  }

  bool Bracket() {
    ++at_;
    if (at_ >= text_.size()) return Fail("'[' is not closed");
    const char quote = text_[at_];
    if (quote == '\'' || quote == '"') return Quoted(quote);
    const std::size_t end = text_.find(']', at_);
    if (end == std::string_view::npos) return Fail("'[' is not closed");
    const std::string_view inside = text_.substr(at_, end - at_);
    const auto index = IntegerOf(inside);
    if (!index.has_value()) {
      return Fail(absl::StrCat("[", std::string(inside),
                               "]: only a name in quotes or a number is "
                               "supported in brackets yet"));
    }
    steps_.push_back({std::string(inside), index});
    at_ = end + 1;
    return true;
  }

  bool Quoted(char quote) {
    const std::size_t end = text_.find(quote, at_ + 1);
    if (end == std::string_view::npos || text_.substr(end + 1, 1) != "]") {
      return Fail("a quoted name in brackets is not closed");
    }
    steps_.push_back({std::string(text_.substr(at_ + 1, end - at_ - 1)), std::nullopt});
    at_ = end + 2;
    return true;
  }

  const std::string_view text_;
  std::string& message_;
  std::size_t at_ = 0;
  std::vector<PathStep> steps_;
};

}  // namespace

std::optional<std::vector<PathStep>> ParsePath(std::string_view text, std::string& message) {
  if (text.size() > kExpressionBytesMax) {
    message = absl::StrCat("longer than ", kExpressionBytesMax, " bytes");
    return std::nullopt;
  }
  return PathParser(text, message).Run();
}

}  // namespace skald::core
