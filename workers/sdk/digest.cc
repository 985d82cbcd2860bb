#include "workers/sdk/digest.h"

#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <vector>

#include "boost/json.hpp"

namespace skald::sdk {
namespace {

void AppendCanonical(const boost::json::value& value, std::string& out);

void AppendObject(const boost::json::object& object, std::string& out) {
  std::vector<const boost::json::key_value_pair*> members;
  members.reserve(object.size());
  for (const auto& member : object) members.push_back(&member);
  std::sort(members.begin(), members.end(),
            [](const auto* left, const auto* right) { return left->key() < right->key(); });
  out += '{';
  for (const auto* member : members) {
    out += boost::json::serialize(member->key());
    out += ':';
    AppendCanonical(member->value(), out);
    out += ',';
  }
  out += '}';
}

void AppendCanonical(const boost::json::value& value, std::string& out) {
  if (const auto* object = value.if_object()) return AppendObject(*object, out);
  const auto* array = value.if_array();
  if (array == nullptr) {
    out += boost::json::serialize(value);
    return;
  }
  out += '[';
  for (const auto& element : *array) {
    AppendCanonical(element, out);
    out += ',';
  }
  out += ']';
}

}  // namespace

std::string PayloadDigest(std::string_view task_type, std::string_view payload) {
  std::string text(task_type);
  text += '\0';
  boost::json::error_code error;
  const boost::json::value value = boost::json::parse({payload.data(), payload.size()}, error);
  if (error) {
    text += payload;
  } else {
    AppendCanonical(value, text);
  }
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest = {};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  hex.reserve(digest.size() * 2);
  for (const unsigned char byte : digest) {
    hex += kDigits[byte >> 4];
    hex += kDigits[byte & 15];
  }
  return hex;
}

}  // namespace skald::sdk
