// Each failure is provoked by training that fails in that way, and stays untold where training is healthy or fails otherwise.

#include "sid/theory/diagnostics.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/one_hot.h>
#include <ATen/ops/randint.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/random.h"
#include "sid/learner/sid_learner.h"
#include "sid/network/initialisation.h"

namespace sid {
namespace {

constexpr int64_t kExamples = 256, kBatch = 32;

struct Recipe {
  int64_t classes = 4, bright = 60, depth = 4;
  double alpha = 0.5;
  double learning_rate = 3e-3;
  OptimizerRule rule = OptimizerRule::kAdam;
  ExtractorGradient extractor_gradient = ExtractorGradient::kSum;
  bool mirrored =
      false;  // each second module begins as the one before it, but reads the features with the opposite sign
  int64_t steps = 200, probe_every = 10;
};

// Class c is a bright channel c in noise.
Examples MakeExamples(const Recipe& recipe, int64_t count, uint64_t number) {
  const int64_t classes = recipe.classes;
  at::Generator generator = MakeGenerator(5, RandomUse::kSynthetic, {number});
  const at::Tensor labels = at::arange(count, at::kLong).remainder(classes);
  const at::Tensor noise = at::randint(0, 120, {count, classes, 8, 8}, generator, at::kLong);
  const at::Tensor bright = recipe.bright * at::one_hot(labels, classes).view({count, classes, 1, 1});
  return {(noise + bright).to(at::kByte), labels};
}

Network MakeNetwork(const Recipe& recipe) {
  Network network = EmptyNetwork(
      {.channels = recipe.classes, .classes = recipe.classes, .depth = recipe.depth, .features = 16, .hidden = 16});
  Initialise(Initialisation::kPyTorch, 1, at::Tensor(), network);
  const Cascade& heads = network.stages[0].heads;
  for (int64_t i = 1; recipe.mirrored && i < recipe.depth; i += 2) {
    const std::vector<at::Tensor> own = heads.at(i).Weights(), other = heads.at(i - 1).Weights();
    for (size_t k = 0; k < own.size(); ++k) own[k].copy_(other[k]);
    heads.feature_weight[i].neg_();
  }
  return network;
}

struct Outcome {
  std::vector<Diagnosis> told;
  ProbeRecord last;

  bool Told(Failure failure) const {
    return std::any_of(told.begin(), told.end(), [&](const Diagnosis& d) { return d.failure == failure; });
  }
  std::string Text() const {
    std::string text;
    for (const Diagnosis& diagnosis : told) text += diagnosis.text + "\n";
    return text;
  }
};

Outcome TrainWith(const Recipe& recipe) {
  const std::vector<double> alphas(recipe.depth, recipe.alpha);
  const Network network = MakeNetwork(recipe);
  const auto learner = MakeSidLearner(network, {.alphas = alphas, .extractor_gradient = recipe.extractor_gradient}, {},
                                      {.rule = recipe.rule});
  const Examples train = MakeExamples(recipe, kExamples, 1), validation = MakeExamples(recipe, 64, 2);
  const ChannelStatistics statistics = ComputeStatistics(train.images);
  const ProbeOptions options{.alphas = alphas, .extractor_gradient = recipe.extractor_gradient};
  Probe probe(*learner, ProbeBatch(validation, statistics, 64), options);
  Diagnostics diagnostics(options, recipe.classes);
  PhaseTimer untimed;
  Outcome outcome;
  for (int64_t step = 0; step < recipe.steps; ++step) {
    const bool probed = step % recipe.probe_every == 0;
    const int64_t begin = step * kBatch % kExamples;
    if (probed) probe.BeforeStep();
    learner->Step(OrderedBatch(train, statistics, begin, begin + kBatch), recipe.learning_rate, untimed);
    if (!probed) continue;
    outcome.last = probe.AfterStep(step);
    for (Diagnosis& diagnosis : diagnostics.Look(outcome.last)) outcome.told.push_back(std::move(diagnosis));
  }
  return outcome;
}

TEST(Diagnostics, SayNothingOfHealthyTraining) {
  const Outcome outcome = TrainWith({});
  EXPECT_EQ(outcome.Text(), "");
  EXPECT_GT(outcome.last.accuracy.back(), 0.95);
}

TEST(Diagnostics, PlateauIsToldWhereAlphaHoldsTheModulesBack) {
  const Outcome outcome = TrainWith({.alpha = 0.03, .steps = 300});
  EXPECT_TRUE(outcome.Told(Failure::kPlateau));
  EXPECT_NE(outcome.Text().find("with alpha 0.03 no better than"), std::string::npos) << outcome.Text();
  // The class is known, the belief in it is what is held back.
  EXPECT_GT(outcome.last.accuracy.back(), 0.95);
}

// As deep as experiments are: what alpha = 0.1 withholds is less and less, and still a good part of what is left. The default
// withholds next to nothing there, so training that has come to its end is not called held back.
TEST(Diagnostics, PlateauIsToldOfALowAlphaInADeepCascadeAndNotOfTheDefault) {
  Recipe recipe{.classes = 10, .bright = 130, .depth = 8, .alpha = 0.1, .steps = 400};
  const Outcome low = TrainWith(recipe);
  EXPECT_TRUE(low.Told(Failure::kPlateau)) << low.last.theory.divergence.back() << " nats\n" << low.Text();
  EXPECT_GT(low.last.accuracy.back(), 0.95);
  recipe.alpha = 0.5;
  const Outcome usual = TrainWith(recipe);
  EXPECT_FALSE(usual.Told(Failure::kPlateau)) << usual.Text();
}

// Modules that come within a tenth of their minimum, at every depth and number of classes that experiments have.
TEST(Diagnostics, PlateauIsToldWhateverTheShapeIs) {
  for (const int64_t classes : {10, 100, 200}) {
    for (const int64_t depth : {4, 8, 16}) {
      for (const double alpha : {0.1, 0.5}) {
        const ProbeOptions options{.alphas = std::vector<double>(depth, alpha)};
        ProbeRecord record;
        record.theory.divergence = AttainableDivergence(options.divergence, options.alphas, classes, 0);
        record.theory.divergence.back() *= 1.1;
        record.theory.entropy.assign(depth + 1, 1);
        record.staleness.assign(depth, 0);
        record.active.assign(depth, 1);
        Diagnostics diagnostics(options, classes);
        int64_t told = 0;
        for (int64_t i = 0; i < 10; ++i) {
          for (const Diagnosis& diagnosis : diagnostics.Look(record)) told += diagnosis.failure == Failure::kPlateau;
        }
        EXPECT_EQ(told, alpha == 0.1 ? 1 : 0) << "C " << classes << ", L " << depth << ", alpha " << alpha;
      }
    }
  }
}

TEST(Diagnostics, PlateauIsNotToldOfANetworkThatLearnsNothing) {
  const Outcome outcome = TrainWith({.alpha = 0.03, .learning_rate = 1e-9, .steps = 80});
  EXPECT_FALSE(outcome.Told(Failure::kPlateau)) << outcome.Text();
}

TEST(Diagnostics, PlateauIsNotToldOfTrainingThatHasReachedItsEnd) {
  const Outcome outcome = TrainWith({.steps = 300});
  EXPECT_FALSE(outcome.Told(Failure::kPlateau)) << outcome.Text();
}

TEST(Diagnostics, StaleTeachersAreToldWhereTheLearningRateIsTooHigh) {
  const Outcome outcome = TrainWith({.learning_rate = 0.3, .steps = 40, .probe_every = 2});
  EXPECT_TRUE(outcome.Told(Failure::kStaleTeachers)) << outcome.Text();
  EXPECT_NE(outcome.Text().find("lower the learning rate"), std::string::npos) << outcome.Text();
  EXPECT_FALSE(TrainWith({.learning_rate = 1e-3, .steps = 40, .probe_every = 2}).Told(Failure::kStaleTeachers));
}

TEST(Diagnostics, ConflictIsToldWhereModulesReadTheFeaturesOppositely) {
  // Slowly: modules that learn fast soon turn to what the extractor gives, and the conflict ends by itself.
  const Recipe recipe{
      .learning_rate = 1e-3, .rule = OptimizerRule::kSgd, .mirrored = true, .steps = 40, .probe_every = 4};
  const Outcome outcome = TrainWith(recipe);
  EXPECT_TRUE(outcome.Told(Failure::kConflict)) << outcome.last.conflict.agreement;
  EXPECT_LT(outcome.last.conflict.lowest_cosine, -0.5);
  EXPECT_NE(outcome.Text().find("try --extractor_gradient=pcgrad"), std::string::npos) << outcome.Text();
  Recipe plain = recipe;
  plain.mirrored = false;
  EXPECT_EQ(TrainWith(plain).Text(), "");
}

// No hint to do what is done already, and no word of an extractor that follows none of the gradients.
TEST(Diagnostics, ConflictFitsWhatTheExtractorMakesOfIt) {
  Recipe recipe{.learning_rate = 1e-3, .rule = OptimizerRule::kSgd, .mirrored = true, .steps = 40, .probe_every = 4};
  recipe.extractor_gradient = ExtractorGradient::kPcgrad;
  const Outcome outcome = TrainWith(recipe);
  EXPECT_TRUE(outcome.Told(Failure::kConflict)) << outcome.last.conflict.agreement;
  EXPECT_EQ(outcome.Text().find("--extractor_gradient"), std::string::npos) << outcome.Text();
  recipe.extractor_gradient = ExtractorGradient::kNone;
  EXPECT_FALSE(TrainWith(recipe).Told(Failure::kConflict));
}

TEST(Diagnostics, DeadAndSaturatedModulesAreToldAfterAStepFarTooLong) {
  const Outcome outcome = TrainWith({.learning_rate = 1, .rule = OptimizerRule::kSgd, .steps = 20, .probe_every = 1});
  EXPECT_TRUE(outcome.Told(Failure::kDeadModule)) << outcome.Text();
  EXPECT_TRUE(outcome.Told(Failure::kSaturatedModule)) << outcome.Text();
}

// With alpha = 1 nothing keeps a belief from certainty, and being certain of the right class is no failure.
TEST(Diagnostics, SaturationIsNotToldOfModulesThatAreRight) {
  const Outcome outcome = TrainWith({.alpha = 1, .steps = 300});
  EXPECT_LT(outcome.last.theory.entropy.back(), 0.03);
  EXPECT_EQ(outcome.Text(), "");
}

TEST(Diagnostics, SayEachThingOnceAndInOneLine) {
  const Outcome outcome = TrainWith({.learning_rate = 0.3, .steps = 100, .probe_every = 1});
  ASSERT_FALSE(outcome.told.empty());
  for (const Diagnosis& diagnosis : outcome.told) {
    EXPECT_EQ(std::count_if(outcome.told.begin(), outcome.told.end(),
                            [&](const Diagnosis& other) { return other.failure == diagnosis.failure; }),
              1);
    EXPECT_EQ(diagnosis.text.find('\n'), std::string::npos);
  }
}

// Learners without local losses have none of SID's failures.
TEST(Diagnostics, BackpropagationIsNotJudged) {
  Diagnostics diagnostics({.alphas = {0.5}, .local_losses = false}, /*classes=*/4);
  ProbeRecord record;
  record.theory.divergence = {1, 100};
  record.theory.entropy = {1, 0};
  EXPECT_TRUE(diagnostics.Look(record).empty());
}

}  // namespace
}  // namespace sid
