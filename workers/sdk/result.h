// Result: what a handler says about one task. The words of saga.md 2.3 and 3.4.
//
//   return Result::Completed(R"({"paymentId": "p-1"})");
//   return Result::Terminal("card declined");            // never retried, nothing happened
//   return Result::Failed("no answer", Effect::kUnknown) // retried; something may have happened
//
// Values; immutable use is thread-safe. Nothing here fails.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

namespace skald::sdk {

// What one attempt did to the world.
enum class Effect : std::uint8_t { kUnset, kNone, kApplied, kUnknown };

// What a task asks for.
enum class Operation : std::uint8_t { kAction, kUndo, kProbe };

// How the barrier came to its answer; kUnset without a barrier.
enum class Verdict : std::uint8_t {
  kUnset,
  kDone,      // the handler ran and its transaction committed
  kReplayed,  // it had committed before; the stored response is returned
  kNulled,    // undo of an action that never took effect; the action's key is sealed now
  kRejected,  // the action came after its key had been sealed, or after its deadline
};

class Result {
 public:
  enum class Status : std::uint8_t { kCompleted, kFailed, kTerminal, kCancelled, kLater };

  // `output` is JSON, usually an object.
  static Result Completed(std::string output = "{}") {
    Result result(Status::kCompleted, Effect::kApplied);
    result.output_ = std::move(output);
    return result;
  }

  // Failed, to be tried again as the task definition says.
  static Result Failed(std::string reason, Effect effect = Effect::kNone) {
    Result result(Status::kFailed, effect);
    result.reason_ = std::move(reason);
    return result;
  }

  // Failed, and trying again would not help.
  static Result Terminal(std::string reason, Effect effect = Effect::kNone) {
    Result result(Status::kTerminal, effect);
    result.reason_ = std::move(reason);
    return result;
  }

  // Stopped because it was asked to.
  static Result Cancelled(Effect effect = Effect::kNone) {
    Result result(Status::kCancelled, effect);
    result.reason_ = "cancelled";
    return result;
  }

  // Not ready: the task goes back and is delivered again after `delay`.
  static Result Later(std::chrono::milliseconds delay) {
    Result result(Status::kLater, Effect::kUnset);
    result.delay_ = delay;
    return result;
  }

  // Answer of a probe: whether the step took effect.
  static Result Probed(Effect effect) {
    Result result(Status::kCompleted, effect);
    result.output_ = "{}";
    return result;
  }

  Result&& WithOutput(std::string output) && {
    output_ = std::move(output);
    return std::move(*this);
  }
  Result&& WithVerdict(Verdict verdict) && {
    verdict_ = verdict;
    return std::move(*this);
  }

  // W3C trace context of the handler's own span, kept with the task; else the task's goes back.
  Result&& WithTrace(std::string traceparent, std::string tracestate = "") && {
    traceparent_ = std::move(traceparent);
    tracestate_ = std::move(tracestate);
    return std::move(*this);
  }

  Status status() const { return status_; }
  Effect effect() const { return effect_; }
  Verdict verdict() const { return verdict_; }
  const std::string& output() const { return output_; }
  const std::string& reason() const { return reason_; }
  std::chrono::milliseconds delay() const { return delay_; }
  const std::string& traceparent() const { return traceparent_; }
  const std::string& tracestate() const { return tracestate_; }

 private:
  Result(Status status, Effect effect) : status_(status), effect_(effect) {}

  Status status_;
  Effect effect_;
  Verdict verdict_ = Verdict::kUnset;
  std::string output_;
  std::string reason_;
  std::string traceparent_;
  std::string tracestate_;
  std::chrono::milliseconds delay_{0};
};

}  // namespace skald::sdk
