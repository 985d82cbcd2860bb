#include "engine/script/js_engine.h"

#include <jsapi.h>
#include <jsfriendapi.h>
#include <signal.h>
#include <sys/time.h>

#include <chrono>
#include <iterator>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "engine/base/check.h"
#include "engine/core/bound.h"
#include "engine/script/graal_text.h"
#include "engine/script/js_text.h"
#include "engine/script/limits.h"
#include "engine/script/source_cache.h"
#include "fmt/format.h"
#include "js/CompilationAndEvaluation.h"
#include "js/ContextOptions.h"
#include "js/ErrorReport.h"
#include "js/Exception.h"
#include "js/GCAPI.h"
#include "js/HelperThreadAPI.h"
#include "js/Initialization.h"
#include "js/Interrupt.h"
#include "js/JSON.h"
#include "js/MemoryCallbacks.h"
#include "js/SourceText.h"
#include "js/experimental/JSStencil.h"

namespace skald::script {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t kHelperStackBytes = 512 * 1024;  // of threads that are never started
// The timer strikes again and again, should the first stroke meet the script between two checks.
constexpr std::uint32_t kStrikeAgainMs = 50;

const JSClass kGlobalClass = {"global", JSCLASS_GLOBAL_FLAGS, &JS::DefaultGlobalClassOps};

// The collector would do part of its work on other threads. It takes back what none has begun, so
// all of it is done here, and the process has one thread.
void LeaveWorkToThisThread(JS::DispatchReason /*reason*/) {}

// Strikes by SIGALRM, whose handler asks the library for an interrupt. A thread would be woken for
// every evaluation; arming a timer costs one system call. The lock that the request takes is that
// of Atomics.wait, which without shared memory nothing else takes.
class Alarm {
 public:
  static void Install(JSContext* context) {
    context_ = context;
    struct sigaction action = {};
    action.sa_handler = [](int) { JS_RequestInterruptCallback(context_); };
    action.sa_flags = SA_RESTART;
    CHECK(sigaction(SIGALRM, &action, nullptr) == 0);
  }

  static void Set(std::uint32_t after_ms) { Arm(after_ms, kStrikeAgainMs); }
  static void Clear() { Arm(0, 0); }

 private:
  static void Arm(std::uint32_t after_ms, std::uint32_t again_ms) {
    const itimerval timer = {.it_interval = TimeOf(again_ms), .it_value = TimeOf(after_ms)};
    setitimer(ITIMER_REAL, &timer, nullptr);
  }
  static timeval TimeOf(std::uint32_t ms) {
    return {.tv_sec = ms / 1'000, .tv_usec = static_cast<suseconds_t>(ms % 1'000) * 1'000};
  }

  // A signal handler finds its data nowhere else.
  static JSContext* context_;
};

JSContext* Alarm::context_ = nullptr;

bool AppendChunk(const char16_t* text, std::uint32_t length, void* out) {
  static_cast<std::u16string*>(out)->append(text, length);
  return true;
}

}  // namespace

class JsEngine::Implementation {
 public:
  explicit Implementation(JSContext* context)
      : context_(context), keeper_(context), scripts_(kCachedScriptsMax, kCachedSourceBytesMax) {}

  // Never destroyed with its context: the process ends instead, and the system takes it all.
  absl::Status Start();
  Verdict Evaluate(const Request& request);
  bool spent() const { return out_of_time_ || out_of_memory_; }
  void CollectGarbage();

 private:
  JSObject* NewGlobal();
  JS::Stencil* Compile(std::string_view source);
  bool Execute(const Request& request, JS::MutableHandle<JS::Value> value);
  bool BindInput(JS::Handle<JSObject*> global, std::string_view input);
  Verdict Failure(const Request& request);
  Verdict ValueOf(const Request& request, JS::MutableHandle<JS::Value> value);

  static bool OnInterrupt(JSContext* context);
  static void OnOutOfMemory(JSContext* context, void* self);

  JSContext* context_;
  JS::PersistentRooted<JSObject*> keeper_;  // keeps the zone that all globals share
  SourceCache<RefPtr<JS::Stencil>> scripts_;
  steady_clock::time_point deadline_;
  bool out_of_time_ = false;
  bool out_of_memory_ = false;
  std::uint32_t evaluations_since_collection_ = 0;
};

absl::Status JsEngine::Implementation::Start() {
  JS_SetContextPrivate(context_, this);
  JS_SetNativeStackQuota(context_, kNativeStackBytesMax);
  JS::ContextOptionsRef(context_).setAsyncStack(false).setAsmJS(false).setWasm(false);
  JS_AddInterruptCallback(context_, OnInterrupt);
  JS::SetOutOfMemoryCallback(context_, OnOutOfMemory, this);
  if (!js::UseInternalJobQueues(context_) || !JS::InitSelfHostedCode(context_)) {
    return absl::InternalError("SpiderMonkey does not start");
  }
  keeper_ = JS_NewGlobalObject(context_, &kGlobalClass, nullptr, JS::DontFireOnNewGlobalHook,
                               JS::RealmOptions());
  if (keeper_ == nullptr) return absl::InternalError("SpiderMonkey makes no global object");
  Alarm::Install(context_);
  // What is read from files on first use (locale, time zone) is read now.
  const Verdict warm = Evaluate(
      {.time_ms = kEvaluationMsMax,
       .output_bytes_max = 1'024,
       .source = "new Date(0).toLocaleString() + /a+/u.test('aa') + 'x'.localeCompare('y') + "
                 "new Intl.NumberFormat().format($)",
       .input = "1"});
  if (warm.outcome != Outcome::kValue) {
    return absl::InternalError(fmt::format("SpiderMonkey's first script failed: {}", warm.text));
  }
  JS_GC(context_);
  return absl::OkStatus();
}

bool JsEngine::Implementation::OnInterrupt(JSContext* context) {
  auto* self = static_cast<Implementation*>(JS_GetContextPrivate(context));
  if (steady_clock::now() < self->deadline_) return true;
  self->out_of_time_ = true;
  js::StopDrainingJobQueue(context);
  return false;
}

void JsEngine::Implementation::OnOutOfMemory(JSContext* /*context*/, void* self) {
  static_cast<Implementation*>(self)->out_of_memory_ = true;
}

JSObject* JsEngine::Implementation::NewGlobal() {
  JS::RealmOptions options;
  options.creationOptions()
      .setNewCompartmentInExistingZone(keeper_)
      .setSharedMemoryAndAtomicsEnabled(false)
      .setDefineSharedArrayBufferConstructor(false);
  options.behaviors().setClampAndJitterTime(false);
  return JS_NewGlobalObject(context_, &kGlobalClass, nullptr, JS::DontFireOnNewGlobalHook, options);
}

// REQUIRES: inside a realm. nullptr: an exception is pending.
JS::Stencil* JsEngine::Implementation::Compile(std::string_view source) {
  if (auto* found = scripts_.Find(source)) return found->get();
  JS::CompileOptions options(context_);
  options.setFileAndLine("script", 1);
  JS::SourceText<mozilla::Utf8Unit> text;
  if (!text.init(context_, source.data(), source.size(), JS::SourceOwnership::Borrowed)) {
    return nullptr;
  }
  RefPtr<JS::Stencil> stencil = JS::CompileGlobalScriptToStencil(context_, options, text);
  if (stencil == nullptr) return nullptr;
  return scripts_.Put(std::string(source), std::move(stencil)).get();
}

bool JsEngine::Implementation::BindInput(JS::Handle<JSObject*> global, std::string_view input) {
  JS::Rooted<JSString*> text(
      context_, JS_NewStringCopyUTF8N(context_, JS::UTF8Chars(input.data(), input.size())));
  JS::Rooted<JS::Value> value(context_);
  return text != nullptr && JS_ParseJSON(context_, text, &value) &&
         JS_DefineProperty(context_, global, "$", value, JSPROP_ENUMERATE);
}

// REQUIRES: inside the realm of a new global.
bool JsEngine::Implementation::Execute(const Request& request, JS::MutableHandle<JS::Value> value) {
  JS::Rooted<JSObject*> global(context_, JS::CurrentGlobalOrNull(context_));
  JS::Stencil* stencil = Compile(request.source);
  if (stencil == nullptr || !BindInput(global, request.input)) return false;
  const JS::InstantiateOptions options;
  JS::Rooted<JSScript*> script(context_, JS::InstantiateGlobalStencil(context_, options, stencil));
  if (script == nullptr || !JS_ExecuteScript(context_, script, value)) return false;
  js::RunJobs(context_);
  return !out_of_time_;
}

Verdict JsEngine::Implementation::Evaluate(const Request& request) {
  ++evaluations_since_collection_;
  deadline_ = steady_clock::now() + milliseconds(request.time_ms);
  JS::Rooted<JSObject*> global(context_, NewGlobal());
  if (global == nullptr) return Failure(request);
  const JSAutoRealm realm(context_, global);
  Alarm::Set(request.time_ms);
  JS::Rooted<JS::Value> value(context_);
  const bool done = Execute(request, &value);
  Verdict verdict = done ? ValueOf(request, &value) : Failure(request);
  Alarm::Clear();
  JS_ClearPendingException(context_);
  return verdict;
}

Verdict JsEngine::Implementation::ValueOf(const Request& request,
                                          JS::MutableHandle<JS::Value> value) {
  std::u16string text;
  if (!JS_Stringify(context_, value, nullptr, JS::NullHandleValue, AppendChunk, &text)) {
    return Failure(request);
  }
  // One UTF-16 unit is at least one byte.
  if (text.size() > request.output_bytes_max) {
    return {.outcome = Outcome::kOutputTooLarge,
            .text = fmt::format("the result has more bytes than {}",
                                core::FixedBound("kStepOutputBytesMax", request.output_bytes_max))};
  }
  return {.outcome = Outcome::kValue, .text = JsonFromUtf16(std::move(text))};
}

// What stopped the script, from the pending exception.
Verdict JsEngine::Implementation::Failure(const Request& request) {
  if (out_of_time_) return {.outcome = Outcome::kOutOfTime};
  JS::ExceptionStack exception(context_);
  if (JS_IsThrowingOutOfMemory(context_)) return {.outcome = Outcome::kOutOfMemory};
  if (!JS::StealPendingExceptionStack(context_, &exception)) {
    return {.outcome = out_of_memory_ ? Outcome::kOutOfMemory : Outcome::kScriptError,
            .text = "the script ended without a result"};
  }
  JS::ErrorReportBuilder builder(context_);
  if (!builder.init(context_, exception, JS::ErrorReportBuilder::NoSideEffects)) {
    return {.outcome = Outcome::kScriptError, .text = "the script threw what has no message"};
  }
  std::string_view message = builder.toStringResult().c_str();
  constexpr std::string_view kThrownValue = "uncaught exception: ";
  if (message.starts_with(kThrownValue)) message.remove_prefix(kThrownValue.size());
  // No line for what the library does after the script, as writing its result.
  return {.outcome = Outcome::kScriptError,
          .text = GraalText(CutText(message, kErrorBytesMax), request.source,
                            builder.report()->lineno)};
}

void JsEngine::Implementation::CollectGarbage() {
  if (evaluations_since_collection_ < kEvaluationsPerCollection &&
      JS_GetGCParameter(context_, JSGC_BYTES) < kHeapBytesBeforeCollection) {
    return;
  }
  evaluations_since_collection_ = 0;
  JS_GC(context_);
}

absl::StatusOr<std::unique_ptr<JsEngine>> JsEngine::Create(std::size_t heap_bytes_max) {
  JS::DisableJitBackend();
  if (!JS_Init()) return absl::InternalError("SpiderMonkey does not initialize");
  JS::SetHelperThreadTaskCallback(LeaveWorkToThisThread, 1, kHelperStackBytes);
  JSContext* context = JS_NewContext(static_cast<std::uint32_t>(heap_bytes_max));
  if (context == nullptr) return absl::InternalError("SpiderMonkey makes no context");
  auto implementation = std::make_unique<Implementation>(context);
  if (absl::Status started = implementation->Start(); !started.ok()) return started;
  return std::unique_ptr<JsEngine>(new JsEngine(std::move(implementation)));
}

JsEngine::JsEngine(std::unique_ptr<Implementation> implementation)
    : implementation_(std::move(implementation)) {}

JsEngine::~JsEngine() = default;

Verdict JsEngine::Evaluate(const Request& request) { return implementation_->Evaluate(request); }
bool JsEngine::spent() const { return implementation_->spent(); }
void JsEngine::CollectGarbage() { implementation_->CollectGarbage(); }

}  // namespace skald::script
