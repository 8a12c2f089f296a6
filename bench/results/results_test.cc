#include "bench/results/results.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bench/results/report.h"

namespace sid {
namespace {

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

class ResultsTest : public testing::Test {
 protected:
  void SetUp() override {
    Reduce({Serial(), Backpropagation()}, kProblem, {.link = {.bytes_per_second = 1e30}}, 1, &results_);
  }
  Results results_;
};

TEST_F(ResultsTest, DisturbedSamplesAreLeftOutAndCounted) {
  EXPECT_EQ(results_.contenders[0].step.median, 12);
  EXPECT_EQ(results_.contenders[0].step.samples, 5);
  EXPECT_EQ(results_.contenders[0].discarded, 1);
  EXPECT_TRUE(results_.contenders[0].trusted);
}

TEST_F(ResultsTest, MeasuredIsTheRatioOfPairs) {
  ASSERT_EQ(results_.measured.size(), 1u);
  EXPECT_EQ(results_.measured[0].of, "sid/serial L=2 B=8");
  EXPECT_EQ(results_.measured[0].over, "bp-chain L=2 B=8");
  EXPECT_EQ(results_.measured[0].ratio.median, 0.5);
  EXPECT_EQ(results_.measured[0].ratio.samples, 5) << "not the round in which one was disturbed";
}

TEST_F(ResultsTest, ModelsWhatHasPhasesOfModules) {
  ASSERT_EQ(results_.modelled.size(), 1u) << "backpropagation has none";
  const ModelledSpeedup& modelled = results_.modelled[0];
  EXPECT_DOUBLE_EQ(modelled.phase_1, 3);
  EXPECT_DOUBLE_EQ(modelled.phase_2, 5);
  EXPECT_DOUBLE_EQ(modelled.slowest_module, 4);  // 3, and its 1 of the optimizer
  EXPECT_DOUBLE_EQ(modelled.all_modules, 7);
  EXPECT_DOUBLE_EQ(modelled.theoretical, 7.0 / 4);
  ASSERT_EQ(modelled.critical_path.size(), 2u);
  EXPECT_EQ(modelled.critical_path[1].devices, 2);
  // 2 + 1 + 7 + 4 + 2 on one device; 2 + 1 + 4 + 0.5 + 4 + 2 on two.
  EXPECT_DOUBLE_EQ(modelled.critical_path[1].speedup, 16 / 13.5);
}

TEST_F(ResultsTest, ModelsAPartitionThatIsAskedForAndFits) {
  const auto modelled = [](const Placement& partition) {
    Results results;
    Reduce({Serial()}, kProblem, {{.bytes_per_second = 1e30}, partition}, 1, &results);
    return results.modelled[0];
  };
  EXPECT_DOUBLE_EQ(modelled({2}).of_partition, 1);
  EXPECT_DOUBLE_EQ(modelled({1, 1}).of_partition, 16 / 13.5);
  EXPECT_THAT(modelled({1, 2}).partition, testing::IsEmpty()) << "three modules, and the network has two";
}

// A pipeline is predicted by the slowest stage of the same contender's serial steps, and of no other's.
TEST_F(ResultsTest, APipelineIsPredictedByItsSlowestStage) {
  Measurement serial = Serial(), other = Serial(), pipeline = Serial();
  serial.contender.partition = other.contender.partition = pipeline.contender.partition = "even";
  serial.phases = {{"step", -1, Times(9)}, {"stage", -1, Times(9)}, {"stage", 0, Times(4)}, {"stage", 1, Times(5)}};
  other.phases = {{"step", -1, Times(2)}, {"stage", -1, Times(2)}, {"stage", 0, Times(1)}, {"stage", 1, Times(1)}};
  other.contender.threads = 2;
  pipeline.contender.schedule = "pipeline";
  Results results;
  Reduce({other, serial, pipeline}, kProblem, {}, 1, &results);
  ASSERT_EQ(results.pipelines.size(), 1u);
  EXPECT_EQ(results.pipelines[0].serial, "sid/even/serial L=2 B=8");
  EXPECT_THAT(results.pipelines[0].stages, testing::ElementsAre(4, 5));
  EXPECT_EQ(results.pipelines[0].predicted, 5);
  EXPECT_THAT(ToMarkdown(results), HasSubstr("| sid/even/serial/pipeline L=2 B=8 | 4000.000 + 5000.000 | 5000.000 | "
                                             "12000.000 | 10000.000 - 14000.000 | 2.40 |"));
  EXPECT_EQ(ToJson(results)["modelled_pipelines"][0]["predicted_seconds"], 5);
}

TEST_F(ResultsTest, BothFormatsHaveTheFigures) {
  const std::string markdown = ToMarkdown(results_);
  EXPECT_THAT(markdown, HasSubstr("| sid/serial | 2 | 8 | 12000.000 | 1000.000 | 10000.000 - 14000.000 | 5 | 1 |"));
  EXPECT_THAT(
      markdown,
      HasSubstr("| sid/serial | 2 | 8 | plain step | teachers | 1000.000 | 0.000 | 1000.000 - 1000.000 | 5.0 % |"));
  EXPECT_THAT(markdown, HasSubstr("sid/serial L=2 B=8 over bp-chain L=2 B=8 | 0.500 | 0.500 - 0.500 | 5 |"));
  EXPECT_THAT(markdown, HasSubstr("1: 1.000 2: 1.185"));
  results_.contenders[1].phases_of_replays = true;
  EXPECT_THAT(ToMarkdown(results_), HasSubstr("| bp-chain | 2 | 8 | replay | step |"));
  EXPECT_EQ(ToJson(results_)["contenders"][1]["phases_of"], "replay");
  const auto json = ToJson(results_);
  EXPECT_EQ(json["schema"], kSchema);
  EXPECT_EQ(json["contenders"][0]["step_seconds"]["median"], 12);
  EXPECT_EQ(json["contenders"][0]["discarded"], 1);
  EXPECT_EQ(json["contenders"][0]["disturbances"].dump(), R"({"stolen time":1})");
}

}  // namespace
}  // namespace sid
