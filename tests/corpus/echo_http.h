// EchoHttp: an HTTP service on a free port of 127.0.0.1 that answers every method and path with 200
// and a JSON object of what it was asked (`method`, `path`, `args`, `headers`, `json`, `data`), in
// the manner of httpbin: what stood at the other end of the reference's HTTP steps.
//
// Headers that only name the client (Accept-Encoding, Connection, User-Agent) are told as the
// reference sent them. Runs on a thread of its own from construction to destruction.
#pragma once

#include <memory>
#include <string>

namespace skald::corpus {

class EchoHttp {
 public:
  EchoHttp();
  ~EchoHttp();
  EchoHttp(const EchoHttp&) = delete;
  EchoHttp& operator=(const EchoHttp&) = delete;

  std::string address() const;  // "127.0.0.1:port"

 private:
  struct Running;
  std::unique_ptr<Running> running_;
};

}  // namespace skald::corpus
