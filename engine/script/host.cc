#include "engine/script/host.h"

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <utility>

#include "engine/base/check.h"
#include "engine/base/status.h"
#include "engine/script/frame.h"
#include "engine/script/jq_engine.h"
#include "engine/script/js_engine.h"
#include "engine/script/limits.h"
#include "engine/script/sandbox.h"

namespace skald::script {
namespace {

constexpr std::size_t kReadBytes = 64 * 1024;

bool WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

// Out of memory nothing can be built any more: the answer lies ready.
struct Farewell {
  int fd = -1;
  std::string frame;

  [[noreturn]] void Say() const {
    WriteAll(fd, frame);
    _exit(0);
  }
};

// The handlers of operator new and of libjq are plain functions.
const Farewell* farewell_of_process = nullptr;

class Host {
 public:
  explicit Host(int channel_fd)
      : channel_fd_(channel_fd),
        farewell_{.fd = channel_fd, .frame = ""},
        jq_([](void* /*data*/) { farewell_of_process->Say(); }) {
    farewell_of_process = &farewell_;
    std::set_new_handler([] { farewell_of_process->Say(); });
  }

  absl::Status Prepare(std::size_t memory_bytes) {
    ASSIGN_OR_RETURN(javascript_, JsEngine::Create(memory_bytes));
    // SpiderMonkey's handlers, for WebAssembly, would take themselves off at a fault, which the
    // sandbox forbids: the fault would come again for ever.
    for (const int number : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP}) signal(number, SIG_DFL);
    return EnterSandbox(
        {.channel_fd = channel_fd_, .memory_bytes = memory_bytes + kHostOverheadBytes});
  }

  bool Greet(const absl::Status& prepared) {
    const Outcome outcome = prepared.ok() ? Outcome::kReady : Outcome::kRefused;
    return Send({.verdict = {.outcome = outcome, .text = std::string(prepared.message())},
                 .last = !prepared.ok()});
  }

  // Returns when there is nothing more to do.
  void Serve() {
    while (std::optional<std::string> body = Receive()) {
      const auto request = DecodeRequest(*body);
      CHECK(request.ok());
      if (!Answer(*request)) return;
      javascript_->CollectGarbage();
    }
  }

 private:
  bool Answer(const Request& request) {
    farewell_.frame = EncodeReply(
        {.id = request.id, .verdict = {.outcome = Outcome::kOutOfMemory}, .last = true});
    Verdict verdict =
        request.language == Language::kJq ? jq_.Evaluate(request) : javascript_->Evaluate(request);
    const bool last = javascript_->spent();
    return Send({.id = request.id, .verdict = std::move(verdict), .last = last}) && !last;
  }

  bool Send(const Reply& reply) { return WriteAll(channel_fd_, EncodeReply(reply)); }

  std::optional<std::string> Receive() {
    for (;;) {
      auto body = decoder_.Next();
      CHECK(body.ok());
      if (body->has_value()) return *std::move(body);
      const ssize_t count = read(channel_fd_, buffer_.data(), buffer_.size());
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return std::nullopt;
      decoder_.Append({buffer_.data(), static_cast<std::size_t>(count)});
    }
  }

  int channel_fd_;
  Farewell farewell_;
  JqEngine jq_;
  std::unique_ptr<JsEngine> javascript_;
  FrameDecoder decoder_;
  std::array<char, kReadBytes> buffer_ = {};
};

}  // namespace

int RunScriptHost(int channel_fd, std::size_t memory_bytes) {
  // The engine closes the channel when it ends; this is for a script that runs at that moment.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  auto host = std::make_unique<Host>(channel_fd);
  const absl::Status prepared = host->Prepare(memory_bytes);
  if (host->Greet(prepared) && prepared.ok()) host->Serve();
  // Nothing is torn down: the libraries' threads run, and all memory is the system's to take.
  _exit(prepared.ok() ? 0 : 1);
}

}  // namespace skald::script
