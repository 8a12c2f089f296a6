#include "data/batches/batches.h"

#include <ATen/Context.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/concat.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <set>

#include "base/random.h"

namespace sid {
namespace {

constexpr Augmentation kCropFlip = {.crop_padding = 2, .horizontal_flip = true};

// Labels number the examples, so that a batch tells which it holds.
Examples NumberedExamples(int64_t size, int64_t channels = 3, int64_t height = 8, int64_t width = 6) {
  const at::Generator generator = MakeGenerator(7, RandomUse::kSynthetic);
  return {at::randint(0, 256, {size, channels, height, width}, generator, at::kByte), at::arange(size, at::kLong)};
}

ShuffledBatches MakeBatches(const Examples& examples, BatchOptions options) {
  return ShuffledBatches(examples, ComputeStatistics(examples.images), options);
}

Batch WholeEpoch(ShuffledBatches& batches, int64_t epoch) {
  batches.StartEpoch(epoch);
  std::vector<at::Tensor> images, labels;
  for (int64_t step = 0; step < batches.steps_per_epoch(); ++step) {
    const Batch batch = batches.Get(step);
    images.push_back(batch.images);
    labels.push_back(batch.labels);
  }
  return {at::concat(images), at::concat(labels)};
}

bool SameBits(const Batch& a, const Batch& b) { return at::equal(a.images, b.images) && at::equal(a.labels, b.labels); }

TEST(ShuffledBatches, EveryEpochIsAPermutationForOddSizesToo) {
  for (const int64_t size : {1, 7, 64, 65, 127}) {
    for (const int64_t batch_size : {1, 3, 64, 200}) {
      SCOPED_TRACE(testing::Message() << size << " examples in batches of " << batch_size);
      ShuffledBatches batches = MakeBatches(NumberedExamples(size), {.batch_size = batch_size});
      const at::Tensor labels = WholeEpoch(batches, 3).labels;
      EXPECT_TRUE(at::equal(std::get<0>(labels.sort()), at::arange(size, at::kLong)));
      const int64_t last = batches.Get(batches.steps_per_epoch() - 1).labels.size(0);
      EXPECT_EQ((batches.steps_per_epoch() - 1) * batch_size + last, size);
      EXPECT_TRUE(last >= 1 && last <= batch_size) << last;
    }
  }
}

TEST(ShuffledBatches, EpochsAndSeedsDiffer) {
  const Examples examples = NumberedExamples(100);
  ShuffledBatches first = MakeBatches(examples, {.seed = 1}), second = MakeBatches(examples, {.seed = 2});
  std::set<std::vector<int64_t>> orders;
  for (int64_t epoch = 0; epoch < 5; ++epoch) {
    for (ShuffledBatches* batches : {&first, &second}) {
      const at::Tensor labels = WholeEpoch(*batches, epoch).labels;
      orders.insert({labels.data_ptr<int64_t>(), labels.data_ptr<int64_t>() + labels.numel()});
    }
  }
  EXPECT_EQ(orders.size(), 10);
}

TEST(ShuffledBatches, SameSeedSameBitsWhateverWasAskedBefore) {
  const Examples examples = NumberedExamples(50);
  const BatchOptions options = {.batch_size = 16, .augmentation = kCropFlip};
  ShuffledBatches unbroken = MakeBatches(examples, options), resumed = MakeBatches(examples, options);
  for (int64_t epoch = 0; epoch < 3; ++epoch) WholeEpoch(unbroken, epoch);
  resumed.StartEpoch(2);
  for (const int64_t step : {3, 1, 1, 0, 2}) EXPECT_TRUE(SameBits(resumed.Get(step), unbroken.Get(step))) << step;
}

TEST(ShuffledBatches, AStepNumberOnTheDeviceGivesTheSameWholeBatch) {
  ShuffledBatches batches = MakeBatches(NumberedExamples(50), {.batch_size = 16, .augmentation = kCropFlip});
  const at::Tensor number = at::zeros({}, at::kLong);
  for (const int64_t epoch : {0, 1}) {
    batches.StartEpoch(epoch);
    for (int64_t step = 0; step < 3; ++step) {
      EXPECT_TRUE(batches.IsWhole(step));
      EXPECT_TRUE(SameBits(batches.GetWhole(number.fill_(step)), batches.Get(step))) << epoch << " " << step;
    }
  }
  EXPECT_FALSE(batches.IsWhole(3));
}

TEST(ShuffledBatches, TheOrderDoesNotDependOnTheAugmentation) {
  const Examples examples = NumberedExamples(50);
  ShuffledBatches plain = MakeBatches(examples, {}), augmented = MakeBatches(examples, {.augmentation = kCropFlip});
  EXPECT_TRUE(at::equal(WholeEpoch(plain, 1).labels, WholeEpoch(augmented, 1).labels));
}

TEST(ShuffledBatches, UnaugmentedImagesAreNormalisedAndBelongToTheirLabels) {
  const Examples examples = NumberedExamples(70);
  const ChannelStatistics statistics = ComputeStatistics(examples.images);
  ShuffledBatches batches(examples, statistics, {.batch_size = 32});
  const Batch epoch = WholeEpoch(batches, 0);
  for (int64_t channel = 0; channel < 3; ++channel) {
    const at::Tensor pixels = epoch.images.select(1, channel).to(at::kDouble);
    EXPECT_NEAR(pixels.mean().item<double>(), 0, 1e-6);
    EXPECT_NEAR(pixels.square().mean().item<double>(), 1, 1e-6);
    const at::Tensor bytes = examples.images.index_select(0, epoch.labels).select(1, channel).to(at::kDouble);
    const at::Tensor expected = (bytes - statistics.mean[channel]) / statistics.standard_deviation[channel];
    EXPECT_LT((pixels - expected).abs().max().item<double>(), 1e-6);
  }
}

TEST(ShuffledBatches, AugmentedImagesAreViewsOfTheirExamplesAndEveryViewOccurs) {
  const Examples examples = NumberedExamples(400, 1, 5, 5);
  const ChannelStatistics statistics = {.mean = {0}, .standard_deviation = {1}};
  ShuffledBatches batches(examples, statistics, {.augmentation = kCropFlip});
  const Batch epoch = WholeEpoch(batches, 0);
  const at::Tensor views = AugmentationViews(kCropFlip, 5, 5);
  const at::Tensor all =
      examples.images.flatten(1).to(at::kFloat).index_select(0, epoch.labels).index_select(1, views.view(-1));
  const at::Tensor same = all.view({400, views.size(0), 25}).eq(epoch.images.reshape({400, 1, 25})).all(-1);
  EXPECT_TRUE(same.any(1).all().item<bool>());
  EXPECT_TRUE(same.any(0).all().item<bool>());
}

TEST(ShuffledBatches, ImagesAreChannelsLastInTheTypeAskedFor) {
  for (const int64_t channels : {1, 3}) {
    const Examples examples = NumberedExamples(9, channels);
    ShuffledBatches batches = MakeBatches(examples, {.augmentation = kCropFlip, .type = at::kBFloat16});
    batches.StartEpoch(0);
    const at::Tensor images = batches.Get(0).images;
    EXPECT_EQ(images.scalar_type(), at::kBFloat16);
    EXPECT_EQ(images.strides(), at::IntArrayRef({48 * channels, 1, 6 * channels, channels}));
    EXPECT_EQ(images.sizes(), at::IntArrayRef({9, channels, 8, 6}));
  }
}

TEST(OrderedBatch, IsTheNormalisedExamplesInOrder) {
  const Examples examples = NumberedExamples(10);
  const ChannelStatistics statistics = {.mean = {1, 2, 3}, .standard_deviation = {2, 4, 8}};
  const Batch batch = OrderedBatch(examples, statistics, 3, 10);
  EXPECT_TRUE(at::equal(batch.labels, at::arange(3, 10, at::kLong)));
  EXPECT_EQ(batch.images[6][2][7][5].item<float>(), (examples.images[9][2][7][5].item<float>() - 3) / 8);
  EXPECT_TRUE(batch.images.is_contiguous(at::MemoryFormat::ChannelsLast));
  EXPECT_EQ(OrderedBatch(examples, statistics, 0, 1, at::kHalf).images.scalar_type(), at::kHalf);
}

TEST(ShuffledBatches, AreTheSameOnCuda) {
  if (!at::globalContext().hasCUDA()) GTEST_SKIP() << "no CUDA device";
  const Examples examples = NumberedExamples(100);
  const ChannelStatistics statistics = ComputeStatistics(examples.images);
  const BatchOptions options = {.batch_size = 32, .augmentation = kCropFlip};
  ShuffledBatches on_cpu(examples, statistics, options);
  ShuffledBatches on_cuda({examples.images.cuda(), examples.labels.cuda()}, statistics, options);
  const Batch expected = WholeEpoch(on_cpu, 4), batch = WholeEpoch(on_cuda, 4);
  EXPECT_TRUE(batch.images.is_cuda());
  EXPECT_TRUE(at::equal(batch.labels.cpu(), expected.labels));
  EXPECT_LT((batch.images.cpu() - expected.images).abs().max().item<float>(), 1e-6);
}

}  // namespace
}  // namespace sid
