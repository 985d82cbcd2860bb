#include "engine/codec/state_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "engine/core/json_check.h"
#include "tests/unit/codec/random_values.h"

namespace skald::codec {
namespace {

using ::testing::HasSubstr;

// Numbers of what there is.
class Numbers {
 public:
  template <typename T>
  explicit Numbers(const core::Numbered<T>& records) {
    for (const T& record : records) numbers_.push_back(record.number);
  }
  // REQUIRES: there is any.
  std::uint32_t OneLike(std::uint32_t number) const { return numbers_[number % numbers_.size()]; }
  std::uint32_t OneOrNoneLike(std::uint32_t number) const {
    const std::size_t pick = number % (numbers_.size() + 1);
    return pick == numbers_.size() ? 0 : numbers_[pick];
  }

 private:
  std::vector<std::uint32_t> numbers_;
};

template <typename T>
void Fit(T& number, const Numbers& there) {
  number = there.OneOrNoneLike(number);
}
template <typename Container>
void FitAll(Container& numbers, const Numbers& there) {
  Container fitting;
  for (auto number : numbers) {
    Fit(number, there);
    fitting.insert(fitting.end(), number);
  }
  numbers = std::move(fitting);
}

// A state whose numbers point at tasks and runs that it has.
core::State RandomState(std::mt19937_64& random) {
  core::State state;
  RandomFields fields(random);
  VisitFields(fields, state);
  if (state.runs.empty()) state.tasks = {};
  const Numbers tasks(state.tasks);
  const Numbers runs(state.runs);
  for (core::Task& task : state.tasks) task.run = runs.OneLike(task.run);
  for (core::StepRun& run : state.runs) {
    Fit(run.task, tasks);
    Fit(run.operation_task, tasks);
    FitAll(run.after, runs);
    FitAll(run.before, runs);
  }
  FitAll(state.latest, runs);
  FitAll(state.open, runs);
  FitAll(state.held, runs);
  FitAll(state.permitted, runs);
  FitAll(state.fault.ready, runs);
  FitAll(state.fault.in_turn, runs);
  std::map<core::RunNumber, core::Loop> loops;
  for (auto& [number, loop] : state.loops) {
    if (state.runs.empty()) break;
    loop.run = runs.OneLike(number);
    loops[loop.run] = loop;
  }
  state.loops = loops;
  Fit(state.fault.task, tasks);
  FitAll(state.child_tasks, tasks);
  Fit(state.failure_task, tasks);
  std::set<core::Timer> timers;
  for (core::Timer timer : state.timers) {
    Fit(timer.task, tasks);
    timers.insert(timer);
  }
  state.timers = timers;
  return state;
}

TEST(StateJsonTest, EveryStateComesBackAsItWas) {
  std::mt19937_64 random(1121);
  for (int round = 0; round < 500; ++round) {
    const core::State state = RandomState(random);
    const std::string text = EncodeState(state);
    ASSERT_TRUE(core::CheckJson(text).ok()) << text;
    const auto decoded = DecodeState(core::Definition(), text);
    ASSERT_TRUE(decoded.ok()) << decoded.status() << text;
    EXPECT_TRUE(SameFields(state, *decoded)) << text;
    EXPECT_EQ(EncodeState(*decoded), text);
  }
}

template <typename T>
std::size_t FieldsVisited() {
  std::mt19937_64 random(1);
  RandomFields fields(random);
  T value;
  VisitFields(fields, value);
  return fields.count();
}

// A field that is added to the state and not to state_fields.h would be lost when a workflow parks.
TEST(StateJsonTest, EveryFieldIsStored) {
  // All but `added`, which is stored as it was made.
  EXPECT_EQ(FieldsVisited<core::State>() + 1, boost::pfr::tuple_size_v<core::State>);
  EXPECT_EQ(FieldsVisited<core::StepsRequest>(), boost::pfr::tuple_size_v<core::StepsRequest>);
  EXPECT_EQ(FieldsVisited<core::Fault>(), boost::pfr::tuple_size_v<core::Fault>);
  EXPECT_EQ(FieldsVisited<core::Timer>(), boost::pfr::tuple_size_v<core::Timer>);
  // All but `number` and `gone`, which follow from the place.
  EXPECT_EQ(FieldsVisited<core::Task>() + 2, boost::pfr::tuple_size_v<core::Task>);
  EXPECT_EQ(FieldsVisited<core::StepRun>() + 2, boost::pfr::tuple_size_v<core::StepRun>);
}

TEST(StateJsonTest, AFreshStateIsShort) {
  EXPECT_EQ(EncodeState(core::State{}),
            R"({"version":1,"status":"RUNNING","saga":"NONE","start":{},"fault":{}})");
}

TEST(StateJsonTest, AnotherVersionIsRefused) {
  const absl::Status newer = DecodeState(core::Definition(), R"({"version":2})").status();
  EXPECT_EQ(newer.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(newer.message()),
              HasSubstr("its snapshot has format version 2, this binary reads versions up to 1"));
  EXPECT_EQ(DecodeState(core::Definition(), R"({"version":0})").status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(DecodeState(core::Definition(), "{}").status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(StateJsonTest, DamageIsAnErrorAndNeverAStateThatPointsAtNothing) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "unexpected end"},
      {"[]", "not an object"},
      {R"({"version":1,"seq":-1})", "field seq"},
      {R"({"version":1,"tasks":{}})", "field tasks"},
      {R"({"version":1,"tasks":[1]})", "field tasks"},
      {R"({"version":1,"tasks":[{"run":1}]})", "task 1 has no run"},
      {R"({"version":1,"runs":[{"after":[2]}]})", "run 1 points at nothing"},
      {R"({"version":1,"runs":[{"task":1}]})", "run 1 points at nothing"},
      {R"({"version":1,"open":[1]})", "points at nothing"},
      {R"({"version":1,"latest":[9]})", "points at nothing"},
      {R"({"version":1,"timers":[{"kind":"WAIT","task":3}]})", "points at nothing"},
      {R"({"version":1,"timers":[{"kind":"SOON"}]})", "field kind"},
      {R"({"version":1,"join_remaining":[1]})", "field join_remaining"},
      {R"({"version":1,"fault":{"ready":[5]}})", "points at nothing"},
      {R"({"version":1,"id":"x"})", "field id"},
  };
  for (const auto& [text, message] : cases) {
    const auto decoded = DecodeState(core::Definition(), text);
    ASSERT_FALSE(decoded.ok()) << text;
    EXPECT_THAT(std::string(decoded.status().message()), HasSubstr(message)) << text;
  }
}

}  // namespace
}  // namespace skald::codec
