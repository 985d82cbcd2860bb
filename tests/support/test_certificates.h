// TestCertificates: an authority of a test's own and certificates that it signs, in files of a
// temporary folder that goes with it.
//
// Single-threaded.
#pragma once

#include <string>

namespace skald::testing {

class TestCertificates {
 public:
  TestCertificates();
  ~TestCertificates();
  TestCertificates(const TestCertificates&) = delete;
  TestCertificates& operator=(const TestCertificates&) = delete;

  // PEM files. The server's certificate names "localhost" and 127.0.0.1.
  std::string ca_file() const { return folder_ + "/ca.pem"; }
  std::string server_cert_file() const { return folder_ + "/server.pem"; }
  std::string server_key_file() const { return folder_ + "/server.key"; }
  std::string client_cert_file() const { return folder_ + "/client.pem"; }
  std::string client_key_file() const { return folder_ + "/client.key"; }

  static std::string Read(const std::string& path);

 private:
  std::string folder_;
};

}  // namespace skald::testing
