#include "tests/tidy/proto_comments.h"

#include <algorithm>
#include <array>

#include "fmt/format.h"

namespace skald::tidy {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

// "service S", "rpc Get(A) returns (B)", "string name = 1": all but what only the compiler reads.
bool IsDeclaration(std::string_view statement) {
  constexpr std::array<std::string_view, 5> kOthers = {"syntax", "package", "import", "option",
                                                       "reserved"};
  const std::string_view word = statement.substr(0, statement.find_first_of(" \t\r\n=("));
  return !word.empty() && std::find(kOthers.begin(), kOthers.end(), word) == kOthers.end();
}

// `begin`: of the statement, `end`: behind the ';' or '{' that closes it.
bool HasComment(const SourceFile& file, size_t begin, size_t end) {
  const std::string_view text = file.text;
  const std::string_view beside = text.substr(end, text.find('\n', end) - end);
  const std::string_view code = std::string_view(file.code).substr(end, beside.size());
  if (beside.find("//", code.find_last_not_of(kBlanks) + 1) != std::string_view::npos) return true;
  const size_t line = text.rfind('\n', begin);
  if (line == std::string_view::npos || !Trim(text.substr(line, begin - line)).empty())
    return false;
  const size_t above = line == 0 ? 0 : text.rfind('\n', line - 1) + 1;
  return Trim(text.substr(above, line - above)).starts_with("//");
}

}  // namespace

Findings CheckProtoComments(const SourceFile& file) {
  Findings findings;
  if (!file.IsUnder("proto/skald/") || !file.path.ends_with(".proto")) return findings;
  const std::string_view code = file.code;
  for (size_t at = code.find_first_not_of(kBlanks); at < code.size();) {
    if (code[at] == '}' || code[at] == ';') {
      at = code.find_first_not_of(kBlanks, at + 1);
      continue;
    }
    const size_t end = std::min(code.find_first_of(";{", at), code.size() - 1) + 1;
    const std::string_view statement = Trim(code.substr(at, end - 1 - at));
    if (IsDeclaration(statement) && !HasComment(file, at, end)) {
      findings.push_back(
          {file.path, file.LineOf(at),
           fmt::format("\"{}\" says nothing of itself: write above or beside it what "
                       "it means, its unit, its bound and its errors",
                       statement)});
    }
    at = code.find_first_not_of(kBlanks, end);
  }
  return findings;
}

}  // namespace skald::tidy
