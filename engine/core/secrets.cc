#include "engine/core/secrets.h"

#include <algorithm>
#include <utility>

#include "engine/core/json_check.h"
#include "engine/core/json_scan.h"
#include "engine/core/json_write.h"
#include "engine/core/limits.h"
#include "engine/core/mistake.h"
#include "engine/core/template_program.h"

namespace skald::core {
namespace {

// A stretch of the payload and the JSON that takes its place.
struct Edit {
  std::string_view where;
  std::string json;
};

class Substitution {
 public:
  Substitution(const SecretLookup& lookup, Substituted& result)
      : lookup_(lookup), result_(result) {}

  void Place(const SecretPlace& place, std::string_view value) {
    for (const SecretPlace::Step& step : place.place) {
      const auto inner = step.index.has_value()
                             ? FindElement(value, static_cast<std::int64_t>(*step.index))
                             : FindMember(value, step.name);
      if (!inner.has_value()) return;
      value = *inner;
    }
    // A default of the task definition may stand there instead.
    if (KindOf(value) != JsonKind::kString) return;
    const std::string text = StringOf(value);
    if (place.whole) {
      if (text == place.marks.front().text) edits_.push_back({value, Value(place.marks.front())});
      return;
    }
    Text(place, value, text);
  }

  // The payload with all edits made.
  std::string Apply(std::string_view json) {
    std::sort(edits_.begin(), edits_.end(),
              [](const Edit& a, const Edit& b) { return a.where.data() < b.where.data(); });
    std::string out;
    const char* at = json.data();
    for (const Edit& edit : edits_) {
      if (edit.where.data() < at) continue;  // a key that stands there twice
      out.append(at, edit.where.data()).append(edit.json);
      at = edit.where.data() + edit.where.size();
    }
    return out.append(at, json.data() + json.size());
  }

  bool empty() const { return edits_.empty(); }

 private:
  void Text(const SecretPlace& place, std::string_view value, std::string_view text) {
    std::string out;
    std::size_t at = 0;
    for (const SecretPlace::Mark& mark : place.marks) {
      const std::size_t found = text.find(kSecretMark, at);
      if (found == std::string_view::npos || text.substr(found, mark.text.size()) != mark.text) {
        return Withhold(place);
      }
      out.append(text.substr(at, found - at));
      out.append(mark.path.has_value() ? TextOf(Value(mark)) : mark.text);
      at = found + mark.text.size();
    }
    if (text.find(kSecretMark, at) != std::string_view::npos) return Withhold(place);
    out.append(text.substr(at));
    std::string json;
    AppendJsonString(json, out);
    edits_.push_back({value, std::move(json)});
  }

  void Withhold(const SecretPlace& place) {
    std::string path;
    for (const SecretPlace::Step& step : place.place) {
      path = step.index.has_value() ? JoinPath(path, *step.index) : JoinPath(path, step.name);
    }
    result_.withheld.push_back(std::move(path));
  }

  static std::string TextOf(const std::string& json) {
    return KindOf(json) == JsonKind::kNull ? "" : TextForm(json);
  }

  // As JSON.
  std::string Value(const SecretPlace::Mark& mark) {
    const JsonPath& path = *mark.path;
    const std::optional<std::string> secret = lookup_(path.head()[2]);
    std::string json = "null";
    if (secret.has_value() && path.is_plain() && path.head().size() == 3) {
      json.clear();
      AppendJsonString(json, *secret);
    } else if (secret.has_value() && CheckJson(*secret).ok()) {
      PathWork work;
      json = path.EvaluateIn(*secret, 3, work).value_or("null");
    }
    if (json == "null") result_.missing.push_back(mark.text);
    Remember(json);
    return json;
  }

  // The texts in a value; as deep as CheckJson lets it be.
  void Remember(std::string_view json) {
    const JsonKind kind = KindOf(json);
    if (kind == JsonKind::kString) {
      std::string text = StringOf(json);
      if (text.size() >= kSecretBytesHiddenMin) result_.values.push_back(std::move(text));
    } else if (kind == JsonKind::kObject || kind == JsonKind::kArray) {
      for (JsonWalk walk(json); walk.Next();) Remember(walk.value());
    }
  }

  const SecretLookup& lookup_;
  Substituted& result_;
  std::vector<Edit> edits_;
};

constexpr std::string_view kHidden = "***";

// Where the next of the values begins, and which it is: of those that begin there the longest.
struct Found {
  std::size_t at = std::string_view::npos;
  std::size_t size = 0;
};

Found FindSecret(std::string_view text, std::size_t from, const std::vector<std::string>& values) {
  Found found;
  for (const std::string& value : values) {
    const std::size_t at = text.find(value, from);
    if (at > found.at || at == std::string_view::npos) continue;
    const bool longer = at < found.at || value.size() > found.size;
    if (longer) found = {at, value.size()};
  }
  return found;
}

bool HoldsSecret(std::string_view text, const std::vector<std::string>& values) {
  return FindSecret(text, 0, values).at != std::string_view::npos;
}

}  // namespace

std::string HideSecrets(std::string_view text, const std::vector<std::string>& values) {
  std::string out;
  std::size_t at = 0;
  for (Found found = FindSecret(text, at, values); found.at != std::string_view::npos;
       found = FindSecret(text, at, values)) {
    out.append(text.substr(at, found.at - at)).append(kHidden);
    at = found.at + found.size;
  }
  return out.append(text.substr(at));
}

Payload HideSecrets(const Payload& payload, const std::vector<std::string>& values) {
  if (values.empty()) return payload;
  const std::string_view json = payload.text();
  std::string out;
  std::size_t copied = 0;
  for (std::size_t at = json.find('"'); at < json.size(); at = json.find('"', at)) {
    const std::size_t end = SkipJsonValue(json, at);
    const std::string text = StringOf(json.substr(at, end - at));
    if (HoldsSecret(text, values)) {
      out.append(json.substr(copied, at - copied));
      AppendJsonString(out, HideSecrets(text, values));
      copied = end;
    }
    at = end;
  }
  if (copied == 0) return payload;
  return Payload(std::move(out.append(json.substr(copied))));
}

Substituted SubstituteSecrets(const Payload& payload, const Template& source,
                              std::string_view below, const SecretLookup& lookup) {
  Substituted result{.payload = payload, .missing = {}, .withheld = {}, .values = {}};
  if (source.secrets().empty() || payload.empty()) return result;
  std::string_view root = TrimJson(payload.text());
  if (!below.empty()) {
    const auto inner = FindMember(root, below);
    if (!inner.has_value()) return result;
    root = *inner;
  }
  Substitution substitution(lookup, result);
  for (const SecretPlace& place : source.secrets()) substitution.Place(place, root);
  if (!substitution.empty()) result.payload = Payload(substitution.Apply(payload.text()));
  return result;
}

}  // namespace skald::core
