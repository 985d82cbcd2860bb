#include "tests/tidy/shape.h"

#include <algorithm>
#include <cctype>

#include "fmt/format.h"

namespace skald::tidy {
namespace {

enum class Block { kScope, kFunction, kOther };

bool IsSpace(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }

bool StartsWithWord(std::string_view text, std::string_view word) {
  return text.starts_with(word) &&
         (text.size() == word.size() || !IsIdentifierCharacter(text[word.size()]));
}

// "template <…>" and access specifiers stand before what a head is about.
std::string_view WithoutPreamble(std::string_view head) {
  for (const std::string_view access : {"public:", "private:", "protected:"}) {
    if (head.starts_with(access)) return WithoutPreamble(Trim(head.substr(access.size())));
  }
  if (!StartsWithWord(head, "template")) return head;
  int depth = 0;
  for (size_t i = 0; i < head.size(); ++i) {
    if (head[i] == '<') ++depth;
    if (head[i] == '>' && --depth == 0) return WithoutPreamble(Trim(head.substr(i + 1)));
  }
  return head;
}

// What a brace in a namespace or a class opens, judged by what stands before it.
Block BlockAfter(std::string_view head) {
  head = WithoutPreamble(Trim(head));
  if (StartsWithWord(head, "namespace") || StartsWithWord(head, "inline namespace") ||
      StartsWithWord(head, "extern")) {
    return Block::kScope;
  }
  const bool has_arguments = head.find('(') != std::string_view::npos;
  for (const std::string_view word : {"class", "struct", "union"}) {
    if (StartsWithWord(head, word) && !head.ends_with(')')) return Block::kScope;
  }
  if (StartsWithWord(head, "enum") || !has_arguments) return Block::kOther;
  for (const std::string_view end : {"=", ",", "(", "return"}) {
    if (head.ends_with(end)) return Block::kOther;
  }
  return Block::kFunction;
}

std::string OnOneLine(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (!IsSpace(c)) {
      result += c;
    } else if (!result.empty() && result.back() != ' ') {
      result += ' ';
    }
  }
  return result;
}

// Directives hold braces and semicolons that are no structure.
std::string WithoutDirectives(std::string_view code) {
  std::string result(code);
  bool in_directive = false;
  size_t start = 0;
  for (const std::string_view line : Lines(code)) {
    in_directive = in_directive || Trim(line).starts_with('#');
    if (in_directive)
      std::fill_n(result.begin() + static_cast<std::ptrdiff_t>(start), line.size(), ' ');
    in_directive = in_directive && line.ends_with('\\');
    start += line.size() + 1;
  }
  return result;
}

class FunctionFinder {
 public:
  explicit FunctionFinder(const SourceFile& file)
      : file_(file), code_(WithoutDirectives(file.code)) {}

  std::vector<FunctionSpan> Run() && {
    for (at_ = 0; at_ < code_.size(); ++at_) {
      if (code_[at_] == '{') Open();
      if (code_[at_] == '}') Close();
      if (code_[at_] == ';' && !InFunction()) head_from_ = at_ + 1;
    }
    return std::move(functions_);
  }

 private:
  struct OpenBlock {
    Block block;
    size_t head_from;
    size_t brace;
  };

  bool InFunction() const { return depth_in_function_ > 0; }

  void Open() {
    if (InFunction()) {
      ++depth_in_function_;
      return;
    }
    const std::string_view head = std::string_view(code_).substr(head_from_, at_ - head_from_);
    // Inside an initializer or an enumeration nothing is a function.
    const bool in_other = !open_.empty() && open_.back().block == Block::kOther;
    const Block block = in_other ? Block::kOther : BlockAfter(head);
    open_.push_back({block, head_from_, at_});
    if (block == Block::kFunction) depth_in_function_ = 1;
    head_from_ = at_ + 1;
  }

  void Close() {
    if (InFunction() && --depth_in_function_ > 0) return;
    if (!open_.empty()) {
      if (open_.back().block == Block::kFunction) Add(open_.back());
      open_.pop_back();
    }
    head_from_ = at_ + 1;
  }

  void Add(const OpenBlock& open) {
    std::string_view head =
        std::string_view(code_).substr(open.head_from, open.brace - open.head_from);
    const std::string_view signature = WithoutPreamble(Trim(head));
    const auto first = static_cast<size_t>(signature.data() - code_.data());
    functions_.push_back({.head = OnOneLine(signature),
                          .first_line = file_.LineOf(first),
                          .last_line = file_.LineOf(at_)});
  }

  const SourceFile& file_;
  std::string code_;
  std::vector<OpenBlock> open_;
  std::vector<FunctionSpan> functions_;
  size_t at_ = 0;
  size_t head_from_ = 0;
  int depth_in_function_ = 0;
};

// Bytes that continue a UTF-8 character take no column.
size_t Columns(std::string_view line) {
  return static_cast<size_t>(std::count_if(line.begin(), line.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

}  // namespace

std::vector<FunctionSpan> FunctionsOf(const SourceFile& file) { return FunctionFinder(file).Run(); }

Findings CheckFileLength(const SourceFile& file) {
  const size_t lines = Lines(file.text).size();
  if (lines <= kFileLinesMax) return {};
  return {{file.path, 0,
           fmt::format("has {} lines, {} are allowed: split it by family, a thing per file", lines,
                       kFileLinesMax)}};
}

Findings CheckFunctionLength(const SourceFile& file) {
  Findings findings;
  if (!file.IsCpp()) return findings;
  for (const FunctionSpan& function : FunctionsOf(file)) {
    if (function.Lines() <= kFunctionLinesMax) continue;
    findings.push_back({file.path, function.first_line,
                        fmt::format("{} has {} lines, {} are allowed: keep the branches here and "
                                    "move the work into helpers",
                                    function.head, function.Lines(), kFunctionLinesMax)});
  }
  return findings;
}

Findings CheckLineLength(const SourceFile& file) {
  Findings findings;
  size_t number = 0;
  for (const std::string_view line : Lines(file.text)) {
    ++number;
    // An include cannot be broken.
    if (Columns(line) <= kLineColumnsMax || line.starts_with("#include ")) continue;
    findings.push_back({file.path, number,
                        fmt::format("has {} columns, {} are allowed: run ./dev format, break text "
                                    "by hand",
                                    Columns(line), kLineColumnsMax)});
  }
  return findings;
}

}  // namespace skald::tidy
