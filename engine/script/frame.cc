#include "engine/script/frame.h"

#include "absl/status/status.h"
#include "engine/script/limits.h"
#include "fmt/format.h"

namespace skald::script {
namespace {

constexpr std::size_t kLengthBytes = 4;

template <typename Number>
void Put(std::string& out, Number number) {
  for (std::size_t i = 0; i < sizeof(Number); ++i) {
    out.push_back(static_cast<char>((static_cast<std::uint64_t>(number) >> (8 * i)) & 0xFF));
  }
}

// REQUIRES: at least sizeof(Number) bytes.
template <typename Number>
Number Peek(std::string_view bytes) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < sizeof(Number); ++i) {
    number |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  }
  return static_cast<Number>(number);
}

// Takes numbers off the front of a body; once it has failed it stays so.
class BodyReader {
 public:
  explicit BodyReader(std::string_view body) : rest_(body) {}

  template <typename Number>
  Number Take() {
    if (rest_.size() < sizeof(Number)) {
      failed_ = true;
      return 0;
    }
    const auto number = Peek<Number>(rest_);
    rest_.remove_prefix(sizeof(Number));
    return number;
  }

  std::string_view TakeText() {
    const std::size_t length = Take<std::uint32_t>();
    if (rest_.size() < length) {
      failed_ = true;
      return {};
    }
    const std::string_view text = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return text;
  }

  // Everything was there, and nothing is left.
  bool ended_well() const { return !failed_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool failed_ = false;
};

void PutText(std::string& out, std::string_view text) {
  Put(out, static_cast<std::uint32_t>(text.size()));
  out.append(text);
}

}  // namespace

std::string EncodeRequest(const Request& request) {
  std::string body;
  body.reserve(kLengthBytes + 32 + request.source.size() + request.input.size());
  const std::size_t length = 8 + 1 + 4 + 4 + 4 + request.source.size() + 4 + request.input.size();
  Put(body, static_cast<std::uint32_t>(length));
  Put(body, request.id);
  Put(body, static_cast<std::uint8_t>(request.language));
  Put(body, request.time_ms);
  Put(body, request.output_bytes_max);
  PutText(body, request.source);
  PutText(body, request.input);
  return body;
}

std::string EncodeReply(const Reply& reply) {
  std::string body;
  body.reserve(kLengthBytes + 16 + reply.verdict.text.size());
  Put(body, static_cast<std::uint32_t>(8 + 1 + 1 + 4 + reply.verdict.text.size()));
  Put(body, reply.id);
  Put(body, static_cast<std::uint8_t>(reply.verdict.outcome));
  Put(body, static_cast<std::uint8_t>(reply.last ? 1 : 0));
  PutText(body, reply.verdict.text);
  return body;
}

absl::StatusOr<Request> DecodeRequest(std::string_view body) {
  BodyReader reader(body);
  Request request;
  request.id = reader.Take<std::uint64_t>();
  const auto language = reader.Take<std::uint8_t>();
  request.time_ms = reader.Take<std::uint32_t>();
  request.output_bytes_max = reader.Take<std::uint32_t>();
  request.source = reader.TakeText();
  request.input = reader.TakeText();
  if (!reader.ended_well() || language > static_cast<std::uint8_t>(Language::kJq)) {
    return absl::InvalidArgumentError(fmt::format("malformed request of {} bytes", body.size()));
  }
  request.language = static_cast<Language>(language);
  return request;
}

absl::StatusOr<Reply> DecodeReply(std::string_view body) {
  BodyReader reader(body);
  Reply reply;
  reply.id = reader.Take<std::uint64_t>();
  const auto outcome = reader.Take<std::uint8_t>();
  const auto last = reader.Take<std::uint8_t>();
  reply.verdict.text = std::string(reader.TakeText());
  if (!reader.ended_well() || outcome > static_cast<std::uint8_t>(kLastSaid) || last > 1) {
    return absl::InvalidArgumentError(fmt::format("malformed reply of {} bytes", body.size()));
  }
  reply.verdict.outcome = static_cast<Outcome>(outcome);
  reply.last = last == 1;
  return reply;
}

absl::StatusOr<std::optional<std::string>> FrameDecoder::Next() {
  const std::string_view rest = std::string_view(buffer_).substr(at_);
  if (rest.size() >= kLengthBytes) {
    const std::size_t length = Peek<std::uint32_t>(rest);
    if (length > kFrameBytesMax) {
      return absl::InvalidArgumentError(
          fmt::format("frame of {} bytes; at most {} are allowed", length, kFrameBytesMax));
    }
    if (rest.size() >= kLengthBytes + length) {
      std::string body(rest.substr(kLengthBytes, length));
      at_ += kLengthBytes + length;
      return body;
    }
  }
  buffer_.erase(0, at_);
  at_ = 0;
  return std::nullopt;
}

}  // namespace skald::script
