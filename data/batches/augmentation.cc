#include "data/batches/augmentation.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/concat.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/text.h"
#include "third_party/logging/logging.h"

namespace sid {
namespace {

// Row s holds the source of each of `size` positions under a shift by s - padding; what falls outside [0, size) is
// reflected at the border pixel, which is not repeated. int64 [2 padding + 1, size].
at::Tensor ShiftedPositions(int64_t size, int64_t padding) {
  const at::Tensor shifts = at::arange(-padding, padding + 1, at::kLong).unsqueeze(1);
  const at::Tensor positions = at::arange(size, at::kLong) + shifts;
  return (size - 1) - ((size - 1) - positions.abs()).abs();
}

}  // namespace

absl::StatusOr<Augmentation> ParseAugmentation(const std::string& name, int64_t height, int64_t width) {
  if (name == "none") return Augmentation{};
  if (name != "crop" && name != "crop-flip" && name != "crop-flip-cutout") {
    return UnknownName("augmentation", name, {"none", "crop", "crop-flip", "crop-flip-cutout"});
  }
  const int64_t side = std::min(height, width);
  const int64_t padding = std::max(height, width) <= 28 ? 2 : 4;
  if (padding >= side) {
    return absl::InvalidArgumentError(absl::StrCat("augmentation '", name, "' pads images by ", padding,
                                                   " pixels, but these are only ", height, " x ", width,
                                                   "; choose augmentation 'none'"));
  }
  const bool cutout = name == "crop-flip-cutout";
  return Augmentation{.crop_padding = padding,
                      .horizontal_flip = name != "crop",
                      .cutout = cutout ? std::max<int64_t>(1, side / 4) : 0};
}

at::Tensor AugmentationViews(const Augmentation& augmentation, int64_t height, int64_t width) {
  const int64_t padding = augmentation.crop_padding;
  CHECK_GE(padding, 0);
  CHECK_LT(padding, std::min(height, width)) << "reflection needs an image larger than its padding";
  const int64_t shifts = 2 * padding + 1;
  const at::Tensor rows = ShiftedPositions(height, padding).view({1, shifts, 1, height, 1});
  at::Tensor columns = ShiftedPositions(width, padding).view({1, 1, shifts, 1, width});
  if (augmentation.horizontal_flip) columns = at::concat({columns, columns.flip(-1)}, 0);
  return (rows * width + columns).reshape({-1, height * width});
}

at::Tensor ShowViews(const at::Tensor& images, const at::Tensor& views, const at::Tensor& view) {
  const at::Tensor pixels = images.flatten(2);
  const at::Tensor sources = views.index_select(0, view).unsqueeze(1).expand(pixels.sizes());
  return pixels.gather(2, sources).view(images.sizes());
}

at::Tensor CutOut(const at::Tensor& images, int64_t cutout, const at::Tensor& centre) {
  const int64_t height = images.size(2), width = images.size(3);
  // Whether each row, or column, lies within the square: [B, size].
  const auto within = [&](const at::Tensor& middle, int64_t size) {
    const at::Tensor offset = at::arange(size, middle.options()) - middle.unsqueeze(1) + cutout / 2;
    return offset.ge(0).logical_and(offset.lt(cutout));
  };
  const at::Tensor rows = within(centre.floor_divide(width), height), columns = within(centre.remainder(width), width);
  return images.masked_fill(rows.unsqueeze(2).logical_and(columns.unsqueeze(1)).unsqueeze(1), 0);
}

}  // namespace sid
