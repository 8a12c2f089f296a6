#include "data/dataset.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/logical_or.h>
#include <ATen/ops/nonzero.h>

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/checksum.h"
#include "base/status.h"
#include "third_party/logging/logging.h"

namespace sid {

namespace {

absl::Status ValidatePart(const Examples& part, const std::string& where, int64_t classes) {
  if (part.size() == 0) return absl::OkStatus();
  CHECK_EQ(part.images.dim(), 4) << where;
  CHECK_EQ(part.images.size(0), part.size()) << where;
  CHECK(part.images.scalar_type() == at::kByte && part.labels.scalar_type() == at::kLong) << where;
  const at::Tensor wrong = at::nonzero(at::logical_or(part.labels.lt(0), part.labels.ge(classes)));
  if (wrong.size(0) == 0) return absl::OkStatus();
  const int64_t index = wrong[0][0].item<int64_t>();
  return absl::DataLossError(absl::StrCat(where, ": example ", index, " has label ", part.labels[index].item<int64_t>(),
                                          ", but there are ", classes, " classes (0 to ", classes - 1,
                                          "); the file is damaged or of another data set"));
}

Examples MoveTo(const Examples& part, at::Device device) {
  if (part.size() == 0) return part;
  return {part.images.to(device), part.labels.to(device)};
}

}  // namespace

ChannelStatistics ComputeStatistics(const at::Tensor& images) {
  const at::Tensor bytes = images.cpu().contiguous();
  const uint8_t* plane = bytes.data_ptr<uint8_t>();
  const int64_t plane_size = bytes.size(2) * bytes.size(3);
  // Whole numbers: exact in any order, and no copy of the set in a wider type.
  std::vector<int64_t> sums(bytes.size(1)), squares(bytes.size(1));
  for (int64_t i = 0; i < bytes.size(0) * bytes.size(1); ++i, plane += plane_size) {
    int64_t sum = 0, square = 0;
    for (int64_t pixel = 0; pixel < plane_size; ++pixel) {
      const int64_t value = plane[pixel];
      sum += value;
      square += value * value;
    }
    sums[i % bytes.size(1)] += sum;
    squares[i % bytes.size(1)] += square;
  }
  ChannelStatistics statistics;
  const double pixels = static_cast<double>(bytes.size(0) * plane_size);
  for (int64_t channel = 0; channel < bytes.size(1); ++channel) {
    const double mean = static_cast<double>(sums[channel]) / pixels;
    const double variance = static_cast<double>(squares[channel]) / pixels - mean * mean;
    statistics.mean.push_back(static_cast<float>(mean));
    statistics.standard_deviation.push_back(static_cast<float>(std::sqrt(std::max(variance, 1.0))));
  }
  return statistics;
}

absl::Status Validate(const Dataset& dataset) {
  const int64_t classes = dataset.classes();
  SID_RETURN_IF_ERROR(ValidatePart(dataset.train, dataset.name + " (train)", classes));
  SID_RETURN_IF_ERROR(ValidatePart(dataset.validation, dataset.name + " (validation)", classes));
  return ValidatePart(dataset.test, dataset.name + " (test)", classes);
}

Dataset ToDevice(const Dataset& dataset, at::Device device) {
  Dataset moved = dataset;
  moved.train = MoveTo(dataset.train, device);
  moved.validation = MoveTo(dataset.validation, device);
  moved.test = MoveTo(dataset.test, device);
  return moved;
}

std::string Fingerprint(const Dataset& dataset) {
  Sha256 checksum;
  for (const Examples* part : {&dataset.train, &dataset.validation, &dataset.test}) {
    checksum.AddText(absl::StrCat(part->size()));
    if (part->size() == 0) continue;
    checksum.AddText(absl::StrJoin(part->images.sizes(), " "));
    for (const at::Tensor& tensor : {part->images.contiguous(), part->labels.contiguous()})
      checksum.Add({static_cast<const char*>(tensor.const_data_ptr()), tensor.nbytes()});
  }
  return checksum.Hex();
}

}  // namespace sid
