#include "engine/script/graal_text.h"

#include <cctype>

#include "fmt/format.h"

namespace skald::script {
namespace {

bool IsNamePart(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '$';
}

std::string_view LineOf(std::string_view source, unsigned line) {
  std::size_t begin = 0;
  for (unsigned at = 1; at < line; ++at) {
    begin = source.find('\n', begin);
    if (begin == std::string_view::npos) return "";
    ++begin;
  }
  return source.substr(begin, source.find('\n', begin) - begin);
}

// The property that is read of what ends before `rest`: ".name", "['name']"; "" = none.
std::string_view PropertyIn(std::string_view rest) {
  std::size_t begin = 1;
  if (rest.starts_with('.')) {
    std::size_t end = begin;
    while (end < rest.size() && IsNamePart(rest[end])) ++end;
    return rest.substr(begin, end - begin);
  }
  if (!rest.starts_with("['") && !rest.starts_with("[\"")) return "";
  begin = 2;
  const std::size_t end = rest.find(rest[1], begin);
  return end == std::string_view::npos ? "" : rest.substr(begin, end - begin);
}

std::string_view PropertyReadOf(std::string_view expression, std::string_view line) {
  for (std::size_t at = line.find(expression); at != std::string_view::npos;
       at = line.find(expression, at + 1)) {
    if (at > 0 && (IsNamePart(line[at - 1]) || line[at - 1] == '.')) continue;
    const std::string_view name = PropertyIn(line.substr(at + expression.size()));
    if (!name.empty()) return name;
  }
  return "";
}

std::string Reworded(std::string_view message, std::string_view source, unsigned line) {
  constexpr std::string_view kKind = "TypeError: ";
  if (!message.starts_with(kKind)) return std::string(message);
  for (const std::string_view nothing : {"null", "undefined"}) {
    const std::string end = fmt::format(" is {}", nothing);
    if (!message.ends_with(end)) continue;
    const std::string_view expression =
        message.substr(kKind.size(), message.size() - kKind.size() - end.size());
    if (expression.empty()) break;
    const std::string_view name = PropertyReadOf(expression, LineOf(source, line));
    if (name.empty()) break;
    return fmt::format("{}Cannot read property '{}' of {}", kKind, name, nothing);
  }
  return std::string(message);
}

}  // namespace

std::string GraalText(std::string_view message, std::string_view source, unsigned line) {
  if (line == 0) return std::string(message);
  return fmt::format("Error evaluating the script `{}` at line {}", Reworded(message, source, line),
                     line);
}

}  // namespace skald::script
