#!/usr/bin/env bash
# The main job from end to end, on real processes: ./dev demo runs it after the build.
#
#   tests/e2e/demo.sh BUILD_DIR
#
# Exit code 0: every check held. Whatever it started is ended, and its folder removed, also after a
# failure and after Ctrl-C.
set -euo pipefail
build=$(readlink -f "${1:?usage: demo.sh BUILD_DIR}")
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.."

readonly batch_size=40
readonly batch=demo-batch # the correlation id of its orders
readonly patience_s=60    # no condition below takes that long unless something is wrong
readonly services=(inventory payment shipping)
readonly started_at=$SECONDS

work=$(mktemp -d "${TMPDIR:-/tmp}/skald-demo.XXXXXX")
chmod 755 "$work" # started by root, PostgreSQL runs as another user
engine_pid=
service_pids=()
checks=0

# ---- saying and checking ----

headline() { printf '\n== %s\n' "$*"; }
fail() {
  printf '   FAILED: %s\n' "$*" >&2
  for log in "$work"/*.log; do
    printf -- '--- last lines of %s\n' "${log##*/}" >&2
    tail -n 8 "$log" >&2
  done
  exit 1
}
held() {
  checks=$((checks + 1))
  printf '   ok: %s\n' "$*"
}
# expect WHAT WANTED SEEN
expect() {
  [[ $2 == "$3" ]] || fail "$1: expected '$2', saw '$3'"
  held "$1: ${3:-none}"
}
# await WHAT COMMAND…: until the command succeeds.
await() {
  local what=$1 deadline=$((SECONDS + patience_s))
  shift
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < deadline)) || fail "not within $patience_s s: $what"
    sleep 0.1
  done
}

# ---- processes ----

is_running() { [[ -n $1 ]] && kill -0 "$1" 2>/dev/null; }
# end PID: asks, and after ten seconds insists.
end() {
  is_running "$1" || return 0
  kill -TERM "$1" 2>/dev/null || true
  for _ in {1..100}; do
    is_running "$1" || return 0
    sleep 0.1
  done
  kill -KILL "$1" 2>/dev/null || true
}
# A PostgreSQL whose owner was killed shuts itself down; its folder goes after it.
await_postgres_gone() {
  local pid
  pid=$(head -n 1 "$work/data/postgres/postmaster.pid" 2>/dev/null) || return 0
  for _ in {1..200}; do
    is_running "$pid" || return 0
    sleep 0.1
  done
}
clean_up() {
  local pid
  for pid in "${service_pids[@]}"; do end "$pid"; done
  end "$engine_pid"
  await_postgres_gone
  rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# A port that nobody listens on, below those that the system gives away by itself.
free_port() {
  local port
  for _ in {1..100}; do
    port=$((20000 + RANDOM % 12000))
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port" && return; }
  done
  return 1
}

grpc_address=127.0.0.1:$(free_port)
http_address=127.0.0.1:$(free_port)
export SKALD_ADDRESS=$grpc_address # for the command line and the services

skald() { "$build/skald" "$@"; }
sql() { psql -X -q -A -t -v ON_ERROR_STOP=1 "host=$work/data/socket user=skald dbname=$1" -c "$2"; }

engine_is_ready() {
  is_running "$engine_pid" || fail "the engine has ended by itself"
  skald admin node -o json | grep -q '"ready":true'
}
start_engine() {
  # Not by the function above: its process id would be that of a shell around the engine.
  "$build/skald" dev --data-dir "$work/data" --grpc-address "$grpc_address" --http-address "$http_address" \
    --task-lease-ms 5000 >>"$work/engine.log" 2>&1 &
  engine_pid=$!
  await "the engine is ready" engine_is_ready
}

start_services() {
  local name
  for name in "${services[@]}"; do
    sql skald "create database $name"
    "$build/$name" --database-url "host=$work/data/socket user=skald dbname=$name" --threads 16 \
      >"$work/$name.log" 2>&1 &
    service_pids+=("$!")
  done
  local queue
  for queue in reserve_stock charge_card ship_order; do
    await "a worker for $queue" worker_is_there "$queue"
  done
}
worker_is_there() { skald admin queues | grep -q " $1 .*credits [1-9]"; }

# ---- orders ----

# order_of FILE ORDER_ID: the order of a file under another number.
order_of() { sed -E "s/(\"orderId\": *)\"[^\"]*\"/\1\"$2\"/" "workflows/inputs/$1.json"; }

count() { skald workflow list --correlation-id "$batch" --limit 10000 "$@" | wc -l; }
some_ended_others_not() { (($(count --status COMPLETED --status FAILED) >= 8 && $(count --status RUNNING) >= 5)); }
all_ended() { (($(count --status COMPLETED --status FAILED) == batch_size)); }

# effects WORKFLOW: the lines of the services' ledgers about it, added up.
net_effect() {
  local name sum=0
  for name in "${services[@]}"; do
    sum=$((sum + $(sql "$name" "select coalesce(sum(delta), 0) from ledger where workflow_id = '$1'")))
  done
  echo "$sum"
}

# Prints each workflow whose ledgers do not fit how it ended: each step of a completed order once;
# of an undone one every effect taken back; nothing twice.
misfits() {
  sql skald "select 'ended', workflow_id, status, saga_status from skald.workflows" >"$work/effects"
  local name
  for name in "${services[@]}"; do
    sql "$name" "select '$name', workflow_id, count(*) filter (where delta > 0),
      count(*) filter (where delta < 0) from ledger group by workflow_id, step_key" >>"$work/effects"
  done
  awk -F '|' '
    $1 == "ended" { status[$2] = $3; saga[$2] = $4; next }
    { done[$2] += $3; undone[$2] += $4; if ($3 > 1 || $4 > $3) print $2, $1, "more than once" }
    END {
      for (id in status) {
        if (status[id] == "COMPLETED" && (done[id] != 3 || undone[id] != 0)) print id, "not all done"
        if (status[id] == "FAILED" && done[id] != undone[id]) print id, "not undone"
        if (status[id] == "FAILED" && saga[id] != (done[id] > 0 ? "COMPENSATED" : "FAILED_CLEAN")) print id, saga[id]
        if (status[id] != "COMPLETED" && status[id] != "FAILED") print id, status[id]
      }
      for (id in done) if (!(id in status)) print id, "effect without an order"
    }' "$work/effects"
}

# ---- the demonstration ----

headline "Starting the engine with a PostgreSQL of its own, and three services"
start_engine
start_services
skald task-definition register workflows/task-definitions/*.json >/dev/null
skald definition register workflows/order.json | sed 's/^/   /'

headline "An order that completes (workflows/inputs/order.json)"
id=$(skald workflow start order --input @workflows/inputs/order.json --idempotency-key demo-1)
again=$(skald workflow start order --input @workflows/inputs/order.json --idempotency-key demo-1)
skald workflow watch "$id" >/dev/null || fail "the order did not complete"
skald workflow status "$id" | sed 's/^/   /'
expect "started twice with one idempotency key, one workflow" "$id" "$again"
expect "effects in the services' databases" 3 "$(net_effect "$id")"

headline "An order whose shipment is refused (workflows/inputs/order_refused.json)"
code=0
skald workflow start order --input @workflows/inputs/order_refused.json --idempotency-key demo-2 --wait >"$work/refused" || code=$?
sed 's/^/   /' "$work/refused"
expect "exit code of start --wait" 1 "$code"
id=$(skald workflow start order --input @workflows/inputs/order_refused.json --idempotency-key demo-2)
undone=$(skald workflow history "$id" -o json | grep '"op":"COMPENSATE"' |
  sed -E 's/.*"task_type":"([^"]*)".*/\1/' | paste -sd ' ')
expect "undone in reverse" "refund_card release_stock" "$undone"
expect "effects in the services' databases" 0 "$(net_effect "$id")"

headline "$batch_size orders; the engine is killed while they run"
kinds=(order order_slow order_refused order_slow order_declined order order_sold_out order_slow)
for ((n = 0; n < batch_size; ++n)); do
  order_of "${kinds[n % ${#kinds[@]}]}" "$batch-$n" |
    skald workflow start order --input @- --idempotency-key "$batch-$n" --correlation-id "$batch" >/dev/null
done
await "some orders have ended and others have not" some_ended_others_not
printf '   before: %s orders ended, %s running\n' "$(count --status COMPLETED --status FAILED)" "$(count --status RUNNING)"
killed_pid=$engine_pid
kill -KILL "$engine_pid"
wait "$engine_pid" 2>/dev/null || true
printf '   kill -9 %s, and started again on the same folder\n' "$killed_pid"
start_engine
await "all orders end" all_ended
expect "orders completed" "$((batch_size * 5 / 8))" "$(count --status COMPLETED)"
expect "orders failed and undone" "$((batch_size * 3 / 8))" "$(count --status FAILED)"

headline "Was anything lost, doubled or left over?"
expect "orders that do not fit the services' ledgers" "" "$(misfits)"
verified=$(skald workflow verify --all) || fail "violations: $verified"
held "saga invariants on every history: $verified"

printf '\nAll %s checks held (%s s).\n' "$checks" "$((SECONDS - started_at))"
