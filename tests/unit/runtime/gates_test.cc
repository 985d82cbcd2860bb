// Limits in the matcher, without a loop: who may go, exactly, whatever happened before.
#include "engine/runtime/gates.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/runtime/matcher.h"
#include "gmock/gmock.h"

namespace skald::runtime {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

core::WorkflowId Id(std::uint64_t number) { return base::UuidV7(1, 1, number); }

class GatesTest : public ::testing::Test {
 protected:
  GatesTest() : matcher_(workers_) { At(0); }

  Gates& gates() { return matcher_.gates(); }
  void At(core::TimeUs seconds) {
    now_ = (1'000 + seconds) * core::kSecondUs;
    gates().Advance(now_);
  }

  // Tasks are known by their workflow's number.
  void Add(std::uint64_t number, const core::TaskLimits& limits, const std::string& key = "",
           std::int32_t priority = 0, const std::string& domain = "") {
    matcher_.Enqueue(QueueOf(domain), {.workflow = Id(number), .task = 1, .since = now_}, priority,
                     gates().Find("default", "a", limits, key));
    numbers_[Id(number)] = number;
  }
  Queue& QueueOf(const std::string& domain) { return matcher_.GetQueue("default", "a", domain); }

  // Starts all that may start, in order.
  std::vector<std::uint64_t> Take(const std::string& domain = "", int count_max = 1'000) {
    std::vector<std::uint64_t> taken;
    Queue& queue = QueueOf(domain);
    while (!queue.ready.empty() && count_max-- > 0) {
      taken.push_back(numbers_[matcher_.TakeFirst(queue).workflow]);
    }
    return taken;
  }
  void End(std::uint64_t number) { gates().Release({Id(number), 1}); }

  WorkerTable workers_;
  Matcher matcher_;
  core::TimeUs now_ = 0;
  std::map<core::WorkflowId, std::uint64_t> numbers_;
};

TEST_F(GatesTest, AtMostSoManyAreInProgress) {
  for (int i = 1; i <= 5; ++i) Add(i, {.places = 2});
  EXPECT_EQ(QueueOf("").depth(), 5u);
  EXPECT_THAT(Take(), ElementsAre(1, 2));
  EXPECT_THAT(Take(), IsEmpty());
  End(2);
  EXPECT_THAT(Take(), ElementsAre(3));
  End(1);
  End(3);
  EXPECT_THAT(Take(), ElementsAre(4, 5));
  EXPECT_EQ(matcher_.task_count(), 0u);
  Add(6, {.places = 2});
  EXPECT_THAT(Take(), IsEmpty());
}

TEST_F(GatesTest, PlaceIsGivenBackOnce) {
  for (int i = 1; i <= 3; ++i) Add(i, {.places = 1});
  EXPECT_THAT(Take(), ElementsAre(1));
  End(1);
  End(1);
  End(2);  // waits: it has no place to give back
  EXPECT_THAT(Take(), ElementsAre(2));
  EXPECT_THAT(Take(), IsEmpty());
}

TEST_F(GatesTest, HigherPriorityOvertakesWhatWaitsForAPlace) {
  Add(1, {.places = 1});
  EXPECT_THAT(Take(), ElementsAre(1));
  Add(2, {.places = 1}, "", 0);
  Add(3, {.places = 1}, "", 7);
  Add(4, {.places = 1}, "", 9);
  Add(5, {.places = 1}, "", 9);
  for (const std::uint64_t next : {4, 5, 3, 2}) {
    End(next == 4 ? 1 : next == 5 ? 4 : next == 3 ? 5 : 3);
    EXPECT_THAT(Take(), ElementsAre(next));
  }
}

TEST_F(GatesTest, HigherPriorityTakesThePlaceOfACandidate) {
  Add(1, {.places = 1}, "", 0);
  Add(2, {.places = 1}, "", 5);
  EXPECT_THAT(Take(), ElementsAre(2)) << "1 stood ready, and nobody had taken it";
  End(2);
  EXPECT_THAT(Take(), ElementsAre(1));
}

TEST_F(GatesTest, EachKeyHasItsOwnPlaces) {
  const core::TaskLimits limits{.places = 3, .places_per_key = 1, .key = "customer"};
  Add(1, limits, "\"x\"");
  Add(2, limits, "\"x\"");
  Add(3, limits, "\"y\"");
  Add(4, limits, "\"z\"");
  Add(5, limits, "\"w\"");
  Add(6, limits);  // no key: only the definition's bound holds
  EXPECT_THAT(Take(), ElementsAre(1, 3, 4));
  End(3);
  EXPECT_THAT(Take(), ElementsAre(5)) << "2 waits for its key, though it is older";
  End(1);
  EXPECT_THAT(Take(), ElementsAre(2));
  End(4);
  EXPECT_THAT(Take(), ElementsAre(6));
  const auto uses = gates().Uses(now_);
  ASSERT_EQ(uses.size(), 1u);
  EXPECT_EQ(uses[0].in_progress, 3u);
  EXPECT_EQ(uses[0].keys, 2u) << "of 2 and 5";
}

TEST_F(GatesTest, DomainsShareTheLimitOfTheirDefinition) {
  Add(1, {.places = 1}, "", 0, "eu");
  Add(2, {.places = 1}, "", 0, "");
  EXPECT_EQ(QueueOf("eu").ready.size(), 1u) << "each may have it, whoever comes first";
  EXPECT_EQ(QueueOf("").ready.size(), 1u);
  EXPECT_THAT(Take(""), ElementsAre(2));
  EXPECT_THAT(Take("eu"), IsEmpty());
  End(2);
  EXPECT_THAT(Take("eu"), ElementsAre(1));
}

TEST_F(GatesTest, WithdrawnTaskLeavesItsTurnToTheNext) {
  for (int i = 1; i <= 3; ++i) Add(i, {.places = 1});
  matcher_.Withdraw(Id(1), 1);
  EXPECT_THAT(Take(), ElementsAre(2));
  matcher_.Withdraw(Id(3), 1);
  End(2);
  EXPECT_THAT(Take(), IsEmpty());
  EXPECT_EQ(matcher_.task_count(), 0u);
  EXPECT_EQ(QueueOf("").depth(), 0u);
}

TEST_F(GatesTest, NoWindowHoldsMoreStartsThanAllowed) {
  const core::TaskLimits limits{.starts = 2, .window_us = 10 * core::kSecondUs};
  for (int i = 1; i <= 6; ++i) Add(i, limits);
  EXPECT_THAT(Take("", 1), ElementsAre(1));
  At(3);
  EXPECT_THAT(Take(), ElementsAre(2));
  End(1);
  End(2);
  EXPECT_EQ(gates().next_wake_at(), 1'010 * core::kSecondUs);
  At(9);
  EXPECT_THAT(Take(), IsEmpty());
  At(10);
  EXPECT_THAT(Take(), ElementsAre(3)) << "the start of 1 has left the window";
  EXPECT_EQ(gates().next_wake_at(), 1'013 * core::kSecondUs);
  At(20);
  EXPECT_THAT(Take(), ElementsAre(4, 5));
  EXPECT_EQ(gates().Uses(now_)[0].waiting_for_rate, 1u);
  At(100);
  EXPECT_THAT(Take(), ElementsAre(6));
  EXPECT_EQ(gates().next_wake_at(), 0);
}

TEST_F(GatesTest, WindowThatAnotherProcessMayHaveUsedCountsAsUsed) {
  Add(1, {.starts = 5, .window_us = 10 * core::kSecondUs});
  gates().AssumeStartsUntil(now_);
  Add(2, {.starts = 5, .window_us = 10 * core::kSecondUs});
  EXPECT_THAT(Take(), IsEmpty());
  At(10);
  EXPECT_THAT(Take(), ElementsAre(1, 2));
}

TEST_F(GatesTest, NothingPassesWhileTheGatesAreClosed) {
  gates().Close();
  Add(1, {.places = 2});
  Add(2, {.places = 2});
  EXPECT_THAT(Take(), IsEmpty());
  gates().Hold({Id(7), 1}, gates().Find("default", "a", {.places = 2}, ""), now_);
  gates().Open();
  EXPECT_THAT(Take(), ElementsAre(1)) << "one was found in progress";
  End(7);
  EXPECT_THAT(Take(), ElementsAre(2));
}

TEST_F(GatesTest, ChangedLimitHoldsForWhatWaits) {
  for (int i = 1; i <= 4; ++i) Add(i, {.places = 1});
  EXPECT_THAT(Take(), ElementsAre(1));
  gates().Find("default", "a", {.places = 3}, "");
  EXPECT_THAT(Take(), ElementsAre(2, 3));
  gates().Find("default", "a", {.places = 2}, "");
  End(1);
  EXPECT_THAT(Take(), IsEmpty());
  End(2);
  EXPECT_THAT(Take(), ElementsAre(4));
}

// Whatever happens, in any order: no limit is passed, and nobody waits who could go.
class RandomGatesTest : public GatesTest {
 protected:
  struct Model {
    std::string key, domain;
    Queue::Place place;
    bool in_progress = false;
  };
  static constexpr std::size_t kPlaces = 6;
  static constexpr std::size_t kPlacesPerKey = 2;
  static constexpr std::size_t kStarts = 9;
  static constexpr core::DurationUs kWindowUs = 20 * core::kSecondUs;
  const core::TaskLimits limits_{.places = kPlaces,
                                 .places_per_key = kPlacesPerKey,
                                 .key = "k",
                                 .starts = kStarts,
                                 .window_us = kWindowUs};

  std::uint64_t Below(std::uint64_t bound) {
    random_ = random_ * 6364136223846793005ULL + 1442695040888963407ULL;
    return (random_ >> 33) % bound;
  }

  std::size_t InProgress(const std::string& key) const {
    return std::count_if(model_.begin(), model_.end(), [&](const auto& entry) {
      return entry.second.in_progress && (key.empty() || entry.second.key == key);
    });
  }

  void Check() {
    std::erase_if(started_, [&](core::TimeUs at) { return at + kWindowUs <= now_; });
    ASSERT_LE(InProgress(""), kPlaces);
    ASSERT_LE(started_.size(), kStarts);
    const std::size_t room = std::min(kPlaces - InProgress(""), kStarts - started_.size());
    for (const auto& [number, task] : model_) {
      if (task.in_progress) continue;
      ASSERT_LE(InProgress(task.key), task.key.empty() ? kPlaces : kPlacesPerKey);
      const Queue& queue = QueueOf(task.domain);
      ASSERT_LE(queue.ready.size(), room);
      if (queue.ready.contains(task.place)) continue;
      ASSERT_TRUE(queue.held.contains(task.place));
      const std::size_t key_room =
          task.key.empty() ? kPlaces : kPlacesPerKey - InProgress(task.key);
      const auto better_of_key =
          std::count_if(model_.begin(), model_.end(), [&, own = &task](const auto& entry) {
            const Model& other = entry.second;
            return !other.in_progress && other.key == own->key && other.domain == own->domain &&
                   other.place < own->place;
          });
      const auto better =
          std::count_if(queue.ready.begin(), queue.ready.end(),
                        [&, own = &task](const auto& entry) { return entry.first < own->place; });
      const bool waits_for_key =
          !task.key.empty() && static_cast<std::size_t>(better_of_key) >= key_room;
      ASSERT_TRUE(waits_for_key || static_cast<std::size_t>(better) >= room)
          << "task " << number << " waits for nothing";
    }
  }

  std::uint64_t random_ = 7;
  std::map<std::uint64_t, Model> model_;
  std::vector<core::TimeUs> started_;
};

TEST_F(RandomGatesTest, LimitsHoldAndNobodyWaitsForNothing) {
  static const std::vector<std::string> kKeys = {"", "1", "2", "3"};
  core::TimeUs seconds = 0;
  std::uint64_t next = 1;
  for (int round = 0; round < 1'500; ++round) {
    const std::uint64_t pick = Below(10);
    const std::string domain = Below(3) == 0 ? "eu" : "";
    if (pick < 4) {
      const std::string key = kKeys[Below(4)];
      const auto priority = static_cast<std::int32_t>(Below(3));
      Add(next, limits_, key, priority, domain);
      model_[next] = {key, domain, Queue::Place(-priority, next), false};
      ++next;
    } else if (pick < 6) {
      for (const std::uint64_t number : Take(domain, 2)) {
        model_[number].in_progress = true;
        started_.push_back(now_);
      }
    } else if (pick < 9 && !model_.empty()) {
      auto one = model_.lower_bound(Below(next));
      if (one == model_.end()) one = model_.begin();
      if (one->second.in_progress) {
        End(one->first);
      } else {
        matcher_.Withdraw(Id(one->first), 1);
      }
      model_.erase(one);
    } else {
      At(seconds += static_cast<core::TimeUs>(Below(4)));
    }
    ASSERT_NO_FATAL_FAILURE(Check()) << "round " << round;
  }
}

}  // namespace
}  // namespace skald::runtime
