#include "engine/http_call/transfer.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "engine/base/check.h"
#include "engine/base/ip_address.h"
#include "engine/core/bound.h"
#include "engine/http_call/limits.h"
#include "fmt/format.h"

namespace skald::http_call {

using core::Effect;
using core::TaskStatus;
using ports::RunnerResult;
using std::chrono::milliseconds;

// The callbacks run inside curl_multi_perform, on the loop's thread.
struct TransferCallbacks {
  static Transfer& Of(void* pointer) { return *static_cast<Transfer*>(pointer); }

  static void Touch(Transfer& transfer) {
    transfer.last_activity_ = std::chrono::steady_clock::now();
  }

  // The one place where an address becomes a connection.
  static curl_socket_t OpenSocket(void* pointer, curlsocktype, curl_sockaddr* address) {
    Transfer& transfer = Of(pointer);
    const auto target = base::IpAddress::FromSockaddr(&address->addr, address->addrlen);
    if (!target.has_value()) {
      transfer.refused_ = fmt::format("{}: neither IPv4 nor IPv6", transfer.host_);
      return CURL_SOCKET_BAD;
    }
    const absl::Status allowed =
        transfer.options_.egress.CheckConnection(transfer.host_, *target, transfer.port_);
    if (!allowed.ok()) {
      transfer.refused_ = std::string(allowed.message());
      return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  }

  // Before a request goes to a connection, a new or a used one.
  static int BeforeRequest(void* pointer, char* address, char*, int, int) {
    Transfer& transfer = Of(pointer);
    const auto target = base::IpAddress::Parse(address);
    const absl::Status allowed =
        target.has_value()
            ? transfer.options_.egress.CheckConnection(transfer.host_, *target, transfer.port_)
            : absl::PermissionDeniedError("egress policy: unknown address");
    if (!allowed.ok()) {
      transfer.refused_ = std::string(allowed.message());
      return CURL_PREREQFUNC_ABORT;
    }
    if (transfer.handed_over_ && !transfer.request_.IsIdempotent()) {
      transfer.refused_ = "the connection was lost with the request, which is not sent twice";
      return CURL_PREREQFUNC_ABORT;
    }
    transfer.handed_over_ = true;
    transfer.refused_.clear();  // of another address that the name also has
    Touch(transfer);
    return CURL_PREREQFUNC_OK;
  }

  static std::size_t Header(char* data, std::size_t, std::size_t size, void* pointer) {
    Transfer& transfer = Of(pointer);
    Touch(transfer);
    if (transfer.reply_.AddHeaderLine({data, size})) return size;
    transfer.refused_ = fmt::format(
        "the reply's headers have more bytes than {}",
        core::FixedBound("kResponseHeaderBytesMax", kResponseHeaderBytesMax, kLimitsHeader));
    return CURL_WRITEFUNC_ERROR;
  }

  static std::size_t Write(char* data, std::size_t, std::size_t size, void* pointer) {
    Transfer& transfer = Of(pointer);
    Touch(transfer);
    const std::size_t bytes_max = transfer.options_.response_bytes_max;
    if (transfer.reply_.AddBody({data, size}, bytes_max)) return size;
    transfer.refused_ = fmt::format("the reply has more bytes than {}",
                                    core::SettingBound("http_response_bytes_max", bytes_max));
    return CURL_WRITEFUNC_ERROR;
  }

  static std::size_t Read(char* out, std::size_t, std::size_t size, void* pointer) {
    Transfer& transfer = Of(pointer);
    Touch(transfer);
    const std::string& body = transfer.request_.body;
    const std::size_t bytes = std::min(size, body.size() - transfer.body_at_);
    std::memcpy(out, body.data() + transfer.body_at_, bytes);
    transfer.body_at_ += bytes;
    return bytes;
  }

  static int Seek(void* pointer, curl_off_t offset, int origin) {
    Transfer& transfer = Of(pointer);
    if (origin != SEEK_SET || offset < 0 ||
        static_cast<std::size_t>(offset) > transfer.request_.body.size()) {
      return CURL_SEEKFUNC_FAIL;
    }
    transfer.body_at_ = static_cast<std::size_t>(offset);
    return CURL_SEEKFUNC_OK;
  }
};

namespace {

struct UrlDeleter {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};

std::string Part(CURLU* url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, flags) != CURLUE_OK) return "";
  std::string result(text);
  curl_free(text);
  return result;
}

template <typename Value>
void Set(CURL* easy, CURLoption option, Value value) {
  CHECK(curl_easy_setopt(easy, option, value) == CURLE_OK);
}

bool IsCredential(const std::string& name) {
  return absl::EqualsIgnoreCase(name, "authorization") || absl::EqualsIgnoreCase(name, "cookie");
}

bool IsOfBody(const std::string& name) { return absl::StartsWithIgnoreCase(name, "content-"); }

// A refusal that would be the same the next time.
RunnerResult Refused(const std::string& why) {
  return FailedResult(TaskStatus::kFailedWithTerminalError, Effect::kNone, why);
}

}  // namespace

Transfer::Transfer(const HttpOptions& options, ports::RunnerTask task, ports::TaskRunner::Done done,
                   MonotonicTime now)
    : options_(options), task_(std::move(task)), done_(std::move(done)), last_activity_(now) {
  const std::int64_t bound_us =
      task_.timeout_us > 0 ? task_.timeout_us : options_.attempt_ms_default * core::kMillisecondUs;
  deadline_ = now + std::chrono::microseconds(bound_us);
}

std::optional<RunnerResult> Transfer::Prepare() {
  absl::StatusOr<HttpRequest> request = ParseRequest(task_, options_.request_bytes_max);
  if (!request.ok()) {
    RunnerResult result =
        FailedResult(TaskStatus::kFailed, Effect::kNone, std::string(request.status().message()));
    result.reason = std::string(request.status().message());
    return result;
  }
  request_ = *std::move(request);
  return SetUri(request_.uri);
}

std::optional<RunnerResult> Transfer::SetUri(const std::string& uri) {
  const std::unique_ptr<CURLU, UrlDeleter> url(curl_url());
  constexpr unsigned kFlags = CURLU_ALLOW_SPACE | CURLU_URLENCODE;
  const CURLUcode code = curl_url_set(url.get(), CURLUPART_URL, uri.c_str(), kFlags);
  // An address is data, and may be right the next time: retried, as on the reference.
  if (code != CURLUE_OK) {
    return Fail(TaskStatus::kFailed, fmt::format("uri: {}", curl_url_strerror(code)));
  }
  const std::string scheme = Part(url.get(), CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https") {
    return Refused(fmt::format("uri: scheme {}: expected http or https", scheme));
  }
  std::uint32_t port = 0;
  if (!absl::SimpleAtoi(Part(url.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT), &port) ||
      port > 65'535) {
    return Refused("uri: the port is none");
  }
  host_ = Part(url.get(), CURLUPART_HOST);
  port_ = static_cast<std::uint16_t>(port);
  origin_ = fmt::format("{}://{}:{}", scheme, host_, port);
  if (host_.starts_with('[')) host_ = host_.substr(1, host_.size() - 2);
  uri_ = Part(url.get(), CURLUPART_URL);
  const absl::Status allowed = options_.egress.CheckHost(host_, port_);
  if (!allowed.ok())
    return Fail(TaskStatus::kFailedWithTerminalError, std::string(allowed.message()));
  return std::nullopt;
}

void Transfer::SetConnectionOptions() {
  CURL* easy = easy_.get();
  Set(easy, CURLOPT_URL, uri_.c_str());
  Set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  Set(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  Set(easy, CURLOPT_FOLLOWLOCATION, 0L);
  Set(easy, CURLOPT_PROXY, "");
  Set(easy, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  Set(easy, CURLOPT_NOSIGNAL, 1L);
  Set(easy, CURLOPT_QUICK_EXIT, 1L);  // a canceled call does not wait for its name to resolve
  Set(easy, CURLOPT_SSL_VERIFYPEER, 1L);
  Set(easy, CURLOPT_SSL_VERIFYHOST, 2L);
  if (!options_.ca_file.empty()) Set(easy, CURLOPT_CAINFO, options_.ca_file.c_str());
  Set(easy, CURLOPT_MAXAGE_CONN, static_cast<long>(kIdleConnectionSecondsMax));
  Set(easy, CURLOPT_CONNECTTIMEOUT_MS,
      static_cast<long>(std::min(request_.connect_timeout_ms, options_.attempt_ms_default)));
  Set(easy, CURLOPT_OPENSOCKETFUNCTION, &TransferCallbacks::OpenSocket);
  Set(easy, CURLOPT_OPENSOCKETDATA, this);
  Set(easy, CURLOPT_PREREQFUNCTION, &TransferCallbacks::BeforeRequest);
  Set(easy, CURLOPT_PREREQDATA, this);
  Set(easy, CURLOPT_HEADERFUNCTION, &TransferCallbacks::Header);
  Set(easy, CURLOPT_HEADERDATA, this);
  Set(easy, CURLOPT_WRITEFUNCTION, &TransferCallbacks::Write);
  Set(easy, CURLOPT_WRITEDATA, this);
  Set(easy, CURLOPT_ERRORBUFFER, error_text_.data());
  Set(easy, CURLOPT_PRIVATE, this);
}

void Transfer::SetRequestOptions() {
  CURL* easy = easy_.get();
  Set(easy, CURLOPT_USERAGENT, options_.user_agent.c_str());
  Set(easy, CURLOPT_ACCEPT_ENCODING, "");  // all that this libcurl can undo
  if (request_.has_body) {
    Set(easy, CURLOPT_UPLOAD, 1L);
    Set(easy, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
    Set(easy, CURLOPT_READFUNCTION, &TransferCallbacks::Read);
    Set(easy, CURLOPT_READDATA, this);
    Set(easy, CURLOPT_SEEKFUNCTION, &TransferCallbacks::Seek);
    Set(easy, CURLOPT_SEEKDATA, this);
  } else if (request_.method == "HEAD") {
    Set(easy, CURLOPT_NOBODY, 1L);
  } else if (!request_.IsSafe()) {
    Set(easy, CURLOPT_POSTFIELDS, "");
    Set(easy, CURLOPT_POSTFIELDSIZE, 0L);
  }
  Set(easy, CURLOPT_CUSTOMREQUEST, request_.method.c_str());
  curl_slist* lines = curl_slist_append(nullptr, "Expect:");
  bool content_type = false;
  for (const auto& [name, value] : request_.headers) {
    content_type = content_type || absl::EqualsIgnoreCase(name, "content-type");
    // "Name;" is how libcurl is told of a header without a value.
    const std::string line =
        value.empty() ? fmt::format("{};", name) : fmt::format("{}: {}", name, value);
    lines = curl_slist_append(lines, line.c_str());
  }
  if (!content_type) lines = curl_slist_append(lines, "Content-Type:");
  CHECK(lines != nullptr);
  header_lines_.reset(lines);
  Set(easy, CURLOPT_HTTPHEADER, lines);
}

std::optional<RunnerResult> Transfer::Open(MonotonicTime now) {
  easy_.reset(curl_easy_init());
  if (easy_ == nullptr) return Fail(TaskStatus::kFailed, "libcurl gave no handle");
  error_text_.assign(CURL_ERROR_SIZE, '\0');
  body_at_ = 0;
  handed_over_ = false;
  refused_.clear();
  reply_.Clear();
  last_activity_ = now;
  SetConnectionOptions();
  SetRequestOptions();
  return std::nullopt;
}

std::optional<RunnerResult> Transfer::Close(CURLcode code) {
  char* location = nullptr;
  curl_easy_getinfo(easy_.get(), CURLINFO_REDIRECT_URL, &location);
  const std::string target = location == nullptr ? "" : location;
  easy_.reset();
  header_lines_.reset();
  if (code != CURLE_OK) {
    if (!refused_.empty()) return Fail(TaskStatus::kFailedWithTerminalError, refused_);
    const std::string text = error_text_.c_str();
    return Fail(TaskStatus::kFailed, text.empty() ? curl_easy_strerror(code) : text);
  }
  const int status = reply_.status();
  const bool leads_on =
      status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
  if (leads_on && !target.empty()) return Redirect(target);
  return ResultOf(reply_, request_.IsSafe(), asked_before_, request_.async_complete);
}

std::optional<RunnerResult> Transfer::Redirect(const std::string& location) {
  const int status = reply_.status();
  const bool repeats = status == 307 || status == 308;
  if (!repeats && !request_.IsSafe()) asked_before_ = true;
  handed_over_ = false;  // this request was answered; what it did is in asked_before_
  if (++redirects_ > options_.redirects_max) {
    return Fail(TaskStatus::kFailedWithTerminalError,
                fmt::format("more than {} redirects (redirects_max)", options_.redirects_max));
  }
  const bool becomes_get =
      status == 303 ? request_.method != "HEAD" : !repeats && request_.method == "POST";
  if (becomes_get) {
    request_.method = "GET";
    request_.body.clear();
    request_.has_body = false;
    std::erase_if(request_.headers, [](const auto& header) { return IsOfBody(header.first); });
  }
  const std::string origin_before = origin_;
  if (auto refused = SetUri(location)) {
    refused->effect = EffectSoFar();
    return refused;
  }
  if (origin_ != origin_before) {
    std::erase_if(request_.headers, [](const auto& header) { return IsCredential(header.first); });
  }
  return std::nullopt;
}

Effect Transfer::EffectSoFar() const {
  if (asked_before_) return Effect::kUnknown;
  return handed_over_ && !request_.IsSafe() ? Effect::kUnknown : Effect::kNone;
}

RunnerResult Transfer::Fail(TaskStatus status, std::string why) const {
  const std::string where = origin_.empty() ? "" : fmt::format(" for {}", origin_);
  return FailedResult(status, EffectSoFar(),
                      fmt::format("I/O error on {} request{}: {}", request_.method, where, why));
}

milliseconds Transfer::ReadTimeout() const {
  return milliseconds(std::min(request_.read_timeout_ms, options_.attempt_ms_default));
}

MonotonicTime Transfer::NextDeadline(MonotonicTime now) const {
  return std::min(deadline_, (handed_over_ ? last_activity_ : now) + ReadTimeout());
}

std::optional<RunnerResult> Transfer::Expired(MonotonicTime now) const {
  if (now >= deadline_) return Fail(TaskStatus::kFailed, "the attempt's time is up");
  if (!handed_over_ || now < last_activity_ + ReadTimeout()) return std::nullopt;
  return Fail(TaskStatus::kFailed,
              fmt::format("Read timed out: nothing came for {} ms", request_.read_timeout_ms));
}

RunnerResult Transfer::Canceled(std::string_view why) const {
  return Fail(TaskStatus::kFailed, std::string(why));
}

}  // namespace skald::http_call
