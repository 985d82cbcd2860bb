#include "workers/sdk/barrier.h"

#include <optional>
#include <utility>

#include "engine/base/status.h"
#include "fmt/format.h"

namespace skald::sdk {
namespace {

constexpr char kAction[] = "A";
constexpr char kUndo[] = "C";
constexpr char kDone[] = "DONE";
constexpr char kSealed[] = "SEALED";
constexpr char kNulled[] = "NULLED";
constexpr char kClaim[] = "saga_claim";
constexpr char kStore[] = "saga_store";
constexpr char kLook[] = "saga_look";
constexpr char kMarkNulled[] = "saga_nulled";

// One round trip claims the slot or tells what is in it. The no-op update on conflict is what waits
// for the other transaction and returns its row; xmax is 0 only in a row inserted here.
constexpr char kClaimSql[] = R"sql(
insert into saga_barrier as b (step_key, op, verdict, payload_digest, fence)
values ($1, $2, $3, $4, $5)
on conflict (step_key, op) do update set verdict = b.verdict
returning (xmax = 0) as fresh, verdict, payload_digest, coalesce(response::text, 'null') as response
)sql";

// clock_timestamp(), for now() stands still at the start of the transaction. Tells a deadline that
// has passed from a claim that is gone: its transaction was rolled back under the handler.
constexpr char kStoreSql[] = R"sql(
with stored as (
  update saga_barrier set response = $3::json where step_key = $1 and op = $2
  and ($4::bigint = 0 or
       clock_timestamp() < timestamptz 'epoch' + $4::bigint * interval '1 microsecond')
  returning 1)
select (select count(*) from stored),
       (select count(*) from saga_barrier where step_key = $1 and op = $2)
)sql";

constexpr char kLookSql[] = "select verdict from saga_barrier where step_key = $1 and op = 'A'";
constexpr char kMarkNulledSql[] =
    "update saga_barrier set verdict = 'NULLED' where step_key = $1 and op = 'C'";

struct Slot {
  bool fresh = false;
  std::string verdict;
  std::string digest;
  std::string response;
};

Slot Claim(Transaction& work, const BarrierCall& call, const char* op, const char* verdict,
           std::string_view digest = {}) {
  const pqxx::row row =
      work.exec_prepared1(kClaim, std::string(call.step_key), op, verdict, std::string(digest),
                          static_cast<std::int64_t>(call.fence));
  return {.fresh = row[0].as<bool>(),
          .verdict = row[1].as<std::string>(),
          .digest = row[2].as<std::string>(),
          .response = row[3].as<std::string>()};
}

// Makes Transact roll back; the reply is in the caller's variable.
absl::Status RollBack() { return absl::CancelledError("rolled back on purpose"); }

Result Rejected(Result result) { return std::move(result).WithVerdict(Verdict::kRejected); }

// Whatever a function claims about its effect, its transaction is gone.
Result WithoutEffect(const Result& declined) {
  switch (declined.status()) {
    case Result::Status::kTerminal:
      return Result::Terminal(declined.reason()).WithOutput(declined.output());
    case Result::Status::kCancelled:
      return Result::Cancelled();
    case Result::Status::kLater:
      return Result::Later(declined.delay());
    default:
      return Result::Failed(declined.reason()).WithOutput(declined.output());
  }
}

// Last statements of an action or undo whose function has run: stores the response, unless the
// function declined or the deadline has passed.
absl::Status Finish(Transaction& work, const BarrierCall& call, const char* op, Result result,
                    std::optional<Result>& reply) {
  if (result.status() != Result::Status::kCompleted) {
    reply = WithoutEffect(result);
    return RollBack();
  }
  const std::string response = result.output().empty() ? "null" : result.output();
  const pqxx::row stored =
      work.exec_prepared1(kStore, std::string(call.step_key), op, response, call.not_after_us);
  if (stored[1].as<int>() == 0) {
    return absl::InternalError(
        fmt::format("step {}: the handler went on after an SQL error", call.step_key));
  }
  if (stored[0].as<int>() == 0) {
    reply = Rejected(Result::Failed(
        fmt::format("step {}: finished after the deadline of its dispatch", call.step_key)));
    return RollBack();
  }
  reply = std::move(result).WithVerdict(Verdict::kDone);
  return absl::OkStatus();
}

absl::Status RunAction(Transaction& work, const BarrierCall& call,
                       const Barrier::ActionFunction& function, std::optional<Result>& reply) {
  const Slot slot = Claim(work, call, kAction, kDone, call.payload_digest);
  if (slot.fresh) return Finish(work, call, kAction, function(work), reply);
  if (slot.verdict == kSealed) {
    reply = Rejected(Result::Terminal(
        fmt::format("step {}: undone before this delivery arrived", call.step_key)));
    return RollBack();
  }
  if (slot.digest != call.payload_digest) {
    return absl::FailedPreconditionError(
        fmt::format("step {}: the key was used before with another payload", call.step_key));
  }
  reply = Result::Completed(slot.response).WithVerdict(Verdict::kReplayed);
  return RollBack();
}

absl::Status RunUndo(Transaction& work, const BarrierCall& call,
                     const Barrier::UndoFunction& function, std::optional<Result>& reply) {
  const Slot own = Claim(work, call, kUndo, kDone);
  if (!own.fresh) {
    reply = own.verdict == kNulled
                ? Result::Completed("{}").WithVerdict(Verdict::kNulled)
                : Result::Completed(own.response).WithVerdict(Verdict::kReplayed);
    return RollBack();
  }
  const Slot action = Claim(work, call, kAction, kSealed);
  if (action.fresh || action.verdict == kSealed) {
    work.exec_prepared0(kMarkNulled, std::string(call.step_key));
    reply = Result::Completed("{}").WithVerdict(Verdict::kNulled);
    return absl::OkStatus();
  }
  return Finish(work, call, kUndo, function(work, action.response), reply);
}

absl::StatusOr<Result> Outcome(const absl::Status& status, std::optional<Result> reply) {
  if (status.ok() || (status.code() == absl::StatusCode::kCancelled && reply.has_value())) {
    return *std::move(reply);
  }
  return status;
}

}  // namespace

Barrier::Barrier(PgSession& session) : session_(session) {
  session_.Prepare(kClaim, kClaimSql);
  session_.Prepare(kStore, kStoreSql);
  session_.Prepare(kLook, kLookSql);
  session_.Prepare(kMarkNulled, kMarkNulledSql);
}

absl::StatusOr<Result> Barrier::Action(const BarrierCall& call, const ActionFunction& function) {
  std::optional<Result> reply;
  const absl::Status status = session_.Transact([&](Transaction& work) {
    reply.reset();
    return RunAction(work, call, function, reply);
  });
  return Outcome(status, std::move(reply));
}

absl::StatusOr<Result> Barrier::Undo(const BarrierCall& call, const UndoFunction& function) {
  std::optional<Result> reply;
  const absl::Status status = session_.Transact([&](Transaction& work) {
    reply.reset();
    return RunUndo(work, call, function, reply);
  });
  return Outcome(status, std::move(reply));
}

absl::StatusOr<Result> Barrier::Seal(const BarrierCall& call) {
  std::optional<Result> reply;
  const absl::Status status = session_.Transact([&](Transaction& work) -> absl::Status {
    reply.reset();
    const Slot action = Claim(work, call, kAction, kSealed);
    if (!action.fresh && action.verdict != kSealed) {
      return absl::FailedPreconditionError(
          fmt::format("step {}: cannot be sealed, its action took effect", call.step_key));
    }
    reply = Result::Completed("{}").WithVerdict(Verdict::kNulled);
    return absl::OkStatus();
  });
  return Outcome(status, std::move(reply));
}

absl::StatusOr<Effect> Barrier::Look(const BarrierCall& call) {
  Effect effect = Effect::kUnknown;
  RETURN_IF_ERROR(session_.Transact([&](Transaction& work) {
    const pqxx::result rows = work.exec_prepared(kLook, std::string(call.step_key));
    if (rows.empty()) {
      effect = Effect::kUnknown;
    } else {
      effect = rows[0][0].as<std::string>() == kSealed ? Effect::kNone : Effect::kApplied;
    }
    return absl::OkStatus();
  }));
  return effect;
}

absl::StatusOr<Effect> Barrier::Probe(const BarrierCall& call) {
  Effect effect = Effect::kUnknown;
  RETURN_IF_ERROR(session_.Transact([&](Transaction& work) {
    const Slot action = Claim(work, call, kAction, kSealed);
    effect = action.fresh || action.verdict == kSealed ? Effect::kNone : Effect::kApplied;
    return absl::OkStatus();
  }));
  return effect;
}

}  // namespace skald::sdk
