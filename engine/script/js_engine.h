// JsEngine: evaluates JavaScript by SpiderMonkey, each script in a fresh global.
//
// `$` is a deep copy of the input; the value of the last expression is the result. There is the
// standard library of the language (Date, regular expressions, JSON, Intl) and nothing else: no
// print, console, load, module, shared memory, WebAssembly. Nothing one script does is seen by the
// next. Runs in the interpreter: no memory is both written and executed, see sandbox.h.
//
// One per process (the library has one state per process), single-threaded, and starts no thread.
// Reads files when it is made, not later: make it before the sandbox. Source: conductor.md 2.17.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "absl/status/statusor.h"
#include "engine/script/evaluation.h"

namespace skald::script {

class JsEngine {
 public:
  // INTERNAL: the library does not start.
  static absl::StatusOr<std::unique_ptr<JsEngine>> Create(std::size_t heap_bytes_max);
  ~JsEngine();
  JsEngine(const JsEngine&) = delete;
  JsEngine& operator=(const JsEngine&) = delete;

  // Ends by itself within request.time_ms, but for few library functions that do not look at the
  // clock. REQUIRES: the input is JSON; the language is JavaScript.
  Verdict Evaluate(const Request& request);

  // Whether a limit was met on the way, after which the process should be replaced.
  bool spent() const;

  // Gives memory back; to be called between evaluations, when nobody waits.
  void CollectGarbage();

 private:
  class Implementation;
  explicit JsEngine(std::unique_ptr<Implementation> implementation);

  std::unique_ptr<Implementation> implementation_;
};

}  // namespace skald::script
