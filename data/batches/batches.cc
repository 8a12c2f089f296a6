#include "data/batches/batches.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/concat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/full.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randperm.h>
#include <ATen/ops/stack.h>

#include <algorithm>
#include <utility>

#include "base/random.h"
#include "third_party/logging/logging.h"

namespace sid {
namespace {

// float [1, channels, 1, 1]. The values are filled in by the device: evaluation needs no copy from the host either.
at::Tensor PerChannel(const std::vector<float>& values, at::Device device) {
  std::vector<at::Tensor> channels;
  channels.reserve(values.size());
  for (const float value : values)
    channels.push_back(at::full({1, 1, 1, 1}, value, at::TensorOptions(device).dtype(at::kFloat)));
  return at::concat(channels, 1);
}

// bytes [B, channels, height, width] as numbers of `type`, channels-last. The arithmetic comes before the change of
// layout: a channel's pixels then lie side by side and share their mean, which is ten times faster on the CPU.
at::Tensor Normalise(const at::Tensor& bytes, const at::Tensor& mean, const at::Tensor& deviation,
                     at::ScalarType type) {
  const at::Tensor pixels = bytes.sub(mean).div_(deviation);
  const at::TensorOptions options = pixels.options().dtype(type);
  return at::empty(pixels.sizes(), options, at::MemoryFormat::ChannelsLast).copy_(pixels);
}

}  // namespace

ShuffledBatches::ShuffledBatches(Examples examples, const ChannelStatistics& statistics, BatchOptions options)
    : examples_(std::move(examples)), options_(options) {
  CHECK_GT(examples_.size(), 0);
  CHECK_GT(options_.batch_size, 0);
  const at::Tensor& images = examples_.images;
  mean_ = PerChannel(statistics.mean, images.device());
  deviation_ = PerChannel(statistics.standard_deviation, images.device());
  places_ = at::arange(options_.batch_size, examples_.labels.options());
  if (options_.augmentation.has_views())
    views_ = AugmentationViews(options_.augmentation, images.size(2), images.size(3)).to(images.device());
}

int64_t ShuffledBatches::steps_per_epoch() const {
  return (examples_.size() + options_.batch_size - 1) / options_.batch_size;
}

void ShuffledBatches::StartEpoch(int64_t epoch) {
  const auto number = static_cast<uint64_t>(epoch);
  std::vector<at::Tensor> drawn;
  drawn.push_back(at::randperm(examples_.size(), MakeGenerator(options_.seed, RandomUse::kOrder, {number}), at::kLong));
  if (views_.defined()) {
    drawn.push_back(at::randint(views_.size(0), {examples_.size()},
                                MakeGenerator(options_.seed, RandomUse::kAugmentation, {number}), at::kLong));
  }
  if (options_.augmentation.cutout > 0) {
    const at::Tensor& images = examples_.images;
    drawn.push_back(at::randint(images.size(2) * images.size(3), {examples_.size()},
                                MakeGenerator(options_.seed, RandomUse::kCutout, {number}), at::kLong));
  }
  const at::Tensor on_device = at::stack(drawn).to(device());
  for (at::Tensor* const kept : {&order_, &view_, &centre_})
    if (!kept->defined()) *kept = at::empty_like(on_device[0]);
  order_.copy_(on_device[0]);
  if (views_.defined()) view_.copy_(on_device[1]);
  if (options_.augmentation.cutout > 0) centre_.copy_(on_device[-1]);
}

Batch ShuffledBatches::Get(int64_t step) const {
  CHECK(order_.defined()) << "StartEpoch comes first";
  CHECK(step >= 0 && step < steps_per_epoch()) << step;
  const int64_t begin = step * options_.batch_size;
  return AtPlaces(places_.slice(0, 0, examples_.size() - begin) + begin);
}

Batch ShuffledBatches::GetWhole(const at::Tensor& step) const {
  CHECK(order_.defined()) << "StartEpoch comes first";
  return AtPlaces(step * options_.batch_size + places_);
}

Batch ShuffledBatches::AtPlaces(const at::Tensor& places) const {
  const at::Tensor chosen = order_.index_select(0, places);
  at::Tensor images = examples_.images.index_select(0, chosen);
  if (views_.defined()) images = ShowViews(images, views_, view_.index_select(0, places));
  images = Normalise(images, mean_, deviation_, options_.type);
  const int64_t cutout = options_.augmentation.cutout;
  if (cutout > 0) images = CutOut(images, cutout, centre_.index_select(0, places));
  return {images, examples_.labels.index_select(0, chosen)};
}

Batch OrderedBatch(const Examples& examples, const ChannelStatistics& statistics, int64_t begin, int64_t end,
                   at::ScalarType type) {
  CHECK(begin >= 0 && begin <= end && end <= examples.size()) << begin << " to " << end;
  const at::Device device = examples.images.device();
  return {Normalise(examples.images.slice(0, begin, end), PerChannel(statistics.mean, device),
                    PerChannel(statistics.standard_deviation, device), type),
          examples.labels.slice(0, begin, end)};
}

}  // namespace sid
