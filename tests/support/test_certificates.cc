#include "tests/support/test_certificates.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>

#include "engine/base/check.h"

namespace skald::testing {
namespace {

struct Deleter {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
  void operator()(std::FILE* file) const { std::fclose(file); }
};
template <typename T>
using Owned = std::unique_ptr<T, Deleter>;

struct Pair {
  Owned<EVP_PKEY> key;
  Owned<X509> certificate;
};

void AddExtension(X509* certificate, X509* issuer, int kind, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Owned<X509_EXTENSION> extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value));
  CHECK(extension != nullptr);
  CHECK(X509_add_ext(certificate, extension.get(), -1) == 1);
}

// Signed by `issuer`, or by itself.
Pair Make(const char* name, long serial, const Pair* issuer) {
  Pair pair{Owned<EVP_PKEY>(EVP_EC_gen("P-256")), Owned<X509>(X509_new())};
  X509* const certificate = pair.certificate.get();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial);
  constexpr long kDaySeconds = 86'400;
  X509_gmtime_adj(X509_getm_notBefore(certificate), -kDaySeconds);
  X509_gmtime_adj(X509_getm_notAfter(certificate), kDaySeconds);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
  const Pair& signer = issuer == nullptr ? pair : *issuer;
  X509_set_issuer_name(certificate, X509_get_subject_name(signer.certificate.get()));
  X509_set_pubkey(certificate, pair.key.get());
  if (issuer == nullptr) {
    AddExtension(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE");
  } else {
    AddExtension(certificate, signer.certificate.get(), NID_subject_alt_name,
                 "DNS:localhost,IP:127.0.0.1");
  }
  CHECK(X509_sign(certificate, signer.key.get(), EVP_sha256()) > 0);
  return pair;
}

void WriteCertificate(const Pair& pair, const std::string& path) {
  const Owned<std::FILE> file(std::fopen(path.c_str(), "w"));
  CHECK(file != nullptr);
  CHECK(PEM_write_X509(file.get(), pair.certificate.get()) == 1);
}

void WriteKey(const Pair& pair, const std::string& path) {
  const Owned<std::FILE> file(std::fopen(path.c_str(), "w"));
  CHECK(file != nullptr);
  CHECK(PEM_write_PrivateKey(file.get(), pair.key.get(), nullptr, nullptr, 0, nullptr, nullptr) ==
        1);
}

}  // namespace

TestCertificates::TestCertificates() {
  std::string folder = std::filesystem::temp_directory_path() / "skald_certificates_XXXXXX";
  CHECK(mkdtemp(folder.data()) != nullptr);
  folder_ = folder;
  const Pair authority = Make("test authority", 1, nullptr);
  const Pair server = Make("localhost", 2, &authority);
  const Pair client = Make("client", 3, &authority);
  WriteCertificate(authority, ca_file());
  WriteCertificate(server, server_cert_file());
  WriteKey(server, server_key_file());
  WriteCertificate(client, client_cert_file());
  WriteKey(client, client_key_file());
}

TestCertificates::~TestCertificates() { std::filesystem::remove_all(folder_); }

std::string TestCertificates::Read(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace skald::testing
