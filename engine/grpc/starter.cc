#include "engine/grpc/starter.h"

#include <openssl/sha.h>

#include <atomic>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/core/bound.h"
#include "engine/core/limits.h"
#include "engine/core/schema_rules.h"
#include "engine/core/task_domains.h"
#include "engine/grpc/convert.h"

namespace skald::grpc_edge {
namespace {

absl::Status CheckBytes(absl::string_view field, const std::string& value, std::string_view bound,
                        std::size_t bytes_max) {
  if (value.size() <= bytes_max) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(field, ": ", value.size(), " bytes, at most ",
                                                 core::FixedBound(bound, bytes_max), " expected"));
}

core::Payload DomainsOf(const v1::StartRequest& request) {
  return core::TaskToDomain({request.task_to_domain().begin(), request.task_to_domain().end()});
}

// Tells one request from another under the same idempotency key.
std::string Digest(const v1::StartRequest& request) {
  std::string text = absl::StrCat(request.name(), "\n", request.version(), "\n",
                                  request.correlation_id(), "\n", request.input());
  const core::Payload domains = DomainsOf(request);
  if (!domains.empty()) absl::StrAppend(&text, "\n", std::string(domains.text()));
  if (!request.definition().empty()) absl::StrAppend(&text, "\n", request.definition());
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
  std::string name;  // empty: of `definition`
  std::int32_t version = 0;
  std::string definition;  // JSON; empty: the one registered
  std::string name_space, key;
  std::string digest;  // only with an idempotency key
  core::KeyStrategy strategy = core::KeyStrategy::kReturnExisting;
  bool confirm = false;  // the workflow of the key did not exist when the key was claimed
  runtime::StartRequest start;
  Outcome outcome = absl::InternalError("start: not answered");
  bool answered = false;

  ports::KeyClaim ToClaim(const core::WorkflowId& id) const {
    return {name_space, key, id, digest, strategy};
  }
  absl::Status KeyMisused(const core::WorkflowId& holder) const {
    return absl::AlreadyExistsError(absl::StrCat("idempotency_key: ", key,
                                                 " was used with another request, for workflow ",
                                                 holder.ToString()));
  }
  absl::Status KeyInUse(const core::WorkflowId& holder) const {
    return absl::AlreadyExistsError(
        absl::StrCat("idempotency_key: ", key, " is that of workflow ", holder.ToString(),
                     strategy == core::KeyStrategy::kFailOnRunning ? ", which has not ended" : ""));
  }
  void Answer(Outcome with) {
    outcome = std::move(with);
    answered = true;
  }
  void TakeHolder(const ports::KeyHolder& holder);
};

void Starter::Item::TakeHolder(const ports::KeyHolder& holder) {
  const bool exclusive = strategy != core::KeyStrategy::kReturnExisting;
  if (exclusive && (holder.started || holder.requested)) return Answer(KeyInUse(holder.id));
  if (holder.digest != digest) return Answer(KeyMisused(holder.id));
  if (holder.started) return Answer(runtime::Started{holder.id, true});
  start.start.id = holder.id;
  start.may_exist = !holder.fresh;
  confirm = true;
}

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
  if (request.name().empty() && request.definition().empty())
    return absl::InvalidArgumentError("name: a definition's name expected");
  RETURN_IF_ERROR(CheckBytes("name", request.name(), "kNameBytesMax", core::kNameBytesMax));
  RETURN_IF_ERROR(CheckBytes("idempotency_key", request.idempotency_key(),
                             "kIdempotencyKeyBytesMax", core::kIdempotencyKeyBytesMax));
  RETURN_IF_ERROR(CheckBytes("correlation_id", request.correlation_id(), "kCorrelationIdBytesMax",
                             core::kCorrelationIdBytesMax));
  RETURN_IF_ERROR(CheckBytes("trace.traceparent", request.trace().traceparent(), "kTraceBytesMax",
                             core::kTraceBytesMax));
  RETURN_IF_ERROR(CheckBytes("trace.tracestate", request.trace().tracestate(), "kTraceBytesMax",
                             core::kTraceBytesMax));
  if (request.priority() < 0 || request.priority() > core::kPriorityMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("priority: ", request.priority(), ", 0 to ",
                     core::FixedBound("kPriorityMax", core::kPriorityMax), " expected"));
  }
  core::StartWorkflow& start = item.start.start;
  ASSIGN_OR_RETURN(start.input, ToPayload(request.input(), "input"));
  const std::size_t first = request.input().find_first_not_of(" \t\r\n");
  if (!start.input.empty() && request.input()[first] != '{') {
    return absl::InvalidArgumentError("input: a JSON object expected");
  }
  item.name = request.name();
  item.version = request.version();
  item.definition = request.definition();
  start.id = FreshId();
  start.correlation_id = request.correlation_id();
  start.idempotency_key = request.idempotency_key();
  start.priority = request.priority();
  start.task_to_domain = DomainsOf(request);
  RETURN_IF_ERROR(core::CheckTaskToDomain(start.task_to_domain));
  start.traceparent = request.trace().traceparent();
  start.tracestate = request.trace().tracestate();
  ASSIGN_OR_RETURN(item.strategy, FromProto(request.idempotency_strategy()));
  item.name_space = item.start.name_space;
  item.key = start.idempotency_key;
  if (!item.key.empty()) item.digest = Digest(request);
  return absl::OkStatus();
}

core::WorkflowId Starter::FreshId() const {
  return base::UuidV7(clock_.Now() / core::kMillisecondUs, random_.Next(), random_.Next());
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
    if (item.definition.empty()) {
      item.start.definition = definitions_.Find(item.start.name_space, item.name, item.version);
    }
    found_all = found_all && item.start.definition != nullptr;
  }
  return found_all;
}

void Starter::ResolveDefinitions(Flight& flight) {
  for (Item& item : flight.items) {
    if (item.answered || item.start.definition != nullptr) continue;
    auto definition = item.definition.empty()
                          ? definitions_.Resolve(item.start.name_space, item.name, item.version)
                          : OfStart(item);
    if (definition.ok()) {
      item.start.definition = *std::move(definition);
    } else {
      flight.Refuse(item, std::move(definition).status());
    }
  }
}

absl::StatusOr<runtime::DefinitionPointer> Starter::OfStart(const Item& item) {
  ASSIGN_OR_RETURN(runtime::DefinitionPointer given,
                   definitions_.OfStart(item.start.name_space, item.definition));
  if (!item.name.empty() && item.name != given->name) {
    return absl::InvalidArgumentError(
        absl::StrCat("name: ", item.name, ", and the definition's is ", given->name));
  }
  if (item.version != 0 && item.version != given->version) {
    return absl::InvalidArgumentError(
        absl::StrCat("version: ", item.version, ", and the definition's is ", given->version));
  }
  return given;
}

void Starter::Claim(const std::shared_ptr<Flight>& flight) {
  std::vector<ports::KeyClaim> claims;
  // Before the key is taken by what can never begin.
  for (Item& item : flight->items) {
    if (item.answered) continue;
    absl::Status good = core::CheckStartInput(*item.start.definition, item.start.start.input);
    if (!good.ok()) flight->Refuse(item, std::move(good));
  }
  for (const Item& item : flight->items) {
    if (item.answered || item.digest.empty()) continue;
    claims.push_back(item.ToClaim(item.start.start.id));
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
    item.TakeHolder((*holders)[next++]);
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
    engine_.Start(std::move(item.start), [this, flight, &item](Outcome outcome) {
      item.outcome = std::move(outcome);
      Confirm(flight, item);
    });
  }
  flight->CloseOne();
}

// Of two starts under a key that was claimed and not yet used, the engine carries out the first.
void Starter::Confirm(const std::shared_ptr<Flight>& flight, Item& item) {
  if (!item.confirm || !item.outcome.ok() || !item.outcome->existed) return flight->CloseOne();
  if (item.strategy != core::KeyStrategy::kReturnExisting) {
    item.outcome = item.KeyInUse(item.outcome->id);
    return flight->CloseOne();
  }
  journal_.ClaimKeys({item.ToClaim(item.outcome->id)},
                     [flight, &item](absl::StatusOr<std::vector<ports::KeyHolder>> holders) {
                       if (!holders.ok()) {
                         item.outcome = holders.status();
                       } else if (holders->front().digest != item.digest) {
                         item.outcome = item.KeyMisused(holders->front().id);
                       }
                       flight->CloseOne();
                     });
}

}  // namespace skald::grpc_edge
