// Numbers that are not finite are found in the step in which they appear, with phase and module, however late one looks.

#include "training/loss_log.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "sid/learner/sid_learner.h"
#include "sid/network/initialisation.h"

namespace sid {
namespace {

constexpr int64_t kDepth = 3, kClasses = 4;
constexpr double kNan = std::numeric_limits<double>::quiet_NaN(), kInfinity = std::numeric_limits<double>::infinity();

std::unique_ptr<Learner> MakeLearner() {
  Network network = EmptyNetwork({.channels = 1, .classes = kClasses, .depth = kDepth, .features = 8, .hidden = 8});
  Initialise(Initialisation::kPyTorch, 1, at::Tensor(), network);
  return MakeSidLearner(network, {.alphas = std::vector<double>(kDepth, 0.5)}, {.executor = Executor::kSerial}, {});
}

// A weight, or a part of the optimizer's state.
at::Tensor Find(const Learner& learner, const std::string& name) {
  for (const NamedTensor& one : learner.State()) {
    if (one.name == name) return one.tensor.detach();
  }
  return {};
}

StepResult Sound() { return {at::ones({kDepth}), at::zeros({2, kClasses}), at::ones({2, 8})}; }

// What five steps show, the third of which is spoilt, when one looks after each or at the end only.
std::string Message(const std::function<void(Learner&, StepResult&)>& spoil, bool at_once) {
  const auto learner = MakeLearner();
  LossLog log(5, *learner);
  for (int64_t step = 0; step < 5; ++step) {
    StepResult result = Sound();
    if (step == 2) spoil(*learner, result);
    log.Write(at::full({}, step, at::kLong), result, at::zeros({2}, at::kLong));
    if (!at_once && step < 4) continue;
    const absl::Status status = log.Check(step + 1, 2 * (step + 1), 7, 0.1);
    if (!status.ok()) return std::string(status.message());
  }
  return "sound";
}

TEST(LossLog, NamesPhaseModuleAndStepWhateverIsNotFinite) {
  for (const double bad : {kNan, kInfinity, -kInfinity}) {
    for (const bool at_once : {true, false}) {
      const auto expect = [&](const std::string& expected, const std::function<void(Learner&, StepResult&)>& spoil) {
        const std::string message = Message(spoil, at_once);
        EXPECT_TRUE(message.starts_with(expected)) << message << "\n" << expected;
        EXPECT_NE(message.find("at epoch 7, step 3: a learning rate of 0.1"), std::string::npos) << message;
      };
      expect("forward pass: the features' norm is ",
             [&](Learner&, StepResult& result) { result.features[1][2] = bad; });
      expect("beliefs: the loss of module 2 is ", [&](Learner&, StepResult& result) { result.losses[1] = bad; });
      expect("update: the norm of blocks.1.weight is ",
             [&](Learner& learner, StepResult&) { Find(learner, "blocks.1.weight").view({-1})[3] = bad; });
      expect(at_once ? "update: the norm of heads.1.hidden_bias in module 2 is "
                     : "update: the norm of heads.1.hidden_bias is ",
             [&](Learner& learner, StepResult&) { Find(learner, "heads.1.hidden_bias")[1][0] = bad; });
      expect(at_once ? "update: the largest of the optimizer's second_moment.heads.1.hidden_bias in module 2 is "
                     : "update: the largest of the optimizer's second_moment.heads.1.hidden_bias is ",
             [&](Learner& learner, StepResult&) { Find(learner, "second_moment.heads.1.hidden_bias")[1][0] = bad; });
    }
  }
}

TEST(LossLog, TheFirstPhaseOfAStepIsNamed) {
  const std::string message = Message(
      [](Learner& learner, StepResult& result) {
        result.losses[1] = kNan;
        result.features[0][0] = kNan;
        Find(learner, "heads.1.hidden_bias")[1][0] = kNan;
      },
      /*at_once=*/false);
  EXPECT_TRUE(message.starts_with("forward pass")) << message;
}

// A probability of zero where the target is not makes the loss infinite: log p is -inf there.
TEST(LossLog, AProbabilityOfZeroIsSeenInTheLoss) {
  const auto learner = MakeLearner();
  at::Tensor log_beliefs = at::full({kDepth + 1, 2, kClasses}, -std::log(kClasses));
  log_beliefs[2][0][3] = -kInfinity;
  const at::Tensor labels = at::full({2}, 3, at::kLong);
  const at::Tensor losses = learner->Losses(labels, log_beliefs).mean(1);
  LossLog log(1, *learner);
  log.Write(at::zeros({}, at::kLong), {losses, log_beliefs[3], {}}, labels);
  const std::string message(log.Check(1, 2, 1, 0.1).message());
  EXPECT_TRUE(message.starts_with("beliefs: the loss of module 2 is inf")) << message;
}

// Squares of gradients may be large, and a sum of their squares infinite.
TEST(LossLog, ALargeSecondMomentIsNoAlarm) {
  EXPECT_EQ(Message([](Learner& learner, StepResult&) { Find(learner, "second_moment.blocks.1.weight").fill_(1e30); },
                    /*at_once=*/true),
            "sound");
}

// A gradient of 1e25 is finite, its square is not: the weight would stand still from here on, and look healthy.
TEST(LossLog, AnOverflowOfAdamsSecondMomentDoesNotShowInTheWeight) {
  const at::Tensor weight = at::ones({1});
  Optimizer optimizer({{"w", weight}}, {});
  for (int step = 0; step < 2; ++step) optimizer.Step({at::full({1}, 1e25)}, at::full({}, 0.1));
  EXPECT_EQ(weight.item<float>(), 1);
  EXPECT_TRUE(std::isinf(optimizer.State()[1].tensor.item<float>())) << optimizer.State()[1].name;
}

TEST(LossLog, DenormalNumbersAreNoAlarm) {
  const float denormal = std::numeric_limits<float>::denorm_min();
  EXPECT_EQ(Message(
                [&](Learner& learner, StepResult& result) {
                  result.features.fill_(denormal);
                  result.losses.fill_(denormal);
                  Find(learner, "heads.1.output_weight").fill_(denormal);
                },
                /*at_once=*/true),
            "sound");
}

TEST(LossLog, GoesOnFromTheSumsOfEarlierStepsAndBeginsAnewWithAnEpoch) {
  const auto learner = MakeLearner();
  const auto write = [](LossLog& log, int64_t step) {
    StepResult sound = Sound();
    sound.losses *= 0.1 * static_cast<double>(step + 1);
    log.Write(at::full({}, step, at::kLong), sound, at::full({2}, step % 2, at::kLong));
  };
  LossLog whole(6, *learner), first(6, *learner), rest(6, *learner);
  for (int64_t step = 0; step < 6; ++step) write(whole, step);
  for (int64_t step = 0; step < 4; ++step) write(first, step);
  ASSERT_TRUE(first.Check(4, 8, 1, 0.1).ok());
  rest.StartEpoch(first.sums());
  for (int64_t step = 4; step < 6; ++step) write(rest, step);
  ASSERT_TRUE(whole.Check(6, 12, 1, 0.1).ok() && rest.Check(6, 12, 1, 0.1).ok());
  EXPECT_EQ(whole.MeanLosses(), rest.MeanLosses());
  EXPECT_EQ(whole.Accuracy(), 0.5);
  EXPECT_EQ(whole.Accuracy(), rest.Accuracy());

  whole.StartEpoch();
  write(whole, 0);
  ASSERT_TRUE(whole.Check(1, 2, 2, 0.1).ok());
  EXPECT_EQ(whole.Accuracy(), 1);
  EXPECT_FLOAT_EQ(static_cast<float>(whole.MeanLosses()[0]), 0.1f);
}

}  // namespace
}  // namespace sid
