#include "tests/tidy/words.h"

namespace skald::tidy {
namespace {

// A library that throws is caught in one file per edge, which turns exceptions into Status.
WordRule Exceptions() {
  return {.name = "exceptions",
          .folders = {"engine/", "workers/"},
          .words = {"try", "catch", "throw"},
          .instead =
              "return a Status; where a library throws, go through the one file of this "
              "edge that catches (tests/tidy/word_rules.cc names them)",
          .allowances = {
              {"engine/base/log.cc", "spdlog and fmt throw; a log line never fails"},
              {"engine/postgres/guard.cc", "libpqxx throws"},
              {"engine/app/config_file.cc", "CLI11 throws on a file that is malformed"},
              {"engine/app/main.cc", "what escapes ends the process with a message"},
              {"workers/sdk/pg_session.cc", "libpqxx throws"},
              {"workers/sdk/task_runner.cc", "handlers are other people's code"},
          }};
}

WordRule Threads() {
  return {
      .name = "threads",
      .folders = {"engine/", "workers/"},
      .words = {"std::thread", "std::jthread", "std::async", "pthread_create", "detach"},
      .instead =
          "run it on a thread that is there; threads start in the files named in "
          "tests/tidy/word_rules.cc only",
      .allowances =
          {
              {"engine/runtime/engine_thread.h", "the event loops"},
              {"engine/runtime/task_definition_reader.h", "look-ups that wait for the database"},
              {"engine/runtime/task_limit_reader.h", "limits are read again when they change"},
              {"engine/grpc/blocking_pool.h", "calls that wait for the database"},
              {"engine/grpc/blocking_pool.cc", "calls that wait for the database"},
              {"engine/grpc/worker_service.h", "pings and time-outs of the streams"},
              {"engine/grpc/worker_service.cc", "pings and time-outs of the streams"},
              {"engine/http/http_server.cc", "the HTTP loop"},
              {"engine/grpc_call/connection_watcher.h", "waits for channels to be ready"},
              {"engine/grpc_call/name_resolver.h", "the system's resolver makes one wait"},
              {"engine/http_call/http_loop.h", "the loop of HTTP steps"},
              {"engine/script/script_runner.h", "the loop over the script hosts"},
              {"engine/script/script_runner.cc", "the loop over the script hosts"},
              {"engine/postgres/thread.h", "connections that wait for the database"},
              {"engine/app/server_runner.cc", "partitions are made ahead once a day"},
              {"workers/sdk/executor.h", "handlers run in a pool of N threads"},
              {"workers/sdk/executor.cc", "handlers run in a pool of N threads"},
              {"workers/sdk/signal_drain.h", "waits for SIGTERM"},
              {"workers/sdk/signal_drain.cc", "waits for SIGTERM"},
              {"workers/sdk/worker.cc", "the stream's loop"},
              {"workers/sdk/test_kit.cc", "replays races of two threads"},
          },
      .scope_is_harmless = true};
}

WordRule Locks() {
  return {
      .name = "locks",
      .folders = {"engine/", "workers/", "tests/"},
      .words = {"std::mutex", "std::shared_mutex", "std::recursive_mutex", "std::lock_guard",
                "std::scoped_lock", "std::unique_lock", "std::condition_variable", "absl::Mutex"},
      .instead =
          "use Mutex, MutexLock and CondVar of engine/base/mutex.h: the compiler checks "
          "them, and ThreadSanitizer understands them",
      .allowances = {{"engine/base/mutex.h", "is made of them"}}};
}

WordRule WallClock() {
  return {.name = "wall clock",
          .folders = {"engine/", "workers/"},
          .words = {"system_clock", "absl::Now", "gettimeofday", "CLOCK_REALTIME", "time(nullptr)",
                    "time(NULL)"},
          .instead = "take the time from the Clock port, which follows the database's",
          .allowances = {
              {"engine/app/system_clock.cc", "the Clock port's real form"},
              {"workers/sdk/connection.cc", "gRPC's deadlines are wall-clock times"},
              {"workers/sdk/worker.cc", "the name of this start of the process"},
          }};
}

WordRule Randomness() {
  return {.name = "random numbers",
          .folders = {"engine/", "workers/"},
          .words = {"std::random_device", "std::mt19937", "std::mt19937_64", "absl::BitGen",
                    "getrandom", "getentropy", "rand", "srand", "random_generator"},
          .instead = "take random bits from the Random port, so that a simulation repeats them",
          .allowances = {
              {"engine/app/system_clock.h", "the Random port's real form"},
              {"engine/app/system_clock.cc", "the Random port's real form"},
              {"workers/sdk/connection.h", "workers must not reconnect in step"},
              {"workers/sdk/connection.cc", "workers must not reconnect in step"},
              {"workers/sdk/worker.cc", "the name of this start of the process"},
              {"workers/sdk/test_kit.cc", "a seeded order of faults"},
          }};
}

WordRule Environment() {
  return {.name = "environment variables",
          .folders = {"engine/", "workers/"},
          .words = {"getenv", "secure_getenv"},
          .instead = "read settings in engine/app (or a worker's main.cc) and pass them down",
          .allowances = {
              {"engine/app/child_process.cc", "a child gets our PATH"},
              {"engine/app/private_cluster.cc", "PostgreSQL may be in our PATH"},
          }};
}

WordRule Output() {
  return {.name = "output",
          .folders = {"engine/", "workers/"},
          .words = {"std::cout", "std::cerr", "std::clog", "printf", "fprintf", "puts", "perror"},
          .instead = "log through engine/base/log.h; only the command line speaks to people",
          .allowances = {
              {"engine/base/check.cc", "the last words of a process that aborts"},
              {"engine/app/", "the command line"},
          }};
}

WordRule Sleeping() {
  return {.name = "sleeping tests",
          .folders = {"tests/"},
          .words = {"sleep_for", "sleep_until", "usleep", "nanosleep", "sleep", "SleepFor"},
          .instead =
              "wait for the condition itself, or with Eventually of "
              "tests/support/eventually.h",
          .allowances = {
              {"tests/support/", "the helper that waits with a deadline"},
              {"tests/bench/", "measures for a time that is asked for; it is no test"},
          }};
}

WordRule TimeInTests() {
  return {.name = "tests that measure time",
          .folders = {"tests/unit/", "tests/conformance/", "tests/scenarios/", "tests/sim/",
                      "tests/fuzz/", "tests/tidy/"},
          .words = {"steady_clock", "system_clock", "high_resolution_clock", "absl::Now"},
          .instead =
              "use virtual time, or wait with Eventually of tests/support/eventually.h: a "
              "slow machine must not fail a test",
          .allowances = {
              {"tests/unit/sdk/fake_server.h", "stands in for a server; waits with deadlines"}}};
}

}  // namespace

std::span<const WordRule> WordRules() {
  static const std::vector<WordRule> rules = {Exceptions(), Threads(),    Locks(),
                                              WallClock(),  Randomness(), Environment(),
                                              Output(),     Sleeping(),   TimeInTests()};
  return rules;
}

}  // namespace skald::tidy
