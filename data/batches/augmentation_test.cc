#include "data/batches/augmentation.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/reflection_pad2d.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include "base/random.h"

namespace sid {
namespace {

// The naive version: pads one image, cuts the crop out, mirrors it. image [channels, height, width].
at::Tensor AugmentOneImage(const at::Tensor& image, const Augmentation& augmentation, int64_t view) {
  const int64_t padding = augmentation.crop_padding;
  const int64_t shifts = 2 * padding + 1;
  const int64_t left = view % shifts, top = view / shifts % shifts;
  const bool mirrored = view / (shifts * shifts) == 1;
  const at::Tensor padded = at::reflection_pad2d(image.to(at::kFloat), {padding, padding, padding, padding});
  const at::Tensor crop = padded.narrow(1, top, image.size(1)).narrow(2, left, image.size(2));
  return (mirrored ? crop.flip(2) : crop).to(image.scalar_type());
}

void ExpectEveryViewAsOneByOne(const Augmentation& augmentation, int64_t channels, int64_t height, int64_t width) {
  SCOPED_TRACE(testing::Message() << "padding " << augmentation.crop_padding << ", flip "
                                  << augmentation.horizontal_flip << ", " << height << " x " << width);
  const at::Tensor views = AugmentationViews(augmentation, height, width);
  const int64_t shifts = 2 * augmentation.crop_padding + 1;
  ASSERT_EQ(views.size(0), shifts * shifts * (augmentation.horizontal_flip ? 2 : 1));
  const at::Tensor images =
      at::randint(0, 256, {views.size(0), channels, height, width}, MakeGenerator(1, RandomUse::kSynthetic), at::kByte);
  std::vector<at::Tensor> expected;
  for (int64_t view = 0; view < views.size(0); ++view)
    expected.push_back(AugmentOneImage(images[view], augmentation, view));
  EXPECT_TRUE(at::equal(ShowViews(images, views, at::arange(views.size(0), at::kLong)), at::stack(expected)));
}

TEST(Augmentation, EveryViewEqualsTheNaiveOne) {
  ExpectEveryViewAsOneByOne({.crop_padding = 4, .horizontal_flip = true}, 3, 32, 32);
  ExpectEveryViewAsOneByOne({.crop_padding = 2, .horizontal_flip = false}, 1, 28, 28);
  ExpectEveryViewAsOneByOne({.crop_padding = 3, .horizontal_flip = true}, 2, 4, 7);
  ExpectEveryViewAsOneByOne({.crop_padding = 0, .horizontal_flip = true}, 3, 5, 6);
  ExpectEveryViewAsOneByOne({.crop_padding = 1, .horizontal_flip = false}, 1, 2, 2);
}

TEST(ParseAugmentation, PadsByTheSizeOfTheImages) {
  EXPECT_FALSE(ParseAugmentation("none", 1, 1)->has_views());
  EXPECT_EQ(ParseAugmentation("crop", 28, 28)->crop_padding, 2);
  EXPECT_FALSE(ParseAugmentation("crop", 28, 28)->horizontal_flip);
  EXPECT_EQ(ParseAugmentation("crop-flip", 32, 32)->crop_padding, 4);
  EXPECT_TRUE(ParseAugmentation("crop-flip", 32, 32)->horizontal_flip);
}

TEST(CutOut, BlanksASquareAroundItsCentreAndNothingElse) {
  const at::Tensor images = at::ones({3, 2, 8, 10}), centre = at::tensor({0, 3 * 10 + 5, 7 * 10 + 9}, at::kLong);
  const at::Tensor actual = CutOut(images, 4, centre);
  for (int64_t b = 0; b < 3; ++b) {
    const int64_t row = centre[b].item<int64_t>() / 10, column = centre[b].item<int64_t>() % 10;
    for (int64_t y = 0; y < 8; ++y) {
      for (int64_t x = 0; x < 10; ++x) {
        const bool blank = y >= row - 2 && y < row + 2 && x >= column - 2 && x < column + 2;
        EXPECT_EQ(actual[b][1][y][x].item<float>(), blank ? 0 : 1) << b << " " << y << " " << x;
      }
    }
  }
}

TEST(ParseAugmentation, SaysWhatIsWrong) {
  EXPECT_EQ(ParseAugmentation("crop-flop", 32, 32).status().message(),
            "unknown augmentation 'crop-flop'; did you mean 'crop-flip'? There are: none, crop, crop-flip, "
            "crop-flip-cutout");
  EXPECT_EQ(ParseAugmentation("crop", 2, 8).status().message(),
            "augmentation 'crop' pads images by 2 pixels, but these are only 2 x 8; choose augmentation 'none'");
}

}  // namespace
}  // namespace sid
