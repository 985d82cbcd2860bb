#include "engine/core/json_path.h"

#include <algorithm>
#include <utility>

#include "engine/core/json_check.h"
#include "engine/core/json_path_program.h"
#include "engine/core/json_path_run.h"
#include "engine/core/json_scan.h"
#include "engine/core/json_write.h"
#include "engine/core/limits.h"

namespace skald::core {
namespace {

using Kind = PathToken::Kind;

std::optional<std::string_view> Element(std::string_view json, const PathToken& token) {
  if (token.kind == Kind::kName) return FindMember(json, token.names.front());
  return FindElement(json, token.indexes.front());
}

// Names and single elements only: nothing is collected.
std::optional<std::string_view> Descend(const PathProgram& program, std::size_t from,
                                        std::string_view json, PathWork& work) {
  for (std::size_t i = from; i < program.tokens.size(); ++i) {
    if (!work.Spend(json.size())) return std::nullopt;
    const auto inner = Element(json, program.tokens[i]);
    if (!inner.has_value()) return std::nullopt;
    json = *inner;
  }
  return json;
}

// Applies the tokens one after the other to everything that the ones before have found.
class Collector {
 public:
  Collector(const PathProgram& program, PathRun& run) : tokens_(program.tokens), run_(run) {}

  std::vector<std::string_view> Run(std::size_t from, std::string_view json) {
    Apply(from, json);
    return thrown_ ? std::vector<std::string_view>() : std::move(found_);
  }

 private:
  bool Spend(std::string_view json) {
    if (!run_.work().Spend(json.size())) stopped_ = true;
    return !stopped_;
  }

  void Apply(std::size_t at, std::string_view json) {
    if (stopped_) return;
    if (at == tokens_.size()) {
      if (Spend({})) found_.push_back(json);
      return;
    }
    if (Spend(json)) ApplyToken(at, json);
  }

  void ApplyToken(std::size_t at, std::string_view json) {
    const PathToken& token = tokens_[at];
    switch (token.kind) {
      case Kind::kName:
      case Kind::kIndex:
        if (const auto inner = Element(json, token)) Apply(at + 1, *inner);
        return;
      case Kind::kNames:
        return Names(at, json);
      case Kind::kIndexes:
        for (const std::int64_t index : token.indexes) At(index, at, json);
        return;
      case Kind::kSlice:
        return Slice(at, json);
      case Kind::kWildcard:
        if (!IsContainer(json)) return;
        for (JsonWalk walk(json); !stopped_ && walk.Next();) Apply(at + 1, walk.value());
        return;
      case Kind::kScan:
        return Scan(at + 1, json);
      case Kind::kFilter:
        return Filter(at, json);
      case Kind::kFunction:
        return Function(at, json);
    }
  }

  static bool IsContainer(std::string_view json) {
    return KindOf(json) == JsonKind::kObject || KindOf(json) == JsonKind::kArray;
  }

  void At(std::int64_t index, std::size_t at, std::string_view json) {
    if (!Spend(json)) return;
    if (const auto inner = FindElement(json, index)) Apply(at + 1, *inner);
  }

  // At the end of a path an object of those that are there; else each by itself.
  void Names(std::size_t at, std::string_view json) {
    if (KindOf(json) != JsonKind::kObject) return;
    const bool last = at + 1 == tokens_.size();
    std::string merged = "{";
    for (const std::string& name : tokens_[at].names) {
      if (!Spend(json)) return;
      const auto inner = FindMember(json, name);
      if (!inner.has_value()) continue;
      if (!last) {
        Apply(at + 1, *inner);
        continue;
      }
      if (merged.size() > 1) merged.push_back(',');
      AppendJsonString(merged, name);
      merged.append(":").append(*inner);
    }
    merged.push_back('}');
    if (last) Apply(at + 1, run_.work().Keep(std::move(merged)));
  }

  // [a:b] takes negative bounds as they are, [a:] and [:b] count them from the end, as Jayway does.
  void Slice(std::size_t at, std::string_view json) {
    if (KindOf(json) != JsonKind::kArray) return;
    std::vector<std::string_view> elements;
    for (JsonWalk walk(json); walk.Next();) elements.push_back(walk.value());
    const auto size = static_cast<std::int64_t>(elements.size());
    std::int64_t from = tokens_[at].from.value_or(0);
    std::int64_t to = tokens_[at].to.value_or(size);
    const bool between = tokens_[at].from.has_value() && tokens_[at].to.has_value();
    if (!between && from < 0) from = std::max<std::int64_t>(0, size + from);
    if (!between && to < 0) to = size + to;
    to = std::min(to, size);
    for (std::int64_t i = std::max(from, -size); i < to && !stopped_; ++i) {
      Apply(at + 1, elements[static_cast<std::size_t>(i < 0 ? size + i : i)]);
    }
  }

  void Filter(std::size_t at, std::string_view json) {
    if (KindOf(json) == JsonKind::kObject) {
      if (Accepted(at, json)) Apply(at + 1, json);
      return;
    }
    if (KindOf(json) != JsonKind::kArray) return;
    for (JsonWalk walk(json); !stopped_ && walk.Next();) {
      if (Accepted(at, walk.value())) Apply(at + 1, walk.value());
    }
  }

  bool Accepted(std::size_t at, std::string_view json) {
    if (!Spend({})) return false;
    const bool accepted = Accepts(*tokens_[at].filter, json, run_);
    if (run_.work().exhausted()) stopped_ = true;
    return accepted && !stopped_;
  }

  void Function(std::size_t at, std::string_view json) {
    const auto result = CallFunction(tokens_[at].function, json, run_.work());
    if (!result.has_value()) {
      stopped_ = thrown_ = true;
      return;
    }
    Apply(at + 1, *result);
  }

  // The token at `at`, here and everywhere below. Before the last token, an array that matches
  // hands every element to the token behind: so Jayway reads `..[0].x`.
  void Scan(std::size_t at, std::string_view json) {
    if (stopped_ || !IsContainer(json) || !Spend(json)) return;
    const bool array = KindOf(json) == JsonKind::kArray;
    if (at < tokens_.size() && Matches(at, json)) {
      if (!array || at + 1 == tokens_.size()) {
        ApplyToken(at, json);
      } else {
        for (JsonWalk walk(json); !stopped_ && walk.Next();) Apply(at + 1, walk.value());
      }
    }
    for (JsonWalk walk(json); !stopped_ && walk.Next();) Scan(at, walk.value());
  }

  bool Matches(std::size_t at, std::string_view json) {
    const bool array = KindOf(json) == JsonKind::kArray;
    switch (tokens_[at].kind) {
      case Kind::kName:
        return !array;
      case Kind::kNames:
        return !array && (at + 1 < tokens_.size() || HoldsAll(at, json));
      case Kind::kIndex:
      case Kind::kIndexes:
      case Kind::kSlice:
        return array;
      case Kind::kWildcard:
        return true;
      case Kind::kFilter:
        return Accepted(at, json);
      case Kind::kScan:
      case Kind::kFunction:
        return false;
    }
    return false;
  }

  bool HoldsAll(std::size_t at, std::string_view json) {
    const std::vector<std::string>& names = tokens_[at].names;
    return std::all_of(names.begin(), names.end(), [&](const std::string& name) {
      return Spend(json) && FindMember(json, name).has_value();
    });
  }

  const std::vector<PathToken>& tokens_;
  PathRun& run_;
  std::vector<std::string_view> found_;
  bool stopped_ = false;  // the work is used up, or a function refused its value
  bool thrown_ = false;
};

std::string_view ListOf(const std::vector<std::string_view>& values, PathWork& work) {
  std::size_t bytes = 2 + values.size();
  for (const std::string_view value : values) bytes += value.size();
  if (bytes > kPayloadBytesCeiling || !work.Spend(bytes)) {
    work.Exhaust();
    return "[]";
  }
  std::string list = "[";
  list.reserve(bytes);
  for (const std::string_view value : values) {
    if (list.size() > 1) list.push_back(',');
    list.append(value);
  }
  list.push_back(']');
  return work.Keep(std::move(list));
}

// `${workflow.env.NAME.path}`: the text of a variable is itself a document.
bool IsTextDocument(const PathProgram& program, std::size_t used, std::string_view json) {
  return used == 3 && program.tokens.size() > used && program.head[0] == "workflow" &&
         program.head[1] == "env" && KindOf(json) == JsonKind::kString;
}

}  // namespace

std::size_t FindStart(const PathProgram& program, const Scope& scope, PathWork& work,
                      std::string_view& json) {
  const std::size_t used = scope.Resolve(program.head, work.Scratch(), json);
  if (used == 0) return 0;
  json = TrimJson(json);
  if (!IsTextDocument(program, used, json)) return used;
  json = TrimJson(work.Keep(StringOf(json)));
  return CheckJson(json).ok() ? used : 0;
}

std::optional<std::string_view> PathRun::Find(const PathProgram& program, std::size_t from,
                                              std::string_view json) {
  if (program.simple) return Descend(program, from, json, work_);
  const std::vector<std::string_view> found = Collector(program, *this).Run(from, json);
  if (work_.exhausted()) return std::nullopt;
  if (!program.definite) return ListOf(found, work_);
  return found.empty() ? std::nullopt : std::optional(found.back());
}

std::optional<std::string_view> PathRun::AtRoot(const FilterOperand& operand) {
  if (scope_ == nullptr) return std::nullopt;
  if (at_root_.empty()) at_root_.resize(main_.root_operands.size());
  RootValue& root = at_root_[operand.number];
  if (root.known) return root.value;
  std::string_view json;
  const std::size_t used = FindStart(*operand.path, *scope_, work_, json);
  // Its own filters may ask for roots again, so the place is looked up anew.
  const auto value = used == 0 ? std::nullopt : Find(*operand.path, used, json);
  at_root_[operand.number] = {true, value};
  return value;
}

std::optional<std::string_view> JsonPath::Evaluate(const Scope& scope, PathWork& work) const {
  std::string_view json;
  const std::size_t used = FindStart(*program_, scope, work, json);
  if (used == 0) return program_->definite ? std::nullopt : std::optional<std::string_view>("[]");
  return PathRun(*program_, &scope, work).Find(*program_, used, json);
}

std::optional<std::string_view> JsonPath::EvaluateIn(std::string_view json, std::size_t skip,
                                                     PathWork& work) const {
  return PathRun(*program_, nullptr, work).Find(*program_, skip, TrimJson(json));
}

}  // namespace skald::core
