#include "engine/grpc/starter.h"

#include <openssl/sha.h>

#include <atomic>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/core/limits.h"
#include "engine/core/task_domains.h"
#include "engine/grpc/convert.h"

namespace skald::grpc_edge {
namespace {

absl::Status CheckBytes(absl::string_view field, const std::string& value, std::size_t bytes_max) {
  if (value.size() <= bytes_max) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(field, ": ", value.size(), " bytes, at most ", bytes_max, " expected"));
}

core::Payload DomainsOf(const v1::StartRequest& request) {
  return core::TaskToDomain({request.task_to_domain().begin(), request.task_to_domain().end()});
}

// Tells one request from another under the same idempotency key.
std::string Digest(const v1::StartRequest& request) {
  std::string text = absl::StrCat(request.name(), "\n", request.version(), "\n",
                                  request.correlation_id(), "\n", request.input());
  const core::Payload domains = DomainsOf(request);
  if (!domains.empty()) absl::StrAppend(&text, "\n", absl::string_view(domains.text()));
  unsigned char hash[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), hash);
  constexpr std::size_t kDigestBytes = 16;  // half of it: told apart, not signed
  static constexpr char kHex[] = "0123456789abcdef";
  std::string digest;
  for (std::size_t i = 0; i < kDigestBytes; ++i) {
    digest.push_back(kHex[hash[i] >> 4]);
    digest.push_back(kHex[hash[i] & 15]);
  }
  return digest;
}

}  // namespace

struct Starter::Item {
  std::string name;
  std::int32_t version = 0;
  std::string digest;  // only with an idempotency key
  runtime::StartRequest start;
  Outcome outcome = absl::InternalError("start: not answered");
  bool answered = false;
};

// One call's requests on their way. Each callback writes its own item only.
struct Starter::Flight {
  std::vector<Item> items;
  Done done;
  std::atomic<std::size_t> open{0};

  void Refuse(Item& item, absl::Status why) {
    item.outcome = std::move(why);
    item.answered = true;
  }
  void CloseOne() {
    if (open.fetch_sub(1) != 1) return;
    std::vector<Outcome> outcomes;
    outcomes.reserve(items.size());
    for (Item& item : items) outcomes.push_back(std::move(item.outcome));
    done(std::move(outcomes));
  }
};

absl::Status Starter::Check(const v1::StartRequest& request, Item& item) {
  ASSIGN_OR_RETURN(item.start.name_space, ToNamespace(request.namespace_()));
  if (request.name().empty())
    return absl::InvalidArgumentError("name: a definition's name expected");
  RETURN_IF_ERROR(CheckBytes("name", request.name(), core::kNameBytesMax));
  RETURN_IF_ERROR(
      CheckBytes("idempotency_key", request.idempotency_key(), core::kIdempotencyKeyBytesMax));
  RETURN_IF_ERROR(
      CheckBytes("correlation_id", request.correlation_id(), core::kCorrelationIdBytesMax));
  RETURN_IF_ERROR(
      CheckBytes("trace.traceparent", request.trace().traceparent(), core::kTraceBytesMax));
  RETURN_IF_ERROR(
      CheckBytes("trace.tracestate", request.trace().tracestate(), core::kTraceBytesMax));
  if (request.priority() < 0 || request.priority() > core::kPriorityMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("priority: ", request.priority(), ", 0 to ", core::kPriorityMax, " expected"));
  }
  core::StartWorkflow& start = item.start.start;
  ASSIGN_OR_RETURN(start.input, ToPayload(request.input(), "input"));
  const std::size_t first = request.input().find_first_not_of(" \t\r\n");
  if (!start.input.empty() && request.input()[first] != '{') {
    return absl::InvalidArgumentError("input: a JSON object expected");
  }
  item.name = request.name();
  item.version = request.version();
  start.id = base::UuidV7(clock_.Now() / core::kMillisecondUs, random_.Next(), random_.Next());
  start.correlation_id = request.correlation_id();
  start.idempotency_key = request.idempotency_key();
  start.priority = request.priority();
  start.task_to_domain = DomainsOf(request);
  RETURN_IF_ERROR(core::CheckTaskToDomain(start.task_to_domain));
  start.traceparent = request.trace().traceparent();
  start.tracestate = request.trace().tracestate();
  if (!start.idempotency_key.empty()) item.digest = Digest(request);
  return absl::OkStatus();
}

void Starter::Start(std::vector<v1::StartRequest> requests, Done done) {
  auto flight = std::make_shared<Flight>();
  flight->items.resize(requests.size());
  flight->done = std::move(done);
  flight->open = requests.size();
  for (std::size_t i = 0; i < requests.size(); ++i) {
    Item& item = flight->items[i];
    if (absl::Status status = Check(requests[i], item); !status.ok()) {
      flight->Refuse(item, std::move(status));
    }
  }
  if (FindDefinitions(*flight)) {
    Claim(flight);
    return;
  }
  const absl::Status queued = pool_.Run([this, flight] {
    ResolveDefinitions(*flight);
    Claim(flight);
  });
  if (queued.ok()) return;
  for (Item& item : flight->items) flight->Refuse(item, queued);
  Begin(flight);
}

bool Starter::FindDefinitions(Flight& flight) {
  bool found_all = true;
  for (Item& item : flight.items) {
    if (item.answered) continue;
    item.start.definition = definitions_.Find(item.start.name_space, item.name, item.version);
    found_all = found_all && item.start.definition != nullptr;
  }
  return found_all;
}

void Starter::ResolveDefinitions(Flight& flight) {
  for (Item& item : flight.items) {
    if (item.answered || item.start.definition != nullptr) continue;
    auto definition = definitions_.Resolve(item.start.name_space, item.name, item.version);
    if (definition.ok()) {
      item.start.definition = *std::move(definition);
    } else {
      flight.Refuse(item, std::move(definition).status());
    }
  }
}

void Starter::Claim(const std::shared_ptr<Flight>& flight) {
  std::vector<ports::KeyClaim> claims;
  for (const Item& item : flight->items) {
    if (item.answered || item.digest.empty()) continue;
    claims.push_back({item.start.name_space, item.start.start.idempotency_key, item.start.start.id,
                      item.digest});
  }
  if (claims.empty()) {
    Begin(flight);
    return;
  }
  journal_.ClaimKeys(std::move(claims),
                     [this, flight](absl::StatusOr<std::vector<ports::KeyHolder>> holders) {
                       TakeClaims(flight, std::move(holders));
                     });
}

void Starter::TakeClaims(const std::shared_ptr<Flight>& flight,
                         absl::StatusOr<std::vector<ports::KeyHolder>> holders) {
  std::size_t next = 0;
  for (Item& item : flight->items) {
    if (item.answered || item.digest.empty()) continue;
    if (!holders.ok()) {
      flight->Refuse(item, holders.status());
      continue;
    }
    const ports::KeyHolder& holder = (*holders)[next++];
    if (holder.digest != item.digest) {
      flight->Refuse(item,
                     absl::AlreadyExistsError(absl::StrCat(
                         "idempotency_key: ", item.start.start.idempotency_key,
                         " was used with another request, for workflow ", holder.id.ToString())));
      continue;
    }
    item.start.start.id = holder.id;
    item.start.may_exist = !holder.fresh;
    if (!holder.started) continue;
    item.outcome = runtime::Started{holder.id, true};
    item.answered = true;  // answered: nothing is left to begin
  }
  Begin(flight);
}

void Starter::Begin(const std::shared_ptr<Flight>& flight) {
  // One more than the items while this loop runs, so that the last callback cannot finish the
  // flight under it.
  ++flight->open;
  for (Item& item : flight->items) {
    if (item.answered) {
      flight->CloseOne();
      continue;
    }
    engine_.Start(std::move(item.start), [flight, &item](Outcome outcome) {
      item.outcome = std::move(outcome);
      flight->CloseOne();
    });
  }
  flight->CloseOne();
}

}  // namespace skald::grpc_edge
