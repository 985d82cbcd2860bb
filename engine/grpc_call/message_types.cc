#include "engine/grpc_call/message_types.h"

#include <google/protobuf/util/json_util.h>

#include <map>
#include <set>
#include <utility>

#include "absl/strings/escaping.h"
#include "engine/base/status.h"
#include "engine/core/bound.h"
#include "engine/grpc_call/limits.h"
#include "fmt/format.h"

namespace skald::grpc_call {
namespace {

namespace pb = google::protobuf;

// What protobuf finds wrong, the first few of it.
class Errors : public pb::DescriptorPool::ErrorCollector {
 public:
  void AddError(const std::string& file, const std::string& element, const pb::Message*,
                ErrorLocation, const std::string& message) override {
    constexpr std::size_t kTextBytesMax = 500;
    if (text_.size() < kTextBytesMax) text_ += fmt::format(" {}: {}: {};", file, element, message);
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

absl::Status BuildFile(pb::DescriptorPool& pool, const pb::FileDescriptorProto& file) {
  Errors errors;
  if (pool.BuildFileCollectingErrors(file, &errors) != nullptr) return absl::OkStatus();
  return absl::InvalidArgumentError(fmt::format("descriptors:{}", errors.text()));
}

// Builds the files so that imports come first.
absl::Status BuildAll(pb::DescriptorPool& pool,
                      const std::map<std::string, const pb::FileDescriptorProto*>& files) {
  std::set<std::string> built;
  while (built.size() < files.size()) {
    const std::size_t before = built.size();
    for (const auto& [name, file] : files) {
      if (built.contains(name)) continue;
      bool ready = true;
      for (const std::string& import : file->dependency()) ready = ready && built.contains(import);
      if (!ready) continue;
      RETURN_IF_ERROR(BuildFile(pool, *file));
      built.insert(name);
    }
    if (built.size() == before) {
      return absl::InvalidArgumentError("descriptors: files import one another in a circle");
    }
  }
  return absl::OkStatus();
}

pb::StringPiece Piece(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

std::vector<std::string> MissingImports(std::vector<pb::FileDescriptorProto>& files) {
  std::set<std::string> known;
  for (const pb::FileDescriptorProto& file : files) known.insert(file.name());
  std::vector<std::string> missing;
  // By position: what is added is looked at too.
  for (std::size_t i = 0; i < files.size(); ++i) {
    const std::vector<std::string> imports(files[i].dependency().begin(),
                                           files[i].dependency().end());
    for (const std::string& import : imports) {
      if (!known.insert(import).second) continue;
      const pb::FileDescriptor* ours =
          import.starts_with("google/protobuf/")
              ? pb::DescriptorPool::generated_pool()->FindFileByName(import)
              : nullptr;
      if (ours == nullptr) {
        missing.push_back(import);
      } else {
        ours->CopyTo(&files.emplace_back());
      }
    }
  }
  return missing;
}

absl::StatusOr<std::shared_ptr<const MessageTypes>> MessageTypes::FromFiles(
    std::vector<pb::FileDescriptorProto> files) {
  if (files.size() > kTypeFilesMax) {
    return absl::ResourceExhaustedError(
        fmt::format("descriptors: {} files; at most {}", files.size(),
                    core::FixedBound("kTypeFilesMax", kTypeFilesMax, kLimitsHeader)));
  }
  const std::vector<std::string> missing = MissingImports(files);
  if (!missing.empty()) {
    return absl::InvalidArgumentError(fmt::format(
        "descriptors: {} is imported and not there (protoc --include_imports)", missing.front()));
  }
  std::map<std::string, const pb::FileDescriptorProto*> by_name;
  for (const pb::FileDescriptorProto& file : files) by_name[file.name()] = &file;
  // Not make_shared: the constructor is private.
  const std::shared_ptr<MessageTypes> types(new MessageTypes());
  RETURN_IF_ERROR(BuildAll(types->pool_, by_name));
  return std::shared_ptr<const MessageTypes>(types);
}

absl::StatusOr<std::shared_ptr<const MessageTypes>> MessageTypes::FromSet(std::string_view base64) {
  if (base64.size() > kTypeBytesMax) {
    return absl::ResourceExhaustedError(
        fmt::format("descriptorSet: {} bytes; at most {}", base64.size(),
                    core::FixedBound("kTypeBytesMax", kTypeBytesMax, kLimitsHeader)));
  }
  std::string bytes;
  pb::FileDescriptorSet set;
  if (!absl::Base64Unescape(absl::string_view(base64.data(), base64.size()), &bytes) ||
      !set.ParseFromString(bytes)) {
    return absl::InvalidArgumentError(
        "descriptorSet: expected base64 of a FileDescriptorSet (protoc --include_imports -o)");
  }
  return FromFiles({set.file().begin(), set.file().end()});
}

absl::StatusOr<const pb::MethodDescriptor*> MessageTypes::FindMethod(
    std::string_view service, std::string_view method) const {
  const pb::ServiceDescriptor* found = pool_.FindServiceByName(std::string(service));
  if (found == nullptr) {
    return absl::NotFoundError(fmt::format("method: there is no service {}", service));
  }
  const pb::MethodDescriptor* result = found->FindMethodByName(std::string(method));
  if (result == nullptr) {
    return absl::NotFoundError(
        fmt::format("method: the service {} has no method {}", service, method));
  }
  if (result->client_streaming() || result->server_streaming()) {
    const std::string_view side = !result->server_streaming()   ? "client"
                                  : !result->client_streaming() ? "server"
                                                                : "bidirectional";
    return absl::UnimplementedError(
        fmt::format("method: {}/{} is a {} streaming method; GRPC steps call unary methods only",
                    service, method, side));
  }
  return result;
}

absl::StatusOr<std::string> MessageTypes::ToWire(const pb::Descriptor* type,
                                                 std::string_view json) const {
  const std::unique_ptr<pb::Message> message(factory_.GetPrototype(type)->New());
  pb::util::JsonParseOptions options;
  options.ignore_unknown_fields = false;
  const auto read = pb::util::JsonStringToMessage(Piece(json), message.get(), options);
  if (!read.ok()) {
    return absl::InvalidArgumentError(
        fmt::format("request: no {}: {}", type->full_name(), std::string(read.message())));
  }
  std::string bytes;
  // Partial: protobuf 2 has required fields; the server knows best what it requires.
  if (!message->SerializePartialToString(&bytes)) {
    return absl::InvalidArgumentError(
        fmt::format("request: {} is too large to serialize", type->full_name()));
  }
  return bytes;
}

absl::StatusOr<std::string> MessageTypes::ToJson(const pb::Descriptor* type,
                                                 std::string_view bytes) const {
  const std::unique_ptr<pb::Message> message(factory_.GetPrototype(type)->New());
  if (!message->ParsePartialFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return absl::InternalError(fmt::format("reply: the bytes are no {}", type->full_name()));
  }
  pb::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;
  std::string json;
  const auto written = pb::util::MessageToJsonString(*message, &json, options);
  if (!written.ok()) {
    return absl::InternalError(fmt::format("reply: {} has no JSON form: {}", type->full_name(),
                                           std::string(written.message())));
  }
  return json;
}

const pb::Descriptor* MessageTypes::FindMessage(std::string_view full_name) const {
  return pool_.FindMessageTypeByName(std::string(full_name));
}

}  // namespace skald::grpc_call
