#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <gtest/gtest.h>

#include <set>

#include "data/changes.h"

namespace sid {
namespace {

// 60 images of class 0 and 20 of class 1; image i has value i.
Dataset MakeDataset() {
  const at::Tensor values = at::arange(80, at::kByte).view({80, 1, 1, 1});
  const Examples train{values.expand({80, 1, 4, 4}).contiguous(), at::arange(80, at::kLong).ge(60).to(at::kLong)};
  return {"two", {"many", "few"}, train, {}, {train.images.slice(0, 0, 5), train.labels.slice(0, 0, 5)}, {}};
}

std::set<int64_t> Kept(int64_t count, uint64_t seed) {
  const Examples train = KeepTrainingImages(MakeDataset(), count, seed).value().train;
  std::set<int64_t> kept;
  for (int64_t i = 0; i < train.size(); ++i) kept.insert(train.images[i][0][0][0].item<int64_t>());
  return kept;
}

TEST(KeepTrainingImages, TakesEachClassesShareInOrder) {
  const Dataset dataset = KeepTrainingImages(MakeDataset(), 20, 1).value();
  EXPECT_EQ(dataset.train.size(), 20);
  EXPECT_EQ(dataset.train.labels.sum().item<int64_t>(), 5);
  const at::Tensor values = dataset.train.images.select(1, 0).select(1, 0).select(1, 0).to(at::kLong);
  EXPECT_TRUE((values.slice(0, 1) > values.slice(0, 0, -1)).all().item<bool>());
  EXPECT_TRUE(at::equal(dataset.train.labels, values.ge(60).to(at::kLong)));
  EXPECT_EQ(dataset.test.size(), 5);
  EXPECT_NEAR(dataset.statistics.mean[0], values.to(at::kDouble).mean().item<double>(), 1e-4);
}

TEST(KeepTrainingImages, SmallerIsPartOfLargerAndSeedsDiffer) {
  const std::set<int64_t> small = Kept(20, 1), large = Kept(40, 1);
  for (const int64_t image : small) EXPECT_EQ(large.count(image), 1u) << image;
  EXPECT_EQ(Kept(20, 1), small);
  EXPECT_NE(Kept(20, 2), small);
}

TEST(KeepTrainingImages, NoneOrAllIsTheSetItself) {
  for (const int64_t count : {0, 80}) {
    EXPECT_TRUE(
        at::equal(KeepTrainingImages(MakeDataset(), count, 1).value().train.images, MakeDataset().train.images));
  }
}

TEST(KeepTrainingImages, RefusesWhatCannotBe) {
  for (const int64_t count : {-1, 81}) {
    EXPECT_NE(KeepTrainingImages(MakeDataset(), count, 1).status().message().find("80 training images"),
              absl::string_view::npos);
  }
  EXPECT_EQ(KeepTrainingImages(MakeDataset(), 1, 1).status().message(),
            "train_images 1 leaves class 'few' of two without an example; take 2 or more");
  EXPECT_TRUE(KeepTrainingImages(MakeDataset(), 2, 1).ok());
}

TEST(KeepTrainingImages, AClassWithoutExamplesStaysSo) {
  Dataset dataset = MakeDataset();
  dataset.class_names.emplace_back("none");
  EXPECT_EQ(KeepTrainingImages(dataset, 20, 1).value().train.size(), 20);
}

}  // namespace
}  // namespace sid
