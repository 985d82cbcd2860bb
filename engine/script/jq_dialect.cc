#include "engine/script/jq_dialect.h"

#include <cctype>
#include <vector>

namespace skald::script {
namespace {

bool IsJqNamePart(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

class Writer {
 public:
  explicit Writer(std::string_view program) : program_(program) {}

  std::string Write() {
    while (at_ < program_.size()) Step();
    return std::move(out_);
  }

 private:
  enum class Kind { kObject, kPattern, kOther, kInterpolation };
  struct Frame {
    Kind kind = Kind::kOther;
    bool in_value = false;  // of an object
  };

  char Peek() const { return program_[at_]; }
  void Copy() { out_.push_back(program_[at_++]); }

  void Step() {
    const char c = Peek();
    if (c == '"') {
      Copy();
      return String();
    }
    if (c == '#') return Comment();
    if (IsJqNamePart(c)) return Name();
    if (c == '{' || c == '(' || c == '[') return Open(c);
    if (c == '}' || c == ')' || c == ']') return Close();
    if (!frames_.empty() && frames_.back().kind == Kind::kObject) Separate(c);
    if (std::isspace(static_cast<unsigned char>(c)) == 0) after_as_ = false;
    Copy();
    if (opens_value_) out_.append(" (");
    opens_value_ = false;
  }

  // Up to the end of the string, or to an expression in it.
  void String() {
    after_as_ = false;
    while (at_ < program_.size()) {
      const char c = Peek();
      Copy();
      if (c == '"') return;
      if (c != '\\' || at_ == program_.size()) continue;
      const bool expression = Peek() == '(';
      Copy();
      if (!expression) continue;
      frames_.push_back({Kind::kInterpolation});
      return;
    }
  }

  void Comment() {
    while (at_ < program_.size() && Peek() != '\n') Copy();
  }

  void Name() {
    const std::size_t begin = at_;
    while (at_ < program_.size() && IsJqNamePart(Peek())) Copy();
    after_as_ = program_.substr(begin, at_ - begin) == "as";
  }

  void Open(char c) {
    const bool in_pattern = !frames_.empty() && frames_.back().kind == Kind::kPattern;
    const bool pattern = c != '(' && (after_as_ || in_pattern);
    const Kind kind = pattern ? Kind::kPattern : (c == '{' ? Kind::kObject : Kind::kOther);
    frames_.push_back({kind});
    after_as_ = false;
    Copy();
  }

  void Close() {
    Frame closed;
    if (!frames_.empty()) {
      closed = frames_.back();
      frames_.pop_back();
    }
    if (closed.in_value) out_.push_back(')');
    after_as_ = false;
    Copy();
    if (closed.kind == Kind::kInterpolation) String();
  }

  // In an object, between its keys and values.
  void Separate(char c) {
    Frame& object = frames_.back();
    if (c == ':' && !object.in_value) {
      object.in_value = opens_value_ = true;
    } else if (c == ',' && object.in_value) {
      object.in_value = false;
      out_.push_back(')');
    }
  }

  const std::string_view program_;
  std::size_t at_ = 0;
  std::string out_;
  std::vector<Frame> frames_;
  bool after_as_ = false;
  bool opens_value_ = false;
};

}  // namespace

std::string ParenthesizeValues(std::string_view program) { return Writer(program).Write(); }

}  // namespace skald::script
