#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/repeat_interleave.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <set>

#include "data/changes.h"

namespace sid {
namespace {

// Class c has counts[c] examples, not in the order of the classes; the two pixels of an image number it.
Dataset MakeDataset(const std::vector<int64_t>& counts) {
  Dataset dataset;
  dataset.name = "numbered";
  for (size_t label = 0; label < counts.size(); ++label)
    dataset.class_names.push_back("class-" + std::to_string(label));
  const at::Tensor labels = at::repeat_interleave(at::tensor(counts));
  const at::Tensor numbers = at::arange(labels.size(0), at::kLong);
  dataset.train.labels = labels.index_select(0, (numbers * 7919).remainder(labels.size(0)));
  dataset.train.images =
      at::stack({numbers.div(256, "floor"), numbers.remainder(256)}, 1).to(at::kByte).view({-1, 1, 1, 2});
  dataset.test = dataset.train;
  dataset.statistics = ComputeStatistics(dataset.train.images);
  return dataset;
}

std::vector<int64_t> Numbers(const Examples& examples) {
  const at::Tensor pixels = examples.images.view({-1, 2}).to(at::kLong);
  const at::Tensor numbers = pixels.select(1, 0) * 256 + pixels.select(1, 1);
  return {numbers.data_ptr<int64_t>(), numbers.data_ptr<int64_t>() + numbers.numel()};
}

int64_t Count(const at::Tensor& labels, int64_t label) { return labels.eq(label).sum().item<int64_t>(); }

TEST(SplitValidation, TakesItsShareOfEveryClass) {
  const std::vector<int64_t> counts = {100, 37, 5, 260};
  const Dataset whole = MakeDataset(counts);
  for (const double fraction : {0.1, 0.25, 0.5, 0.77}) {
    SCOPED_TRACE(fraction);
    const Dataset split = SplitValidation(whole, fraction, 1).value();
    for (size_t label = 0; label < counts.size(); ++label) {
      const int64_t count = Count(split.validation.labels, label);
      EXPECT_LE(std::abs(count - fraction * counts[label]), 0.5);
      EXPECT_EQ(Count(split.train.labels, label), counts[label] - count);
    }
    EXPECT_TRUE(at::equal(split.test.images, whole.test.images));
  }
}

TEST(SplitValidation, MovesEveryExampleWithItsLabelToExactlyOnePart) {
  const Dataset whole = MakeDataset({60, 50});
  const Dataset split = SplitValidation(whole, 0.3, 1).value();
  std::set<int64_t> seen;
  for (const Examples* part : {&split.train, &split.validation}) {
    const std::vector<int64_t> numbers = Numbers(*part);
    EXPECT_TRUE(std::is_sorted(numbers.begin(), numbers.end()));
    seen.insert(numbers.begin(), numbers.end());
    EXPECT_TRUE(at::equal(part->labels, whole.train.labels.index_select(0, at::tensor(numbers))));
  }
  EXPECT_EQ(seen.size(), 110);
  EXPECT_EQ(split.train.size() + split.validation.size(), 110);
}

TEST(SplitValidation, StatisticsAreThoseOfTheRemainingTrainingPart) {
  const Dataset whole = MakeDataset({60, 50});
  const Dataset split = SplitValidation(whole, 0.3, 1).value();
  const double mean = split.train.images.to(at::kDouble).mean().item<double>();
  EXPECT_NEAR(split.statistics.mean[0], mean, 1e-5);
  EXPECT_NE(split.statistics.mean[0], whole.statistics.mean[0]);
}

TEST(SplitValidation, DependsOnTheSeedAlone) {
  const Dataset whole = MakeDataset({60, 50});
  const std::vector<int64_t> first = Numbers(SplitValidation(whole, 0.3, 1)->validation);
  EXPECT_EQ(first, Numbers(SplitValidation(whole, 0.3, 1)->validation));
  EXPECT_NE(first, Numbers(SplitValidation(whole, 0.3, 2)->validation));
}

TEST(SplitValidation, AFractionOfZeroChangesNothing) {
  const Dataset split = SplitValidation(MakeDataset({1, 3}), 0, 1).value();
  EXPECT_EQ(split.train.size(), 4);
  EXPECT_EQ(split.validation.size(), 0);
}

TEST(SplitValidation, SaysWhatIsWrongWithAFraction) {
  for (const double fraction : {-0.1, 1.0, 1.5, std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_EQ(SplitValidation(MakeDataset({9}), fraction, 1).status().code(), absl::StatusCode::kInvalidArgument);
  }
  EXPECT_EQ(SplitValidation(MakeDataset({9}), 1.5, 1).status().message(),
            "validation fraction 1.5 is not in [0, 1); 0.1 keeps a tenth of the training examples");
  EXPECT_EQ(SplitValidation(MakeDataset({90, 4}), 0.1, 1).status().message(),
            "validation fraction 0.1 of numbered leaves class 'class-1' with 4 training and 0 validation examples; "
            "choose one nearer to a half, so that both parts have some, or 0 for no validation part");
  EXPECT_FALSE(SplitValidation(MakeDataset({90, 4}), 0.9, 1).ok());
  EXPECT_EQ(SplitValidation(MakeDataset({90, 1}), 0.5, 1).status().message(),
            "numbered has one training image of class 'class-1', which cannot be in a validation part too: validation "
            "fraction 0 "
            "makes none");
}

// No fraction could give it any.
TEST(SplitValidation, AClassWithoutExamplesHasNoneInEitherPart) {
  const Dataset split = SplitValidation(MakeDataset({90, 0, 4}), 0.5, 1).value();
  EXPECT_EQ(Count(split.train.labels, 1) + Count(split.validation.labels, 1), 0);
  EXPECT_EQ(Count(split.validation.labels, 2), 2);
}

}  // namespace
}  // namespace sid
