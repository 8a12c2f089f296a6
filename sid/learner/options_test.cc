#include "sid/learner/options.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "sid/cascade/batched.h"
#include "sid/learner/stage_kinds_for_tests.h"

namespace sid {
namespace {

std::string Message(const absl::Status& status) { return std::string(status.message()); }

TEST(ParseAlphas, OneForAllAListOrALine) {
  EXPECT_EQ(ParseAlphas("0.5", 3).value(), (std::vector<double>{0.5, 0.5, 0.5}));
  EXPECT_EQ(ParseAlphas("1,0.5,0.25", 3).value(), (std::vector<double>{1, 0.5, 0.25}));
  EXPECT_EQ(ParseAlphas("1:0.5", 3).value(), (std::vector<double>{1, 0.75, 0.5}));
  EXPECT_EQ(ParseAlphas("1:0.5", 1).value(), (std::vector<double>{1}));
}

TEST(ParseAlphas, RefusesWhatIsNoWeight) {
  for (const std::string text : {"0", "-0.1", "1.5", "nan", "", "a", "0.5:0", "0.5,"}) {
    EXPECT_NE(Message(ParseAlphas(text, 2).status()).find("(0, 1]"), std::string::npos) << text;
  }
  EXPECT_NE(Message(ParseAlphas("0.5,0.5", 3).status()).find("lists 2 values, but the depth is 3"), std::string::npos);
}

TEST(Validate, ReverseNeedsASmoothedTarget) {
  SidOptions options{.divergence = Divergence::kReverse, .alphas = {0.5}};
  EXPECT_NE(Message(Validate(options)).find("one-hot"), std::string::npos);
  options.smoothing = 0.1;
  EXPECT_TRUE(Validate(options).ok());
}

TEST(Validate, SmoothingIsAFraction) {
  for (const double smoothing : {-0.1, 1.0, 2.0}) {
    EXPECT_FALSE(Validate(SidOptions{.alphas = {0.5}, .smoothing = smoothing}).ok()) << smoothing;
  }
}

// `auto` must not choose what is not in the file.
TEST(HasChainKernel, IsBuiltForComputeCapability8AndLater) {
  EXPECT_TRUE(HasChainKernel(8, 0).ok() && HasChainKernel(9, 0).ok() && HasChainKernel(12, 0).ok());
  EXPECT_NE(Message(HasChainKernel(7, 5)).find("this GPU has 7.5: use batched"), std::string::npos);
}

TEST(Validate, OverlapNeedsModulesThatOwnBlocksThatLearn) {
  SidOptions options = OptionsOf(KindNamed("shared"));
  EXPECT_TRUE(Validate(options, MakeNetwork(KindNamed("shared"))).ok());
  options.overlap = true;
  EXPECT_TRUE(Validate(options, MakeNetwork(KindNamed("owned"))).ok());
  EXPECT_NE(Validate(options, MakeNetwork(KindNamed("shared"))).message().find("--partition=even:2"),
            std::string::npos);
  options.extractor_gradient = ExtractorGradient::kNone;
  EXPECT_FALSE(Validate(options, MakeNetwork(KindNamed("owned"))).ok());
}

TEST(Validate, BatchedIsForPerceptrons) {
  const Network network = MakeNetwork(KindNamed("shared_linear"));
  EXPECT_EQ(Validate(ExecutorOptions{.executor = Executor::kBatched}, {}, network).message(),
            "executor batched computes mlp heads: use auto or serial");
  EXPECT_EQ(Resolve({}, network), Executor::kSerial);
  EXPECT_EQ(Resolve({}, MakeNetwork(KindNamed("shared"))), Executor::kBatched);
}

}  // namespace
}  // namespace sid
