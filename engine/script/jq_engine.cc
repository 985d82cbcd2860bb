#include "engine/script/jq_engine.h"

#include <climits>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>

#include "engine/core/bound.h"
#include "engine/core/json_write.h"
#include "engine/script/jq_dialect.h"
#include "engine/script/js_text.h"
#include "fmt/format.h"

extern "C" {
#include <jq.h>
#include <jv.h>
}

namespace skald::script {
namespace {

// Stands before every program, on its first line. Directives of modules must stand first in a
// program, so they do not parse behind it.
constexpr std::string_view kPreamble =
    R"(def input: error("input is not available here");)"
    R"( def inputs: error("inputs is not available here");)"
    R"( def input_filename: error("input_filename is not available here");)"
    R"( def input_line_number: error("input_line_number is not available here");)"
    R"( def env: error("env is not available here");)"
    R"( def halt: error("halt is not available here");)"
    R"( def halt_error: error("halt_error is not available here");)"
    R"( def halt_error(code): error("halt_error is not available here");)"
    R"( def modulemeta: error("modulemeta is not available here");)"
    R"( def get_search_list: error("get_search_list is not available here");)"
    R"( def debug: .; def debug(message): .; def stderr: .; {} as $ENV | )";

// A value of libjq, freed once.
class Value {
 public:
  explicit Value(jv value) : value_(value) {}
  ~Value() { jv_free(value_); }
  Value(const Value&) = delete;
  Value& operator=(const Value&) = delete;

  // A reference of its own, for the functions of libjq, which take what they are given.
  jv Copy() const { return jv_copy(value_); }
  jv Peek() const { return value_; }

 private:
  jv value_;
};

// 2^63; the next smaller double is an int64.
constexpr double kIntegerEnd = 9223372036854775808.0;

void AppendNumber(std::string& out, double number) {
  if (std::isnan(number)) {
    out.append("null");
  } else if (number == std::trunc(number) && number >= -kIntegerEnd && number < kIntegerEnd) {
    core::AppendJsonInteger(out, static_cast<std::int64_t>(number));
  } else {
    const double largest = std::numeric_limits<double>::max();
    fmt::format_to(std::back_inserter(out), "{}", std::fmin(std::fmax(number, -largest), largest));
  }
}

// Writes JSON until a bound is met.
class Writer {
 public:
  explicit Writer(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  // "" or which bound was met, for people.
  const std::string& refusal() const { return refusal_; }
  std::string& out() { return out_; }

  void Write(jv value, std::size_t depth) {
    if (depth > kJsonDepthMax) {
      refusal_ = fmt::format("the result is nested deeper than {}",
                             core::FixedBound("kJsonDepthMax", kJsonDepthMax));
    } else if (out_.size() > bytes_max_) {
      refusal_ = fmt::format("the result has more bytes than {}",
                             core::FixedBound("kStepOutputBytesMax", bytes_max_));
    }
    if (!refusal_.empty()) return;
    switch (jv_get_kind(value)) {
      case JV_KIND_INVALID:
      case JV_KIND_NULL:
        out_.append("null");
        break;
      case JV_KIND_FALSE:
        out_.append("false");
        break;
      case JV_KIND_TRUE:
        out_.append("true");
        break;
      case JV_KIND_NUMBER:
        AppendNumber(out_, jv_number_value(value));
        break;
      case JV_KIND_STRING:
        WriteString(value);
        break;
      case JV_KIND_ARRAY:
        WriteArray(value, depth);
        break;
      case JV_KIND_OBJECT:
        WriteObject(value, depth);
        break;
    }
  }

 private:
  void WriteString(jv value) {
    const auto length = static_cast<std::size_t>(jv_string_length_bytes(jv_copy(value)));
    core::AppendJsonString(out_, {jv_string_value(value), length});
  }

  void WriteArray(jv value, std::size_t depth) {
    const int length = jv_array_length(jv_copy(value));
    out_.push_back('[');
    for (int i = 0; i < length && refusal_.empty(); ++i) {
      if (i > 0) out_.push_back(',');
      const Value element(jv_array_get(jv_copy(value), i));
      Write(element.Peek(), depth + 1);
    }
    out_.push_back(']');
  }

  void WriteObject(jv value, std::size_t depth) {
    out_.push_back('{');
    bool first = true;
    for (int at = jv_object_iter(value); jv_object_iter_valid(value, at) && refusal_.empty();
         at = jv_object_iter_next(value, at)) {
      if (!std::exchange(first, false)) out_.push_back(',');
      const Value key(jv_object_iter_key(value, at));
      WriteString(key.Peek());
      out_.push_back(':');
      const Value member(jv_object_iter_value(value, at));
      Write(member.Peek(), depth + 1);
    }
    out_.push_back('}');
  }

  std::size_t bytes_max_;
  std::string out_;
  std::string refusal_;
};

std::string TextOf(jv taken) {
  const Value value(jv_get_kind(taken) == JV_KIND_STRING ? taken : jv_dump_string(taken, 0));
  const auto length = static_cast<std::size_t>(jv_string_length_bytes(value.Copy()));
  return std::string(CutText({jv_string_value(value.Peek()), length}, kErrorBytesMax));
}

void AppendError(void* errors, jv message) {
  auto& text = *static_cast<std::string*>(errors);
  if (text.size() > kErrorBytesMax) {
    jv_free(message);
    return;
  }
  if (!text.empty()) text.append("; ");
  text.append(TextOf(jq_format_error(message)));
}

// libjq shows the program it could not compile; ours begins with the preamble.
std::string WithoutPreamble(std::string text) {
  const std::size_t at = text.find(kPreamble);
  if (at != std::string::npos) text.erase(at, kPreamble.size());
  return text;
}

}  // namespace

void JqEngine::Teardown::operator()(jq_state* state) const { jq_teardown(&state); }

JqEngine::JqEngine(OutOfMemory on_out_of_memory) : on_out_of_memory_(on_out_of_memory) {
  jv_nomem_handler(on_out_of_memory_, nullptr);
}

JqEngine::Program JqEngine::Compile(std::string_view source) {
  compile_errors_.clear();
  Program program(jq_init());
  if (program == nullptr) {
    compile_errors_ = "libjq does not start";
    return nullptr;
  }
  jq_set_nomem_handler(program.get(), on_out_of_memory_, nullptr);
  jq_set_error_cb(program.get(), AppendError, &compile_errors_);
  const std::string whole = fmt::format("{}{}", kPreamble, source);
  if (jq_compile(program.get(), whole.c_str()) == 0) return nullptr;
  return program;
}

Verdict JqEngine::Evaluate(const Request& request) {
  if (request.source.find('\0') != std::string_view::npos) {
    return {.outcome = Outcome::kScriptError, .text = "the program contains a zero byte"};
  }
  Program* program = programs_.Find(request.source);
  if (program == nullptr) {
    Program compiled = Compile(request.source);
    const std::string errors = compile_errors_;
    if (compiled == nullptr) compiled = Compile(ParenthesizeValues(request.source));
    if (compiled == nullptr) {
      return {.outcome = Outcome::kScriptError, .text = WithoutPreamble(errors)};
    }
    program = &programs_.Put(std::string(request.source), std::move(compiled));
  }
  jq_start(program->get(),
           jv_parse_sized(request.input.data(), static_cast<int>(request.input.size())), 0);
  Writer writer(request.output_bytes_max);
  writer.out().push_back('[');
  for (;;) {
    const Value result(jq_next(program->get()));
    if (jv_is_valid(result.Peek()) == 0) {
      if (jv_invalid_has_msg(result.Copy()) == 0) break;
      return {.outcome = Outcome::kScriptError, .text = TextOf(jv_invalid_get_msg(result.Copy()))};
    }
    if (writer.out().size() > 1) writer.out().push_back(',');
    writer.Write(result.Peek(), 1);
    if (!writer.refusal().empty()) {
      return {.outcome = Outcome::kOutputTooLarge, .text = writer.refusal()};
    }
  }
  writer.out().push_back(']');
  return {.outcome = Outcome::kValue, .text = std::move(writer.out())};
}

}  // namespace skald::script
