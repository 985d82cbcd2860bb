// Reflection: asks a server for the descriptors of one of its services
// (grpc.reflection.v1 and, where that is not known, v1alpha).
//
// The two messages of the protocol are read and written here by hand: a generated copy would
// collide with the one that gRPC's own reflection library brings into the process. Single use.
#pragma once

#include <google/protobuf/descriptor.pb.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/grpc_call/channel_pool.h"

namespace skald::grpc_call {

using Files = std::vector<google::protobuf::FileDescriptorProto>;

// One inquiry under way. Thread-safe.
class Inquiry {
 public:
  virtual ~Inquiry() = default;
  // Ends it soon; its callback is called as ever.
  virtual void Cancel() = 0;
};

// `done` is called once, on a thread of gRPC.
//   NOT_FOUND      the server does not know the service
//   UNIMPLEMENTED  the server has no reflection
//   INVALID_ARGUMENT, RESOURCE_EXHAUSTED  its answer is none, or too large
//   other codes    as the call ended
std::shared_ptr<Inquiry> AskForFiles(std::shared_ptr<Connection> connection, std::string service,
                                     std::function<void(absl::StatusOr<Files>)> done);

// ---- the protocol; for tests and the fuzzer ----

std::string SymbolRequest(std::string_view symbol);
std::string FileRequest(std::string_view name);
// The files of a ServerReflectionResponse. Errors as above.
absl::StatusOr<Files> ReadResponse(std::string_view bytes);

}  // namespace skald::grpc_call
