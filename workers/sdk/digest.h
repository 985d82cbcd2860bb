// PayloadDigest: a short, stable name for what a step was asked to do, so that one step key used
// with two different payloads is noticed (saga.md 3.2).
//
// Pure and thread-safe; never fails.
#pragma once

#include <string>
#include <string_view>

namespace skald::sdk {

// Returns SHA-256 over the task type and the payload, as 64 hexadecimal digits. JSON texts that
// differ only in white space or in the order of members have the same digest; what is not JSON is
// taken byte by byte.
std::string PayloadDigest(std::string_view task_type, std::string_view payload);

}  // namespace skald::sdk
