// MessageTypes: the messages of one service, from descriptors, and JSON to protobuf and back.
//
// The JSON mapping is protobuf's own (proto3 JSON: 64-bit numbers are strings, bytes are base64,
// names in lowerCamelCase, either spelling is read). Unknown fields of a request are refused;
// fields of a reply that have their default value are written too, so that expressions find them.
// Thread-safe once made.
#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/dynamic_message.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace skald::grpc_call {

class MessageTypes {
 public:
  // From all files that a service needs, in any order; google/protobuf/*.proto may be missing.
  // INVALID_ARGUMENT: a file is missing or contradicts itself. RESOURCE_EXHAUSTED: a bound.
  static absl::StatusOr<std::shared_ptr<const MessageTypes>> FromFiles(
      std::vector<google::protobuf::FileDescriptorProto> files);

  // From base64 of a serialized FileDescriptorSet (protoc --include_imports -o).
  static absl::StatusOr<std::shared_ptr<const MessageTypes>> FromSet(std::string_view base64);

  // NOT_FOUND: no such service or method. UNIMPLEMENTED: it streams.
  absl::StatusOr<const google::protobuf::MethodDescriptor*> FindMethod(
      std::string_view service, std::string_view method) const;

  // The serialized message. INVALID_ARGUMENT: the JSON is none of this type.
  absl::StatusOr<std::string> ToWire(const google::protobuf::Descriptor* type,
                                     std::string_view json) const;

  // INTERNAL: the bytes are no message of this type.
  absl::StatusOr<std::string> ToJson(const google::protobuf::Descriptor* type,
                                     std::string_view bytes) const;

  // A message by its full name; nullptr when it is not among these types.
  const google::protobuf::Descriptor* FindMessage(std::string_view full_name) const;

 private:
  MessageTypes() = default;

  google::protobuf::DescriptorPool pool_;
  // Makes prototypes on demand, under a lock of its own; not const, though it looks so from here.
  mutable google::protobuf::DynamicMessageFactory factory_;
};

// Adds what google/protobuf/*.proto the files import and lack, from this binary.
// Returns the names that are still missing.
std::vector<std::string> MissingImports(std::vector<google::protobuf::FileDescriptorProto>& files);

}  // namespace skald::grpc_call
