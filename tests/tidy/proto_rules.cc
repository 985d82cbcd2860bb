#include "tests/tidy/proto_rules.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <optional>
#include <utility>

#include "fmt/format.h"

namespace skald::tidy {
namespace {

constexpr std::string_view kListPath = "tests/tidy/proto_fields.txt";

struct Token {
  std::string text;
  size_t offset = 0;
};

// Names (with dots), numbers and single punctuation characters.
std::vector<Token> TokensOf(const SourceFile& file) {
  std::vector<Token> tokens;
  const std::string& code = file.code;
  for (size_t at = 0; at < code.size();) {
    size_t end = at;
    while (end < code.size() && (IsIdentifierCharacter(code[end]) || code[end] == '.')) ++end;
    if (end == at) {
      if (code[at] > ' ') tokens.push_back({std::string(1, code[at]), at});
      ++at;
      continue;
    }
    tokens.push_back({code.substr(at, end - at), at});
    at = end;
  }
  return tokens;
}

std::optional<int> NumberOf(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

class ProtoReader {
 public:
  ProtoReader(const SourceFile& file, ProtoDescription& description)
      : file_(file), tokens_(TokensOf(file)), description_(description) {}

  void Run() {
    while (at_ < tokens_.size()) Step();
  }

 private:
  enum class Kind { kMessage, kEnum, kOneof, kOther };
  struct Open {
    Kind kind;
    std::string name;
    bool first_value = true;
  };

  const std::string& Text(size_t offset) const {
    static const std::string none;
    return at_ + offset < tokens_.size() ? tokens_[at_ + offset].text : none;
  }

  void Step() {
    if (Text(0) == "}") {
      if (!open_.empty()) open_.pop_back();
      ++at_;
    } else if (Text(0) == "package") {
      package_ = Text(1);
      SkipPast(";");
    } else if (Text(0) == "syntax" || Text(0) == "import" || Text(0) == "option") {
      SkipPast(";");
    } else {
      StepInBlock();
    }
  }

  void StepInBlock() {
    const bool opens = Text(2) == "{";
    if (opens && Text(0) == "message") return OpenBlock(Kind::kMessage);
    if (opens && Text(0) == "enum") return OpenBlock(Kind::kEnum);
    if (opens && Text(0) == "oneof") return OpenBlock(Kind::kOneof);
    if (Text(0) == "service" || open_.empty()) return SkipService();
    if (Text(0) == "reserved") return ReadReserved();
    return ReadEntry();
  }

  void OpenBlock(Kind kind) {
    // A oneof's fields are its message's.
    const bool named = kind != Kind::kOneof;
    const std::string outer = open_.empty() ? package_ : open_.back().name;
    open_.push_back({kind, named ? outer + "." + Text(1) : outer});
    at_ += 3;
  }

  // Services have no numbers: what protects them is that their names are in every client.
  void SkipService() {
    int depth = 0;
    for (; at_ < tokens_.size(); ++at_) {
      if (Text(0) == "{") ++depth;
      if (Text(0) == ";" && depth == 0) break;
      if (Text(0) == "}" && --depth <= 0) break;
    }
    ++at_;
  }

  void SkipPast(std::string_view text) {
    while (at_ < tokens_.size() && Text(0) != text) ++at_;
    ++at_;
  }

  // "reserved 2, 5 to 7;": names in quotes are blanks by now.
  void ReadReserved() {
    ++at_;
    std::optional<int> from;
    for (; at_ < tokens_.size() && Text(0) != ";"; ++at_) {
      const std::optional<int> number = NumberOf(Text(0));
      if (!number.has_value()) continue;
      const bool ends_range = at_ > 0 && tokens_[at_ - 1].text == "to";
      for (int i = ends_range ? *from + 1 : *number; i <= *number; ++i) {
        description_.reserved.emplace(open_.back().name, i);
      }
      from = number;
    }
    ++at_;
  }

  // "[repeated|optional] type name = number [options];" or "VALUE = number;". A type may be
  // map<key, value>.
  void ReadEntry() {
    const size_t start = at_;
    std::string type;
    while (at_ < tokens_.size() && Text(1) != "=") {
      if (Text(0) == ";" || Text(0) == "}") {
        at_ = std::max(at_, start + 1);
        return;
      }
      if (!type.empty() && IsIdentifierCharacter(type.back()) &&
          IsIdentifierCharacter(Text(0)[0])) {
        type += '_';
      }
      type += Text(0);
      ++at_;
    }
    const Token name = at_ < tokens_.size() ? tokens_[at_] : Token{};
    const int number = NumberOf(Text(2)).value_or(-1);
    const bool is_enum = open_.back().kind == Kind::kEnum;
    if (is_enum) CheckFirstValue(name, number);
    description_.entries[open_.back().name + "." + name.text] = {number, is_enum ? "enum" : type};
    SkipPast(";");
  }

  void CheckFirstValue(const Token& name, int number) {
    if (!std::exchange(open_.back().first_value, false)) return;
    if (name.text.ends_with("_UNSPECIFIED") && number == 0) return;
    description_.mistakes.push_back(
        {file_.path, file_.LineOf(name.offset),
         fmt::format("{} begins with {} = {}: begin every enum with ..._UNSPECIFIED = 0, so that "
                     "\"not set\" is no meaning",
                     open_.back().name, name.text, number)});
  }

  const SourceFile& file_;
  std::vector<Token> tokens_;
  ProtoDescription& description_;
  std::string package_;
  std::vector<Open> open_;
  size_t at_ = 0;
};

std::string OwnerOf(const std::string& name) { return name.substr(0, name.rfind('.')); }

bool IsReserved(const ProtoDescription& now, const std::string& name, int number) {
  const auto [from, to] = now.reserved.equal_range(OwnerOf(name));
  return std::any_of(from, to, [number](const auto& entry) { return entry.second == number; });
}

// Returns why the kept entry is no longer honoured, or "" if it is.
std::string Breach(const std::string& name, const ProtoEntry& kept, const ProtoDescription& now) {
  const auto found = now.entries.find(name);
  if (kept.type == "reserved" || found == now.entries.end()) {
    if (IsReserved(now, name, kept.number)) return "";
    return fmt::format(
        "{} = {} is gone: write \"reserved {};\" in its place, so that the number "
        "is never used again",
        name, kept.number, kept.number);
  }
  if (found->second == kept) return "";
  return fmt::format(
      "{} was given out as number {} of type {} and is now number {} of type {}: "
      "leave it as it was and add a new field",
      name, kept.number, kept.type, found->second.number, found->second.type);
}

Findings Breaches(const std::map<std::string, ProtoEntry>& kept, const ProtoDescription& now) {
  Findings findings;
  for (const auto& [name, entry] : kept) {
    std::string breach = Breach(name, entry, now);
    if (!breach.empty()) findings.push_back({std::string(kListPath), 0, std::move(breach)});
  }
  return findings;
}

}  // namespace

ProtoDescription Describe(const std::vector<SourceFile>& protos) {
  ProtoDescription description;
  for (const SourceFile& file : protos) ProtoReader(file, description).Run();
  return description;
}

std::string WriteList(const std::map<std::string, ProtoEntry>& entries) {
  std::string text;
  for (const auto& [name, entry] : entries) {
    fmt::format_to(std::back_inserter(text), "{} = {} {}\n", name, entry.number, entry.type);
  }
  return text;
}

std::map<std::string, ProtoEntry> ReadList(std::string_view text) {
  std::map<std::string, ProtoEntry> entries;
  for (const std::string_view line : Lines(text)) {
    const size_t equals = line.find(" = ");
    if (equals == std::string_view::npos) continue;
    const std::string_view rest = line.substr(equals + 3);
    const size_t space = std::min(rest.find(' '), rest.size());
    entries[std::string(line.substr(0, equals))] = {
        NumberOf(rest.substr(0, space)).value_or(-1),
        std::string(rest.substr(std::min(space + 1, rest.size())))};
  }
  return entries;
}

Findings CheckProtoFields(const std::map<std::string, ProtoEntry>& kept,
                          const ProtoDescription& now) {
  Findings findings = Breaches(kept, now);
  for (const auto& [name, entry] : now.entries) {
    if (kept.contains(name)) continue;
    findings.push_back({std::string(kListPath), 0,
                        fmt::format("{} = {} is not in the list: run the tidy test with "
                                    "SKALD_REWRITE=1",
                                    name, entry.number)});
  }
  return findings;
}

RewrittenList RewriteList(const std::map<std::string, ProtoEntry>& kept,
                          const ProtoDescription& now) {
  std::map<std::string, ProtoEntry> entries = now.entries;
  for (const auto& [name, entry] : kept) {
    if (!entries.contains(name)) entries[name] = {entry.number, "reserved"};
  }
  return {.text = WriteList(entries), .refusals = Breaches(kept, now)};
}

}  // namespace skald::tidy
