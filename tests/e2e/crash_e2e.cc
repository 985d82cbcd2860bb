// kill -9 of the engine, of its PostgreSQL and of the services in turn, while at least 200 orders
// are under way, half of which have to be undone. The effects are counted in the services' own
// databases, whose server is not killed.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <set>
#include <thread>

#include "engine/base/mutex.h"
#include "fmt/format.h"
#include "tests/e2e/effects.h"
#include "tests/e2e/server.h"
#include "tests/support/eventually.h"
#include "tests/support/paths.h"
#include "tests/support/private_postgres.h"

namespace skald::testing {
namespace {

constexpr int kOrders = 2'000;
constexpr int kOpenMin = 200;  // orders under way at every kill
constexpr int kOpenMax = 300;
constexpr int kKills = 15;
constexpr int kKillEvery = 100;  // orders that end between two kills
constexpr int kStarterThreads = 8;
constexpr int kServiceThreads = 16;
constexpr std::chrono::minutes kRunPatience{8};

enum class Fate { kCompleted, kUndone, kFailedClean };

struct Kind {
  Fate fate;
  const char* item;
  const char* card;
  const char* country;
  int processing_ms;
};

constexpr const char* kGoodCard = "4242424242424242";
constexpr const char* kDeclinedCard = "4000000000000002";

// Of ten orders five are undone, one or two steps each, and one fails before it did anything.
constexpr std::array<Kind, 10> kKinds = {{{Fate::kCompleted, "item", kGoodCard, "DE", 0},
                                          {Fate::kUndone, "item", kGoodCard, "ATLANTIS", 0},
                                          {Fate::kCompleted, "item", kGoodCard, "DE", 200},
                                          {Fate::kUndone, "item", kDeclinedCard, "DE", 0},
                                          {Fate::kUndone, "item", kGoodCard, "ATLANTIS", 200},
                                          {Fate::kCompleted, "item", kGoodCard, "FR", 0},
                                          {Fate::kUndone, "item", kDeclinedCard, "DE", 100},
                                          {Fate::kFailedClean, "sold-out", kGoodCard, "DE", 0},
                                          {Fate::kUndone, "item", kGoodCard, "ATLANTIS", 0},
                                          {Fate::kCompleted, "item", kGoodCard, "DE", 100}}};

const Kind& KindOf(int order) { return kKinds[static_cast<std::size_t>(order) % kKinds.size()]; }

v1::StartRequest OrderNumber(int order) {
  const Kind& kind = KindOf(order);
  const std::string sku =
      std::string(kind.item) == "item" ? fmt::format("item-{:03}", order % 256) : kind.item;
  v1::StartRequest request;
  request.set_name("order");
  request.set_input(fmt::format(
      R"({{"orderId":"{}","sku":"{}","quantity":1,"cents":100,"card":"{}","country":"{}",)"
      R"("processingMs":{}}})",
      order, sku, kind.card, kind.country, kind.processing_ms));
  request.set_idempotency_key(fmt::format("crash-{}", order));
  return request;
}

bool MayComeOfACrash(const grpc::Status& status) {
  return status.error_code() == grpc::StatusCode::UNAVAILABLE ||
         status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED ||
         status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED;
}

// Starts the orders, each with its key until the engine has answered, and no further than allowed.
class Driver {
 public:
  explicit Driver(const Api& api) : api_(api), ids_(kOrders) {
    for (int i = 0; i < kStarterThreads; ++i) threads_.emplace_back([this] { Work(); });
  }
  ~Driver() {
    AllowUpTo(-1);
    for (std::thread& thread : threads_) thread.join();
  }
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  // Orders below `limit` may be started; negative: no more at all.
  void AllowUpTo(int limit) {
    const base::MutexLock lock(mutex_);
    limit_ = limit;
    allowed_.SignalAll();
  }
  int retries() const { return retries_; }
  // REQUIRES: all orders have ended. "" for an order that was refused.
  std::vector<std::string> ids() {
    const base::MutexLock lock(mutex_);
    return ids_;
  }
  std::string errors() {
    const base::MutexLock lock(mutex_);
    return errors_;
  }

 private:
  int Next() {
    const base::MutexLock lock(mutex_);
    while (limit_ >= 0 && next_ >= limit_ && next_ < kOrders) allowed_.Wait(mutex_);
    return limit_ < 0 || next_ >= kOrders ? kOrders : next_++;
  }

  void Work() {
    for (int order = Next(); order < kOrders; order = Next()) {
      const v1::StartRequest request = OrderNumber(order);
      v1::StartResponse response;
      grpc::Status status;
      Eventually(
          [&] {
            status = api_.Start(request, response);
            if (!MayComeOfACrash(status)) return true;
            ++retries_;
            return false;
          },
          kRunPatience);
      const base::MutexLock lock(mutex_);
      if (status.ok()) ids_[static_cast<std::size_t>(order)] = response.workflow_id();
      if (!status.ok()) {
        errors_ += fmt::format("order {}: code {}: {}\n", order,
                               static_cast<int>(status.error_code()), status.error_message());
      }
    }
  }

  const Api& api_;
  base::Mutex mutex_;
  base::CondVar allowed_;
  std::vector<std::string> ids_;
  std::string errors_;
  int limit_ = 0;
  int next_ = 0;
  std::atomic<int> retries_{0};
  std::vector<std::thread> threads_;
};

// The engine, its database and the services, and who of them was killed how often.
class Victims {
 public:
  Victims(Engine& engine, Services& services) : engine_(engine), services_(services) {}

  // Not while the engine comes up: without its database it ends again, to be started by whoever
  // keeps it.
  bool IsNextDue(int ended, int open) const {
    return kills_ < kKills && ended >= (kills_ + 1) * kKillEvery && open >= kOpenMin &&
           GetPage(engine_.http_port(), "/ready").code == 200;
  }
  void KillNext() {
    switch (kills_++ % 3) {
      case 0:
        engine_.Kill();
        engine_.Start();
        ++engine_kills_;
        return;
      case 1:
        PrivatePostgres::CrashAndRestart();
        ++postgres_kills_;
        return;
      default:
        services_.KillAndRestart(service_kills_++ % Services::kCount);
    }
  }
  int kills() const { return kills_; }
  std::string Counts() const {
    return fmt::format("engine {}, postgres {}, workers {}", engine_kills_, postgres_kills_,
                       service_kills_);
  }

 private:
  Engine& engine_;
  Services& services_;
  int kills_ = 0;
  int engine_kills_ = 0;
  int postgres_kills_ = 0;
  int service_kills_ = 0;
};

// Returns when every order has ended, or patience has.
void RunToTheEnd(Database& database, Driver& driver, Victims& victims) {
  int ended = 0;
  int all = 0;
  const bool is_over = Eventually(
      [&] {
        const auto rows = database.Rows("select count(*), count(ended_at) from skald.workflow");
        all = std::stoi(rows[0][0]);
        ended = std::stoi(rows[0][1]);
        driver.AllowUpTo(ended + kOpenMax);
        if (victims.IsNextDue(ended, all - ended)) victims.KillNext();
        return ended >= kOrders || driver.errors() != "";
      },
      kRunPatience);
  EXPECT_EQ(driver.errors(), "");
  EXPECT_TRUE(is_over) << ended << " of " << all << " orders have ended";
}

struct Tally {
  int completed = 0;
  int undone = 0;
  int lost = 0;      // not started, not ended, or ended otherwise than its input says
  int doubled = 0;   // steps done or undone more than once
  int orphaned = 0;  // orders whose effects do not fit how they ended
  int violations = 0;
};

bool EndedAs(Fate fate, const std::string& status, const std::string& saga_status) {
  if (fate == Fate::kCompleted) return status == "COMPLETED" && saga_status == "COMPLETED";
  if (fate == Fate::kUndone) return status == "FAILED" && saga_status == "COMPENSATED";
  // A killed worker leaves it open whether the first step did something; the undo finds nothing.
  return status == "FAILED" && (saga_status == "FAILED_CLEAN" || saga_status == "COMPENSATED");
}

bool Fits(Fate fate, const Effects& effects) {
  if (fate == Fate::kCompleted) return effects.steps_done == 3 && effects.steps_undone == 0;
  return effects.steps_done == effects.steps_undone;
}

void CountOrders(Database& database, const std::vector<std::string>& ids,
                 std::map<std::string, Effects> effects, Tally& tally) {
  std::map<std::string, std::vector<std::string>> ends;
  for (auto& row : database.Rows("select id, status, saga_status from skald.workflow")) {
    ends[row[0]] = row;
  }
  EXPECT_EQ(ends.size(), ids.size()) << "an idempotency key began two workflows";
  for (int order = 0; order < kOrders; ++order) {
    const std::string& id = ids[static_cast<std::size_t>(order)];
    const Fate fate = KindOf(order).fate;
    const auto end = ends.find(id);
    if (end == ends.end() || !EndedAs(fate, end->second[1], end->second[2])) {
      ++tally.lost;
      ADD_FAILURE() << "order " << order << ", workflow '" << id << "': "
                    << (end == ends.end() ? "lost" : end->second[1] + " " + end->second[2]);
      continue;
    }
    ++(fate == Fate::kCompleted ? tally.completed : tally.undone);
    tally.doubled += effects[id].doubled;
    tally.orphaned += Fits(fate, effects[id]) ? 0 : 1;
    effects.erase(id);
  }
  // What is left belongs to no order.
  tally.orphaned += static_cast<int>(effects.size());
}

void VerifyAll(const Api& api, const std::vector<std::string>& ids, Tally& tally) {
  for (const std::string& id : ids) {
    v1::VerifyResponse response;
    const grpc::Status status = api.Verify(id, response);
    EXPECT_TRUE(status.ok()) << id << ": " << status.error_message();
    EXPECT_GT(response.events_checked(), 0u) << id;
    tally.violations += response.violations_size();
    for (const auto& violation : response.violations()) {
      ADD_FAILURE() << id << ": " << violation.ShortDebugString();
    }
  }
}

TEST(CrashE2e, NothingIsLostDoubledOrOrphanedWhoeverIsKilled) {
  const TempDir folder;
  const std::string database_url = PrivatePostgres::NewDatabase();
  Migrate(database_url);
  Engine engine({"server", "--database-url", database_url}, folder.path());
  engine.Start();
  engine.AwaitReady();
  Services services(engine.address(), folder.path(), kServiceThreads);
  const Api api(engine.address());
  RegisterOrders(api);

  Driver driver(api);
  Victims victims(engine, services);
  Database database(database_url);
  RunToTheEnd(database, driver, victims);
  ASSERT_FALSE(HasFailure());
  EXPECT_EQ(victims.kills(), kKills);
  EXPECT_GT(driver.retries(), 0) << "no crash was noticed by a client";

  engine.AwaitReady();
  Tally tally;
  const std::vector<std::string> ids = driver.ids();
  EXPECT_EQ(std::set<std::string>(ids.begin(), ids.end()).size(), ids.size());
  CountOrders(database, ids, ReadLedgers(services.databases()), tally);
  VerifyAll(api, ids, tally);
  fmt::print(
      "crash run: {} orders, {} completed, {} undone, {} lost, {} doubled, {} orphan effects, "
      "{} violations, kills: {}\n",
      kOrders, tally.completed, tally.undone, tally.lost, tally.doubled, tally.orphaned,
      tally.violations, victims.Counts());
  EXPECT_EQ(tally.lost, 0);
  EXPECT_EQ(tally.doubled, 0);
  EXPECT_EQ(tally.orphaned, 0);
  EXPECT_EQ(tally.violations, 0);
  EXPECT_EQ(engine.process().Terminate(), 0) << engine.process().Log();
}

}  // namespace
}  // namespace skald::testing
