#include "engine/codec/events_json.h"

#include <array>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/codec/event_fields.h"
#include "engine/core/json_check.h"
#include "engine/core/limits.h"

namespace skald::codec {
namespace {

constexpr std::size_t kBytesPerEventGuess = 256;

void AppendBody(std::string& out, const core::EventBody& body, ApartSink* apart,
                const core::MaskedFields* masked = nullptr) {
  std::visit(
      [&](const auto& event) {
        FieldWriter writer(out, apart, masked);
        VisitFields(writer, event);
      },
      body);
}

void AppendEvent(std::string& out, const core::Event& event, core::TimeUs row_at,
                 ApartSink* apart) {
  out.append("{\"type\":\"");
  out.append(core::Name(event.body));
  out.push_back('"');
  if (event.at != row_at) {
    out.append(",\"at\":");
    core::AppendJsonInteger(out, event.at);
  }
  AppendBody(out, event.body, apart);
  out.push_back('}');
}

std::string Encode(std::span<const core::Event> events, ApartSink* apart) {
  std::string out;
  out.reserve(events.size() * kBytesPerEventGuess);
  out.push_back('[');
  for (const core::Event& event : events) {
    if (out.size() > 1) out.push_back(',');
    AppendEvent(out, event, events.front().at, apart);
  }
  out.push_back(']');
  return out;
}

template <std::size_t kIndex>
absl::Status ReadBody(FieldReader& reader, core::EventBody& body) {
  VisitFields(reader, body.emplace<kIndex>());
  return reader.status();
}

// Finds the alternative by its name, trying each from kIndex on.
template <std::size_t kIndex = 0>
absl::Status ReadNamed(std::string_view name, FieldReader& reader, core::EventBody& body) {
  if constexpr (kIndex == std::variant_size_v<core::EventBody>) {
    return absl::InvalidArgumentError(
        absl::StrCat("unknown event type '", std::string(name.substr(0, 60)), "'"));
  } else {
    static const std::string_view kName = core::Name(core::EventBody(std::in_place_index<kIndex>));
    if (name == kName) return ReadBody<kIndex>(reader, body);
    return ReadNamed<kIndex + 1>(name, reader, body);
  }
}

absl::StatusOr<core::Event> ReadEvent(std::string_view object, core::EventSeq seq, core::TimeUs at,
                                      const ports::Payloads& apart) {
  if (core::KindOf(object) != core::JsonKind::kObject) {
    return absl::InvalidArgumentError("not an object");
  }
  FieldReader reader(object, apart);
  std::string name;
  reader.Field("type", name);
  RETURN_IF_ERROR(reader.status());
  core::Event event{.seq = seq, .at = at};
  reader.Field("at", event.at, at);
  RETURN_IF_ERROR(ReadNamed(name, reader, event.body));
  return event;
}

}  // namespace

std::string EncodeEvents(std::span<const core::Event> events) { return Encode(events, nullptr); }

Apart EncodeEventsApart(std::span<const core::Event> events, std::size_t bytes_min) {
  ApartSink sink{.bytes_min = bytes_min, .payloads = {}};
  std::string text = Encode(events, &sink);
  return {std::move(text), std::move(sink.payloads)};
}

absl::StatusOr<std::vector<core::Event>> DecodeEvents(core::EventSeq first_seq, core::TimeUs at,
                                                      std::string_view text,
                                                      const ports::Payloads& apart) {
  const core::JsonFault fault = core::CheckJson(text, core::kJsonDepthCeiling);
  if (!fault.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("stored events: ", core::DescribeFault(text, fault)));
  }
  const std::string_view list = core::TrimJson(text);
  if (core::KindOf(list) != core::JsonKind::kArray) {
    return absl::InvalidArgumentError("stored events: not a list");
  }
  std::vector<core::Event> events;
  for (core::JsonWalk walk(list); walk.Next(); ++first_seq) {
    absl::StatusOr<core::Event> event = ReadEvent(walk.value(), first_seq, at, apart);
    if (!event.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("stored event ", first_seq, ": ", std::string(event.status().message())));
    }
    events.push_back(*std::move(event));
  }
  return events;
}

std::string EventJson(const core::Event& event, const core::MaskedFields& masked) {
  std::string out = "{\"seq\":";
  core::AppendJsonUnsigned(out, event.seq);
  out.append(",\"at\":");
  core::AppendJsonInteger(out, event.at);
  out.append(",\"type\":\"");
  out.append(core::Name(event.body));
  out.push_back('"');
  AppendBody(out, event.body, nullptr, masked.empty() ? nullptr : &masked);
  out.push_back('}');
  return out;
}

}  // namespace skald::codec
