#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include "engine/base/status.h"
#include "engine/core/bound.h"
#include "engine/grpc_call/limits.h"
#include "engine/grpc_call/reflection.h"
#include "fmt/format.h"

namespace skald::grpc_call {
namespace {

namespace pb = google::protobuf;
using Wire = pb::internal::WireFormatLite;

// Fields of grpc.reflection.v1.ServerReflectionRequest and ServerReflectionResponse.
constexpr int kFileByFilename = 3;
constexpr int kFileContainingSymbol = 4;
constexpr int kFileDescriptorResponse = 4;
constexpr int kErrorResponse = 7;
constexpr int kFileDescriptorProto = 1;  // of FileDescriptorResponse
constexpr int kErrorCode = 1;            // of ErrorResponse
constexpr int kErrorMessage = 2;

std::string StringField(int field, std::string_view value) {
  std::string bytes;
  {
    pb::io::StringOutputStream stream(&bytes);
    pb::io::CodedOutputStream out(&stream);
    Wire::WriteString(field, std::string(value), &out);
  }
  return bytes;
}

// Calls `take(field, text)` for fields with a length and `number(field, value)` for numbers.
template <typename Take, typename Number>
absl::Status ForEachField(std::string_view bytes, Take take, Number number) {
  pb::io::CodedInputStream in(reinterpret_cast<const std::uint8_t*>(bytes.data()),
                              static_cast<int>(bytes.size()));
  while (const std::uint32_t tag = in.ReadTag()) {
    const int field = Wire::GetTagFieldNumber(tag);
    bool read = false;
    if (Wire::GetTagWireType(tag) == Wire::WIRETYPE_LENGTH_DELIMITED) {
      std::uint32_t size = 0;
      std::string text;
      read = in.ReadVarint32(&size) && size <= bytes.size() &&
             in.ReadString(&text, static_cast<int>(size));
      if (read) RETURN_IF_ERROR(take(field, text));
    } else if (Wire::GetTagWireType(tag) == Wire::WIRETYPE_VARINT) {
      std::uint64_t value = 0;
      read = in.ReadVarint64(&value);
      if (read) number(field, value);
    } else {
      read = Wire::SkipField(&in, tag);
    }
    if (!read) return absl::InvalidArgumentError("reflection: the server's answer is malformed");
  }
  if (in.ConsumedEntireMessage()) return absl::OkStatus();
  return absl::InvalidArgumentError("reflection: the server's answer is malformed");
}

absl::Status ReadError(std::string_view bytes) {
  std::uint64_t code = 0;
  std::string message;
  RETURN_IF_ERROR(ForEachField(
      bytes,
      [&](int field, const std::string& text) {
        if (field == kErrorMessage) message = text;
        return absl::OkStatus();
      },
      [&](int field, std::uint64_t value) {
        if (field == kErrorCode) code = value;
      }));
  return absl::NotFoundError(
      fmt::format("reflection: the server answers with code {}: {}", code, message));
}

absl::Status ReadFiles(std::string_view bytes, Files& files) {
  return ForEachField(
      bytes,
      [&](int field, const std::string& text) {
        if (field != kFileDescriptorProto) return absl::OkStatus();
        if (files.size() >= kTypeFilesMax) {
          return absl::ResourceExhaustedError(
              fmt::format("reflection: more files than {}",
                          core::FixedBound("kTypeFilesMax", kTypeFilesMax, kLimitsHeader)));
        }
        if (!files.emplace_back().ParseFromString(text)) {
          return absl::InvalidArgumentError("reflection: a file descriptor is malformed");
        }
        return absl::OkStatus();
      },
      [](int, std::uint64_t) {});
}

}  // namespace

std::string SymbolRequest(std::string_view symbol) {
  return StringField(kFileContainingSymbol, symbol);
}

std::string FileRequest(std::string_view name) { return StringField(kFileByFilename, name); }

absl::StatusOr<Files> ReadResponse(std::string_view bytes) {
  Files files;
  RETURN_IF_ERROR(ForEachField(
      bytes,
      [&](int field, const std::string& text) {
        if (field == kFileDescriptorResponse) return ReadFiles(text, files);
        if (field == kErrorResponse) return ReadError(text);
        return absl::OkStatus();
      },
      [](int, std::uint64_t) {}));
  if (files.empty()) return absl::NotFoundError("reflection: the server names no file");
  return files;
}

}  // namespace skald::grpc_call
