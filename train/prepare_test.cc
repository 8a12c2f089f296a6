#include "train/prepare.h"

#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <utility>

namespace sid {
namespace {

TrainConfig Small() {
  TrainConfig config;
  config.dataset = "synthetic";
  config.depth = 2;
  config.device = "cpu";
  return config;
}

constexpr int64_t kHuge = std::numeric_limits<int64_t>::max();

struct BadInput {
  std::string name;
  std::function<void(TrainConfig&)> change;
  std::string expected;  // a part of the message
};

void PrintTo(const BadInput& input, std::ostream* out) { *out << input.name; }

class BadInputTest : public testing::TestWithParam<BadInput> {};

TEST_P(BadInputTest, IsOneClearLine) {
  TrainConfig config = Small();
  GetParam().change(config);
  const auto run = Prepare(config);
  ASSERT_FALSE(run.ok());
  const std::string message(run.status().message());
  EXPECT_NE(message.find(GetParam().expected), std::string::npos) << message;
  EXPECT_EQ(message.find('\n'), std::string::npos) << message;
}

INSTANTIATE_TEST_SUITE_P(
    All, BadInputTest,
    testing::Values(
        BadInput{"learner", [](TrainConfig& c) { c.learner = "bpchain"; }, "did you mean 'bp-chain'"},
        BadInput{"dataset", [](TrainConfig& c) { c.dataset = "cifar-10"; }, "did you mean 'cifar10'"},
        BadInput{"missing_folder", [](TrainConfig& c) { c.dataset = "cifar10"; }, "data_dir"},
        BadInput{"wrong_folder", [](TrainConfig& c) { c.dataset = "cifar10", c.data_dir = "/nonexistent"; },
                 "/nonexistent"},
        BadInput{"depth", [](TrainConfig& c) { c.depth = 0; }, "--depth=0"},
        BadInput{"alpha_zero", [](TrainConfig& c) { c.alpha = "0"; }, "(0, 1]"},
        BadInput{"alpha_above", [](TrainConfig& c) { c.alpha = "1.01"; }, "(0, 1]"},
        BadInput{"alpha_list", [](TrainConfig& c) { c.alpha = "0.5,0.5,0.5"; }, "the depth is 2"},
        BadInput{"divergence", [](TrainConfig& c) { c.divergence = "revers"; }, "did you mean 'reverse'"},
        BadInput{
            "streams_of_backpropagation", [](TrainConfig& c) { c.streams = true, c.learner = "bp"; },
            "--streams needs modules that learn by themselves, which those of --learner=bp do not: use sid or dgl"},
        BadInput{"streams", [](TrainConfig& c) { c.streams = true; }, "not on the CPU"},
        BadInput{"pipeline_of_backpropagation", [](TrainConfig& c) { c.pipeline = 2, c.learner = "bp-chain"; },
                 "use sid or dgl"},
        BadInput{"pieces_of_one_process", [](TrainConfig& c) { c.micro_batches = 2, c.learner = "bp"; },
                 "start them by tools/launch"},
        BadInput{"pieces_of_modules",
                 [](TrainConfig& c) { c.micro_batches = 2, c.pipeline = 2, c.partition = "even:2"; },
                 "--micro_batches=2"},
        BadInput{"pieces_of_few_blocks", [](TrainConfig& c) { c.micro_batches = 2, c.pipeline = 50, c.learner = "bp"; },
                 "50 processes are more"},
        BadInput{"pipeline_of_one_stage", [](TrainConfig& c) { c.pipeline = 2; }, "--partition=even:2 makes as many"},
        BadInput{"reverse_one_hot", [](TrainConfig& c) { c.divergence = "reverse"; }, "one-hot"},
        BadInput{"smoothing", [](TrainConfig& c) { c.smoothing = 1; }, "--smoothing=1"},
        BadInput{"noise", [](TrainConfig& c) { c.label_noise = 1; }, "--label_noise=1"},
        BadInput{"noise_nan", [](TrainConfig& c) { c.label_noise = std::nan(""); }, "--label_noise=nan"},
        BadInput{"validation", [](TrainConfig& c) { c.validation_fraction = -0.1; }, "--validation_fraction=-0.1"},
        BadInput{"device_name", [](TrainConfig& c) { c.device = "gpu"; }, "unknown device"},
        BadInput{"device_absent", [](TrainConfig& c) { c.device = "cuda:77"; }, "is not there"},
        BadInput{"optimizer", [](TrainConfig& c) { c.optimizer = "adm"; }, "did you mean 'adam'"},
        BadInput{"schedule", [](TrainConfig& c) { c.schedule = "cosin"; }, "did you mean 'cosine'"},
        BadInput{"initialisation", [](TrainConfig& c) { c.initialisation = "he"; }, "initialisation"},
        BadInput{"augmentation", [](TrainConfig& c) { c.augmentation = "flip"; }, "augmentation"},
        BadInput{"executor", [](TrainConfig& c) { c.executor = "batch"; }, "did you mean 'batched'"},
        BadInput{"chunk", [](TrainConfig& c) { c.chunk = -1; }, "--chunk=-1"},
        BadInput{"chunk_with_clipping", [](TrainConfig& c) { c.chunk = 1, c.clip_norm = 1; }, "clip_norm"},
        BadInput{"learning_rate", [](TrainConfig& c) { c.learning_rate = 0; }, "--lr=0"},
        BadInput{"checkpoint_every", [](TrainConfig& c) { c.out = "x", c.checkpoint_every = -1; },
                 "--checkpoint_every=-1"},
        BadInput{"checkpoint_without_out", [](TrainConfig& c) { c.checkpoint_every = 5; }, "needs --out"},
        BadInput{"resume_without_out", [](TrainConfig& c) { c.resume = true; }, "--resume needs --out"},
        BadInput{"rollback_without_out", [](TrainConfig& c) { c.on_nan = "rollback"; }, "needs --out"},
        BadInput{"on_nan", [](TrainConfig& c) { c.on_nan = "rolback"; }, "did you mean 'rollback'"},
        BadInput{"keep_too_many", [](TrainConfig& c) { c.keep_checkpoints = kHuge; },
                 "--keep_checkpoints=9223372036854775807 is out of range: it must be from 1 to 1000000000"},
        BadInput{"too_many_epochs", [](TrainConfig& c) { c.epochs = kHuge; }, "--epochs=9223372036854775807"},
        BadInput{"batch_too_large", [](TrainConfig& c) { c.batch_size = kHuge; }, "--batch_size=92"},
        BadInput{"too_deep", [](TrainConfig& c) { c.depth = kHuge; }, "--depth=92"},
        BadInput{"too_many_threads", [](TrainConfig& c) { c.threads = kHuge; }, "--threads=92"},
        BadInput{"warmup_too_long", [](TrainConfig& c) { c.warmup_epochs = 1e18; }, "--warmup_epochs=1e+18"},
        BadInput{"keep_none", [](TrainConfig& c) { c.keep_checkpoints = 0; }, "--keep_checkpoints=0"},
        BadInput{"epochs", [](TrainConfig& c) { c.epochs = 0; }, "--epochs=0 evaluates weights"},
        BadInput{"evaluation_that_goes_on",
                 [](TrainConfig& c) { c.epochs = 0, c.weights = "w", c.out = "o", c.resume = true; },
                 "goes on with nothing"},
        BadInput{"negative_epochs", [](TrainConfig& c) { c.epochs = -1; }, "--epochs=-1"},
        BadInput{"no_weights", [](TrainConfig& c) { c.weights = "/nonexistent/w"; }, "cannot open /nonexistent/w"},
        BadInput{"batch_size", [](TrainConfig& c) { c.batch_size = -1; }, "--batch_size=-1"}),
    [](const auto& info) { return info.param.name; });

TEST(Prepare, ReplacesWhatIsAutomaticByWhatIsInEffect) {
  TrainConfig config = Small();
  config.learner = "bp-head";
  const auto run = Prepare(config);
  ASSERT_TRUE(run.ok()) << run.status();
  EXPECT_EQ(run->config.depth, 1);
  EXPECT_EQ(run->config.augmentation, "none");
  EXPECT_GE(run->config.threads, 1);
}

TEST(Prepare, ImagesComeInTheTypeOfTheProductsSoThatNoLearnerCastsThem) {
  for (const auto& [precision, type] : {std::pair("fp32", at::kFloat), std::pair("bf16", at::kBFloat16)}) {
    TrainConfig config = Small();
    config.precision = precision;
    const TrainingOptions options = Prepare(config)->options;
    EXPECT_EQ(options.batches.type, type);
    EXPECT_EQ(options.evaluation.type, type);
  }
}

// How many validation labels another run without noise does not have for the same image.
int64_t WrongOfValidation(const TrainConfig& config) {
  TrainConfig clean = config;
  clean.label_noise = 0;
  const auto of = [](const Examples& examples, std::map<int64_t, int64_t>* labels) {
    for (int64_t i = 0; i < examples.size(); ++i) {
      (*labels)[examples.images[i].to(at::kLong).flatten().cumsum(0).sum().item<int64_t>()] =
          examples.labels[i].item<int64_t>();
    }
  };
  std::map<int64_t, int64_t> right, told;
  const auto whole = Prepare(clean), noisy = Prepare(config);
  of(whole->dataset.train, &right);
  of(whole->dataset.validation, &right);
  of(noisy->dataset.validation, &told);
  EXPECT_GT(told.size(), 10u);
  return std::count_if(told.begin(), told.end(),
                       [&](const auto& image) { return right.at(image.first) != image.second; });
}

TEST(Prepare, ValidationLabelsAreNoisyOnlyWhereTheyAreToBe) {
  TrainConfig config = Small();
  config.label_noise = 0.5;
  EXPECT_EQ(WrongOfValidation(config), 0);
  config.noisy_validation = true;
  EXPECT_GT(WrongOfValidation(config), 5);
}

TEST(Prepare, EveryLearnerStartsFromTheSameWeightsAndTheSameData) {
  TrainConfig config = Small();
  config.label_noise = 0.2;
  const auto sid = Prepare(config);
  config.learner = "bp-chain";
  const auto chain = Prepare(config);
  ASSERT_TRUE(sid.ok() && chain.ok());
  for (size_t k = 0; k < Weights(*sid->learner).size(); ++k) {
    EXPECT_TRUE(at::equal(Weights(*sid->learner)[k].tensor, Weights(*chain->learner)[k].tensor)) << k;
  }
  EXPECT_TRUE(at::equal(sid->dataset.train.labels, chain->dataset.train.labels));
}

}  // namespace
}  // namespace sid
