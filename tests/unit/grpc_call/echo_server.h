// EchoServer: a gRPC server of a test, generic: it knows methods by name only, and its types from a
// descriptor that the test builds. With or without reflection and health service.
//
// Handlers run on gRPC's threads. Thread-safe. The destructor cancels what is open.
#pragma once

#include <google/protobuf/descriptor.pb.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/check.h"
#include "engine/grpc_call/byte_buffers.h"
#include "engine/grpc_call/reflection.h"

namespace skald::grpc_call {

using FieldProto = google::protobuf::FieldDescriptorProto;

inline void AddField(google::protobuf::DescriptorProto& message, const char* name,
                     const char* json_name, FieldProto::Type type, const char* type_name = "") {
  FieldProto* field = message.add_field();
  field->set_name(name);
  field->set_json_name(json_name);
  field->set_number(message.field_size());
  field->set_type(type);
  field->set_label(FieldProto::LABEL_OPTIONAL);
  if (*type_name != '\0') field->set_type_name(type_name);
}

// message Money { int64 cents = 1; }
inline google::protobuf::FileDescriptorProto MoneyFile() {
  google::protobuf::FileDescriptorProto file;
  file.set_name("test/money.proto");
  file.set_package("test.v1");
  file.set_syntax("proto3");
  auto* money = file.add_message_type();
  money->set_name("Money");
  AddField(*money, "cents", "cents", FieldProto::TYPE_INT64);
  return file;
}

// test.v1.Shop: Buy(Order) returns (Order); Order has what JSON treats in its own way.
inline google::protobuf::FileDescriptorProto ShopFile() {
  google::protobuf::FileDescriptorProto file;
  file.set_name("test/shop.proto");
  file.set_package("test.v1");
  file.set_syntax("proto3");
  file.add_dependency("google/protobuf/timestamp.proto");
  file.add_dependency("test/money.proto");
  auto* order = file.add_message_type();
  order->set_name("Order");
  AddField(*order, "order_id", "orderId", FieldProto::TYPE_STRING);
  AddField(*order, "count", "count", FieldProto::TYPE_INT32);
  AddField(*order, "price", "price", FieldProto::TYPE_MESSAGE, ".test.v1.Money");
  AddField(*order, "at", "at", FieldProto::TYPE_MESSAGE, ".google.protobuf.Timestamp");
  AddField(*order, "tags", "tags", FieldProto::TYPE_STRING);
  order->mutable_field(4)->set_label(FieldProto::LABEL_REPEATED);
  AddField(*order, "big", "big", FieldProto::TYPE_INT64);
  auto* shop = file.add_service();
  shop->set_name("Shop");
  for (const char* name : {"Buy", "Upload", "Watch"}) {
    auto* method = shop->add_method();
    method->set_name(name);
    method->set_input_type(".test.v1.Order");
    method->set_output_type(".test.v1.Order");
  }
  shop->mutable_method(1)->set_client_streaming(true);
  shop->mutable_method(2)->set_server_streaming(true);
  return file;
}

// A ServerReflectionResponse by hand, as the reader under test reads it.
inline std::string FieldOf(int number, const std::string& bytes) {
  std::string out(1, static_cast<char>(number << 3 | 2));
  for (std::size_t size = bytes.size(); true; size >>= 7) {
    out.push_back(static_cast<char>((size & 0x7F) | (size > 0x7F ? 0x80 : 0)));
    if (size <= 0x7F) break;
  }
  return out + bytes;
}

class EchoServer : public grpc::CallbackGenericService {
 public:
  // Fills the reply, which is the request; or keeps silent by returning nothing.
  using Handler = std::function<std::optional<grpc::Status>(grpc::GenericCallbackServerContext&,
                                                            std::string& bytes)>;
  struct Options {
    Handler handler = [](auto&, auto&) { return grpc::Status::OK; };
    bool reflection = true;
    bool old_reflection_only = false;  // v1alpha
    bool healthy = true;
    std::shared_ptr<grpc::ServerCredentials> credentials = grpc::InsecureServerCredentials();
    std::string address = "127.0.0.1:0";
  };

  explicit EchoServer(Options options) : options_(std::move(options)) {
    grpc::EnableDefaultHealthCheckService(true);
    grpc::ServerBuilder builder;
    builder.AddListeningPort(options_.address, options_.credentials, &port_);
    builder.RegisterCallbackGenericService(this);
    server_ = builder.BuildAndStart();
    CHECK(server_ != nullptr);
    server_->GetHealthCheckService()->SetServingStatus(options_.healthy);
  }
  ~EchoServer() override { Stop(); }

  void Stop() {
    if (server_ == nullptr) return;
    server_->Shutdown(gpr_inf_past(GPR_CLOCK_MONOTONIC));
    server_->Wait();
    server_.reset();
  }

  std::string target() const { return "127.0.0.1:" + std::to_string(port_); }
  int port() const { return port_; }
  int calls() const { return calls_; }
  int inquiries() const { return inquiries_; }

  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override {
    if (context->method().find("ServerReflectionInfo") != std::string::npos) {
      return new Reflection(*this, context->method().find("v1alpha") != std::string::npos);
    }
    return new Answer(*this, *context);
  }

 private:
  class Answer : public grpc::ServerGenericBidiReactor {
   public:
    Answer(EchoServer& server, grpc::GenericCallbackServerContext& context)
        : server_(server), context_(context) {
      StartRead(&buffer_);
    }
    void OnReadDone(bool ok) override {
      if (!ok) return;
      std::string bytes = BytesOf(buffer_);
      ++server_.calls_;
      const auto status = server_.options_.handler(context_, bytes);
      if (!status.has_value() || finished_.exchange(true)) return;
      if (!status->ok()) {
        Finish(*status);
        return;
      }
      buffer_ = BufferOf(bytes);
      StartWriteAndFinish(&buffer_, {}, *status);
    }
    void OnCancel() override {
      if (!finished_.exchange(true)) Finish(grpc::Status::CANCELLED);
    }
    void OnDone() override { delete this; }

   private:
    EchoServer& server_;
    grpc::GenericCallbackServerContext& context_;
    std::atomic<bool> finished_{false};
    grpc::ByteBuffer buffer_;
  };

  class Reflection : public grpc::ServerGenericBidiReactor {
   public:
    Reflection(EchoServer& server, bool old) : server_(server) {
      if (!server_.options_.reflection || (server_.options_.old_reflection_only && !old)) {
        Finish({grpc::StatusCode::UNIMPLEMENTED, "no reflection"});
        return;
      }
      ++server_.inquiries_;
      StartRead(&buffer_);
    }
    void OnReadDone(bool ok) override {
      if (!ok) {
        Finish(grpc::Status::OK);
        return;
      }
      const std::string request = BytesOf(buffer_);
      std::string reply = FieldOf(7, std::string("\x08\x05", 2) + FieldOf(2, "no such thing"));
      if (request == SymbolRequest("test.v1.Shop")) {
        reply = FieldOf(4, FieldOf(1, ShopFile().SerializeAsString()));
      } else if (request == FileRequest("test/money.proto")) {
        reply = FieldOf(4, FieldOf(1, MoneyFile().SerializeAsString()));
      }
      buffer_ = BufferOf(reply);
      StartWrite(&buffer_);
    }
    void OnWriteDone(bool ok) override {
      if (ok) StartRead(&buffer_);
    }
    void OnDone() override { delete this; }

   private:
    EchoServer& server_;
    grpc::ByteBuffer buffer_;
  };

  const Options options_;
  std::atomic<int> calls_{0};
  std::atomic<int> inquiries_{0};
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace skald::grpc_call
