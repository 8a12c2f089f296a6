#include "bench/results/results.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sid {
namespace {

using nlohmann::ordered_json;
using testing::HasSubstr;

const Problem kProblem{.classes = 3, .features = 4, .hidden = 5};

std::vector<double> Times(double seconds) { return std::vector<double>(6, seconds); }

Measurement Serial() {
  Measurement measurement{.contender = {.executor = "serial", .depth = 2, .batch = 8}, .stationary = true};
  for (int round = 0; round < 6; ++round)
    measurement.latency.push_back({10.0 + round, round == 5 ? "stolen time" : ""});
  measurement.phases = {{"step", -1, Times(20)},
                        {"extractor forward", -1, Times(2)},
                        {"teachers", -1, Times(1)},
                        {"local update", -1, Times(5)},
                        {"local update", 0, Times(2)},
                        {"local update", 1, Times(3)},
                        {"extractor backward", -1, Times(4)},
                        {"optimizer", -1, Times(4)}};
  measurement.gradient_sum = 0.5;
  // A quarter of the optimizer's work is each module's.
  measurement.memory.parameter_bytes = 4 * 4 * ModuleParameters(kProblem);
  return measurement;
}

Measurement Backpropagation() {
  Measurement measurement{.contender = {.learner = "bp-chain", .depth = 2, .batch = 8}, .stationary = true};
  for (int round = 0; round < 6; ++round) measurement.latency.push_back({(10.0 + round) / 2, ""});
  measurement.phases = {{"step", -1, Times(5)}};
  return measurement;
}

constexpr Link kFast{.bytes_per_second = 1e30, .latency = 0};

ordered_json Both() { return Reduce({Serial(), Backpropagation()}, kProblem, kFast); }

TEST(Reduce, DisturbedSamplesAreLeftOutAndCounted) {
  const ordered_json contender = Both()["contenders"][0];
  EXPECT_EQ(contender["step_seconds"]["median"], 12);
  EXPECT_EQ(contender["step_seconds"]["samples"], 5);
  EXPECT_EQ(contender["discarded"], 1);
  EXPECT_EQ(contender["disturbances"].dump(), R"({"stolen time":1})");
  EXPECT_EQ(contender["trusted"], true);
}

TEST(Reduce, MeasuredIsTheRatioOfPairs) {
  const ordered_json measured = Both()["measured_speedups"];
  ASSERT_EQ(measured.size(), 1u);
  EXPECT_EQ(measured[0]["of"], "sid/serial L=2 B=8");
  EXPECT_EQ(measured[0]["over"], "bp-chain L=2 B=8");
  EXPECT_EQ(measured[0]["ratio"]["median"], 0.5);
  EXPECT_EQ(measured[0]["ratio"]["samples"], 5) << "not the round in which one was disturbed";
}

TEST(Reduce, ModelsWhatHasPhasesOfModules) {
  const ordered_json all = Both()["modelled_speedups"];
  ASSERT_EQ(all.size(), 1u) << "backpropagation has none";
  const auto number = [&](const char* key) { return all[0][key].get<double>(); };
  EXPECT_DOUBLE_EQ(number("phase_1_seconds"), 3);
  EXPECT_DOUBLE_EQ(number("phase_2_seconds"), 5);
  EXPECT_DOUBLE_EQ(number("slowest_module_seconds"), 4);  // 3, and its 1 of the optimizer
  EXPECT_DOUBLE_EQ(number("all_modules_seconds"), 7);
  EXPECT_DOUBLE_EQ(number("theoretical"), 7.0 / 4);
  ASSERT_EQ(all[0]["critical_path"].size(), 2u);
  EXPECT_EQ(all[0]["critical_path"][1]["devices"], 2);
  // 2 + 1 + 7 + 4 + 2 on one device; 2 + 1 + 4 + 0.5 + 4 + 2 on two.
  EXPECT_DOUBLE_EQ(all[0]["critical_path"][1]["speedup"].get<double>(), 16 / 13.5);
}

// A pipeline is predicted by the slowest stage of the same contender's serial steps, and of no other's.
TEST(Reduce, APipelineIsPredictedByItsSlowestStage) {
  Measurement serial = Serial(), other = Serial(), pipeline = Serial();
  serial.contender.partition = other.contender.partition = pipeline.contender.partition = "even";
  serial.phases = {{"step", -1, Times(9)}, {"stage", -1, Times(9)}, {"stage", 0, Times(4)}, {"stage", 1, Times(5)}};
  other.phases = {{"step", -1, Times(2)}, {"stage", -1, Times(2)}, {"stage", 0, Times(1)}, {"stage", 1, Times(1)}};
  other.contender.threads = 2;
  pipeline.contender.schedule = "pipeline";
  const ordered_json results = Reduce({other, serial, pipeline}, kProblem, kFast);
  ASSERT_EQ(results["modelled_pipelines"].size(), 1u);
  const ordered_json& modelled = results["modelled_pipelines"][0];
  EXPECT_EQ(modelled["stages_of"], "sid/even/serial L=2 B=8");
  EXPECT_EQ(modelled["stage_seconds"], ordered_json({4.0, 5.0}));
  EXPECT_EQ(modelled["predicted_seconds"], 5);
  EXPECT_THAT(ToMarkdown(results), HasSubstr("| sid/even/serial/pipeline L=2 B=8 | 4000.000 5000.000 | 5000.000 | "
                                             "12000.000 | 10000.000 - 14000.000 |"));
}

TEST(ToMarkdown, HasTheFigures) {
  const std::string markdown = ToMarkdown(Both());
  EXPECT_THAT(markdown, HasSubstr("| sid/serial | 2 | 8 | 12000.000 | 10000.000 - 14000.000 | 5 | 1 | yes | yes |"));
  EXPECT_THAT(markdown,
              HasSubstr("| sid/serial | 2 | 8 | plain step | teachers | 1000.000 | 1000.000 - 1000.000 | 5.0 % |"));
  EXPECT_THAT(markdown, HasSubstr("sid/serial L=2 B=8 | bp-chain L=2 B=8 | 0.500 | 0.500 - 0.500 | 5 | yes |"));
  EXPECT_THAT(markdown, HasSubstr("1: 1.000 2: 1.185"));
  Measurement replayed = Backpropagation();
  replayed.contender.captured = true;
  EXPECT_THAT(ToMarkdown(Reduce({replayed}, kProblem, kFast)),
              HasSubstr("| bp-chain/captured | 2 | 8 | replay | step |"));
}

}  // namespace
}  // namespace sid
