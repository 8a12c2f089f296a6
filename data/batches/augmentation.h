#pragma once

// Augmentation: a training image is shown shifted by a few pixels, mirrored, or both, differently in every epoch, and with cutout
// (DeVries and Taylor 2017) a square of it is blanked: set to the channels' mean.
//
// A shift by (dy, dx) is a crop of the image padded by reflection; the crop is then mirrored or not. Only few such
// views exist, (2 padding + 1)^2 * 2 at most, so each is listed once as the source pixel of every pixel, and augmenting
// a whole batch on its device takes two gathers:
//
//   view numbers [B] --rows of AugmentationViews--> source pixels [B, H*W] --gather--> images [B, channels, H, W]

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace sid {

struct Augmentation {
  int64_t crop_padding = 0;      // pixels; shifts are in [-crop_padding, crop_padding], in both directions
  bool horizontal_flip = false;  // every image mirrored with probability one half
  int64_t cutout = 0;            // side of the blanked square, pixels; its centre is any pixel

  bool has_views() const { return crop_padding > 0 || horizontal_flip; }
};

// "none", "crop", "crop-flip" or "crop-flip-cutout" for images of this size. Cutout blanks a quarter of the side; the padding is the usual one: 4 pixels, or 2 for images of
// 28 x 28 and below. InvalidArgument for another name, and for images too small to be reflected that far.
absl::StatusOr<Augmentation> ParseAugmentation(const std::string& name, int64_t height, int64_t width);

// All views, as int64 [V, height * width]: view v shows at pixel y * width + x what the image has at pixel
// [v, y * width + x]. With S = 2 crop_padding + 1 view v is v = (flip * S + dy + crop_padding) * S + dx + crop_padding:
//   view(y, x) = padded(y + dy, (flip ? width - 1 - x : x) + dx)
// The padding is less than the height and the width. 1.3 MB for a padding of 4 and images of 32 x 32, with flips.
at::Tensor AugmentationViews(const Augmentation& augmentation, int64_t height, int64_t width);

// Image b as its view number view[b] shows it. images [B, channels, height, width], views [V, height * width] as above,
// view int64 [B]; all on one device. Returns a contiguous tensor of the images' shape and type.
at::Tensor ShowViews(const at::Tensor& images, const at::Tensor& views, const at::Tensor& view);

// Normalised images [B, channels, height, width] with a square of side `cutout` around pixel centre[b], int64 [B], set to 0.
at::Tensor CutOut(const at::Tensor& images, int64_t cutout, const at::Tensor& centre);

}  // namespace sid
