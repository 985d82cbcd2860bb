// What the tests of the definition parser share: parsing with task definitions at hand, and a
// matcher of mistakes. Header-only; single-threaded.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "engine/core/definition_parser.h"

namespace skald::core {

inline auto At(const std::string& path, const std::string& part) {
  return ::testing::AllOf(
      ::testing::Field("path", &Mistake::path, path),
      ::testing::Field("message", &Mistake::message, ::testing::HasSubstr(part)));
}

inline Parsed<Definition> Parse(const std::string& json,
                                const std::map<std::string, std::string>& tasks = {}) {
  return ParseDefinition(json,
                         [&](const std::string& name) -> std::optional<std::string> {
                           const auto found = tasks.find(name);
                           return found == tasks.end() ? std::nullopt
                                                       : std::optional(found->second);
                         },
                         {});
}

// A definition of these steps.
inline std::string Of(const std::string& steps, const std::string& more = "") {
  return R"({"name":"order","tasks":[)" + steps + "]" + more + "}";
}

inline Definition Good(const std::string& json,
                       const std::map<std::string, std::string>& tasks = {}) {
  Parsed<Definition> parsed = Parse(json, tasks);
  EXPECT_TRUE(parsed.ok()) << FormatMistakes(parsed.mistakes, 10);
  return parsed.ok() ? *std::move(parsed.value) : Definition{};
}

}  // namespace skald::core
