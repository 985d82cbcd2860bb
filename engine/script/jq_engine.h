// JqEngine: evaluates jq programs by libjq.
//
// The whole input is `.`; the value is the array of all results, integral numbers written as
// integers. What a filter of one JSON value has no use for is refused by name: `input`, `inputs`,
// `input_filename`, `env`, `halt`, modules; `$ENV` is an empty object.
//
// Single-threaded. libjq cannot be interrupted: whoever started the process must end it when the
// time is up. Out of memory it calls the handler, which must not return.
// Source: conductor.md 2.18.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "engine/script/evaluation.h"
#include "engine/script/limits.h"
#include "engine/script/source_cache.h"

struct jq_state;

namespace skald::script {

class JqEngine {
 public:
  // A plain function, for libjq 1.6 loses the data that should go with it.
  using OutOfMemory = void (*)(void*);

  explicit JqEngine(OutOfMemory on_out_of_memory);

  // REQUIRES: the input is JSON; the language is jq.
  Verdict Evaluate(const Request& request);

 private:
  struct Teardown {
    void operator()(jq_state* state) const;
  };
  using Program = std::unique_ptr<jq_state, Teardown>;

  Program Compile(std::string_view source);

  OutOfMemory on_out_of_memory_;
  std::string compile_errors_;  // of the last Compile()
  SourceCache<Program> programs_{kCachedProgramsMax, kCachedSourceBytesMax};
};

}  // namespace skald::script
