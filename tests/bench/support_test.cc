#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "tests/bench/binary_array.h"
#include "tests/bench/control.h"
#include "tests/bench/latency_samples.h"
#include "tests/bench/outbox.h"
#include "tests/bench/scenario.h"

namespace skald::bench {

// A message of an Outbox.
struct Letters {
  std::string text;
  void Clear() { text.clear(); }
};
void Append(Letters& into, Letters&& from) { into.text += from.text; }

namespace {

TEST(ControlTest, ReportSurvivesTheLine) {
  const Report report = {{"p50_ms", 0.125}, {"tasks", 123'456'789}};
  const auto parsed = ParseReport(FormatReport(report));
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(*parsed, report);
}

TEST(ControlTest, LineThatIsNoReportIsRefused) {
  EXPECT_FALSE(ParseReport("tasks=many").ok());
  EXPECT_FALSE(ParseReport("Segmentation fault").ok());
}

TEST(LatencySamplesTest, QuantilesAreExact) {
  constexpr int64_t kNanosecondsPerMs = 1'000'000;
  LatencySamples samples;
  for (int64_t i = 0; i <= 100; ++i) {
    samples.Add((100 - i) * kNanosecondsPerMs);
  }
  const Quantiles quantiles = samples.Take();
  EXPECT_DOUBLE_EQ(quantiles.p50_ms, 50);
  EXPECT_DOUBLE_EQ(quantiles.p99_ms, 99);
  EXPECT_EQ(quantiles.count, 101u);
}

TEST(LatencySamplesTest, TakingForgets) {
  LatencySamples samples;
  samples.Add(1);
  samples.Take();
  EXPECT_EQ(samples.Take().count, 0u);
}

TEST(LatencySamplesTest, AbsurdDurationsAreClamped) {
  LatencySamples samples;
  samples.Add(-1);
  EXPECT_EQ(samples.Take().p50_ms, 0);
  samples.Add(std::numeric_limits<int64_t>::max());
  EXPECT_GT(samples.Take().p50_ms, 400'000);
}

TEST(OutboxTest, WhatComesDuringAWriteIsMergedIntoTheNext) {
  Outbox<Letters> outbox;
  Letters* first = outbox.Put({"a"});
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(first->text, "a");
  EXPECT_EQ(outbox.Put({"b"}), nullptr);
  EXPECT_EQ(outbox.Put({"c"}), nullptr);
  Letters* second = outbox.WriteDone();
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(second->text, "bc");
  EXPECT_EQ(outbox.WriteDone(), nullptr);
  EXPECT_NE(outbox.Put({"d"}), nullptr);
}

TEST(BinaryArrayTest, HeadAndElementsAreInNetworkOrder) {
  BinaryArray array(BinaryArray::kByteaOid);
  array.AddBytes("xy");
  const std::string expected(
      "\0\0\0\1\0\0\0\0\0\0\0\x11\0\0\0\1\0\0\0\1"
      "\0\0\0\2xy",
      26);
  EXPECT_EQ(array.Bytes(), expected);
}

TEST(ScenarioTest, InputHasTheSizeAgreed) { EXPECT_EQ(WorkflowInput(7).size(), 256u); }

TEST(ScenarioTest, InputsDiffer) { EXPECT_NE(WorkflowInput(1), WorkflowInput(2)); }

TEST(ScenarioTest, UnknownNameIsAnsweredWithTheKnownOnes) {
  const auto found = FindScenario("chain4");
  ASSERT_FALSE(found.ok());
  EXPECT_NE(found.status().message().find("chain3"), absl::string_view::npos);
}

}  // namespace
}  // namespace skald::bench
