#include "tests/tidy/source_file.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "tests/support/paths.h"

namespace skald::tidy {
namespace {

namespace fs = std::filesystem;

// Blanks comments and the insides of literals, one construct at a time.
class Blanker {
 public:
  explicit Blanker(std::string_view text) : text_(text), code_(text) {}

  std::string Run() && {
    while (at_ < text_.size()) Step();
    return std::move(code_);
  }

 private:
  void Step() {
    if (text_.substr(at_, 2) == "//") return BlankTo(LineEnd());
    if (text_.substr(at_, 2) == "/*") return BlankTo(After("*/", at_ + 2));
    if (text_[at_] == '"') return IsRaw() ? SkipRaw() : SkipQuoted('"');
    if (text_[at_] == '\'' && !IsDigitSeparator()) return SkipQuoted('\'');
    ++at_;
  }

  // A comment may go on over an escaped line end; nobody here writes that.
  size_t LineEnd() const { return std::min(text_.find('\n', at_), text_.size()); }

  size_t After(std::string_view end, size_t from) const {
    const size_t found = text_.find(end, from);
    return found == std::string_view::npos ? text_.size() : found + end.size();
  }

  void BlankTo(size_t end) {
    for (; at_ < end; ++at_) {
      if (code_[at_] != '\n') code_[at_] = ' ';
    }
  }

  bool IsRaw() const {
    return at_ > 0 && text_[at_ - 1] == 'R' && (at_ < 2 || !IsIdentifierCharacter(text_[at_ - 2]));
  }

  bool IsDigitSeparator() const { return at_ > 0 && std::isxdigit(Byte(at_ - 1)) != 0; }

  int Byte(size_t at) const { return static_cast<unsigned char>(text_[at]); }

  void SkipRaw() {
    const size_t open = text_.find('(', at_);
    if (open == std::string_view::npos) return BlankTo(text_.size());
    const std::string end = ")" + std::string(text_.substr(at_ + 1, open - at_ - 1)) + "\"";
    ++at_;
    BlankTo(After(end, open) - 1);
    ++at_;
  }

  void SkipQuoted(char quote) {
    size_t end = at_ + 1;
    while (end < text_.size() && text_[end] != quote && text_[end] != '\n') {
      end += text_[end] == '\\' ? 2 : 1;
    }
    ++at_;
    BlankTo(std::min(end, text_.size()));
    ++at_;
  }

  std::string_view text_;
  std::string code_;
  size_t at_ = 0;
};

bool IsRead(const fs::path& path) {
  const std::string extension = path.extension();
  return extension == ".h" || extension == ".cc" || extension == ".proto" || extension == ".sql";
}

}  // namespace

size_t SourceFile::LineOf(size_t offset) const {
  const auto end = text.begin() + static_cast<std::ptrdiff_t>(std::min(offset, text.size()));
  return 1 + static_cast<size_t>(std::count(text.begin(), end, '\n'));
}

std::ostream& operator<<(std::ostream& out, const Finding& finding) {
  return out << finding.path << ":" << finding.line << ": " << finding.message;
}

SourceFile MakeSourceFile(std::string path, std::string text) {
  SourceFile file = {.path = std::move(path), .text = std::move(text), .code = ""};
  // SQL has other comments and quotes; its rules read the text.
  file.code = file.path.ends_with(".sql") ? file.text : Blanker(file.text).Run();
  return file;
}

std::vector<SourceFile> ReadTree(const fs::path& root) {
  std::vector<SourceFile> files;
  for (const char* folder : {"engine", "workers", "tests", "proto", "migrations"}) {
    if (!fs::exists(root / folder)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      if (!entry.is_regular_file() || !IsRead(entry.path())) continue;
      files.push_back(MakeSourceFile(entry.path().lexically_relative(root),
                                     testing::ReadFileOrDie(entry.path())));
    }
  }
  std::sort(files.begin(), files.end(),
            [](const SourceFile& a, const SourceFile& b) { return a.path < b.path; });
  return files;
}

std::vector<std::string_view> Lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    lines.push_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return lines;
}

bool IsIdentifierCharacter(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

std::vector<size_t> FindWord(std::string_view code, std::string_view word) {
  std::vector<size_t> found;
  for (size_t at = code.find(word); at != std::string_view::npos; at = code.find(word, at + 1)) {
    const std::string_view rest = code.substr(at + word.size());
    const bool begins = at == 0 || !IsIdentifierCharacter(code[at - 1]);
    const bool ends =
        rest.empty() || !IsIdentifierCharacter(word.back()) || !IsIdentifierCharacter(rest[0]);
    if (begins && ends) found.push_back(at);
  }
  return found;
}

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n\v\f";
  const size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

}  // namespace skald::tidy
