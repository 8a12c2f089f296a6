#include "data/synthetic.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linalg_qr.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/one_hot.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/stack.h>

#include <algorithm>
#include <cmath>
#include <tuple>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/random.h"
#include "base/status.h"

namespace sid {
namespace {

constexpr double kPi = 3.14159265358979323846;
constexpr double kMiddle = 127.5;
constexpr double kDeviations = 5;  // of the noise, which a byte has room for: one pixel in 10^6 or fewer is cut off

enum Stream : uint64_t { kRotation, kTrain, kTest };

// Wave `index` of the DCT-II over `length` points, of norm 1.
at::Tensor Cosine(int64_t length, int64_t index) {
  const at::Tensor points = at::arange(length, at::kDouble) + 0.5;
  const double norm = std::sqrt((index == 0 ? 1.0 : 2.0) / static_cast<double>(length));
  return norm * (points * (kPi * static_cast<double>(index) / static_cast<double>(length))).cos();
}

// Orthonormal patterns, double [channels * height * width, C]: products of waves, those of low frequency first.
at::Tensor SmoothPatterns(const SyntheticConfig& config) {
  std::vector<std::tuple<double, int64_t, int64_t, int64_t>> waves;
  for (int64_t y = 0; y < config.height; ++y) {
    for (int64_t x = 0; x < config.width; ++x) {
      const double frequency = std::hypot(static_cast<double>(y) / static_cast<double>(config.height),
                                          static_cast<double>(x) / static_cast<double>(config.width));
      for (int64_t color = 0; color < config.channels; ++color) waves.emplace_back(frequency, y, x, color);
    }
  }
  std::partial_sort(waves.begin(), waves.begin() + config.classes, waves.end());
  std::vector<at::Tensor> patterns;
  for (int64_t i = 0; i < config.classes; ++i) {
    const auto& [frequency, y, x, color] = waves[i];
    patterns.push_back((Cosine(config.channels, color).view({-1, 1, 1}) * Cosine(config.height, y).view({-1, 1}) *
                        Cosine(config.width, x))
                           .flatten());
  }
  return at::stack(patterns, 1);
}

// U times the contrast, float [channels * height * width, C].
at::Tensor Directions(const SyntheticConfig& config) {
  const at::Tensor patterns = SmoothPatterns(config);
  at::Generator generator = MakeGenerator(config.seed, RandomUse::kSynthetic, {kRotation});
  const at::Tensor noise = at::randn({config.classes, config.classes}, generator, at::TensorOptions(at::kDouble));
  const at::Tensor rotation = std::get<0>(at::linalg_qr(noise));
  // How much of v's length the most exposed pixel receives; a rotation does not change it.
  const double exposure = at::linalg_vector_norm(patterns, 2, 1).max().item<double>();
  const double contrast = (kMiddle - 0.5) / (exposure * (config.separation + kDeviations));
  return (contrast * at::matmul(patterns, rotation)).to(at::kFloat);
}

Examples Render(const SyntheticConfig& config, const at::Tensor& directions, int64_t examples, Stream stream) {
  at::Generator generator = MakeGenerator(config.seed, RandomUse::kSynthetic, {stream});
  Examples part{at::empty({examples, config.channels, config.height, config.width}, at::kByte),
                at::arange(examples, at::kLong).remainder(config.classes)};
  // In slices, as floats need four times the memory of the bytes.
  constexpr int64_t kSlice = 1024;
  for (int64_t start = 0; start < examples; start += kSlice) {
    const int64_t end = std::min(examples, start + kSlice);
    const at::Tensor noise = at::randn({end - start, config.classes}, generator, at::TensorOptions(at::kFloat));
    const at::Tensor values = noise + config.separation * at::one_hot(part.labels.slice(0, start, end), config.classes);
    const at::Tensor pixels = at::matmul(values, directions.t()) + kMiddle;
    part.images.slice(0, start, end).view({end - start, -1}).copy_(pixels.round().clamp(0, 255));
  }
  return part;
}

absl::Status CheckConfig(const SyntheticConfig& config) {
  if (std::min({config.channels, config.height, config.width, config.train_examples, config.test_examples}) < 1 ||
      !(config.separation > 0))
    return absl::InvalidArgumentError("synthetic: channels, height, width, examples and separation must be positive");
  const int64_t dimensions = config.channels * config.height * config.width;
  if (config.classes >= 2 && config.classes <= dimensions) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "synthetic: ", config.classes, " classes in images of ", config.channels, "x", config.height, "x", config.width,
      "; there must be at least 2, and at most as many as pixels and channels give orthogonal directions: ",
      dimensions));
}

}  // namespace

absl::StatusOr<Dataset> MakeSynthetic(const SyntheticConfig& config) {
  SID_RETURN_IF_ERROR(CheckConfig(config));
  const at::Tensor directions = Directions(config);
  Dataset dataset;
  dataset.name = "synthetic";
  for (int64_t i = 0; i < config.classes; ++i) dataset.class_names.push_back(absl::StrCat("class ", i));
  dataset.train = Render(config, directions, config.train_examples, kTrain);
  dataset.test = Render(config, directions, config.test_examples, kTest);
  return dataset;
}

at::Tensor SyntheticMeans(const SyntheticConfig& config) {
  return (kMiddle + config.separation * Directions(config).t())
      .reshape({config.classes, config.channels, config.height, config.width});
}

double BayesError(int64_t classes, double separation) {
  // The trapezoidal rule, which for smooth functions that vanish at both ends is exact to rounding at this step.
  constexpr double kStep = 0.01;
  constexpr int kSteps = 1200;  // to either side: beyond 12 the density is below 1e-31
  double error = 0;
  for (int step = -kSteps; step <= kSteps; ++step) {
    const double z = kStep * step;
    const double exceeded = 0.5 * std::erfc((z + separation) / std::sqrt(2.0));  // by one other component
    const double density = std::exp(-0.5 * z * z) / std::sqrt(2 * kPi);
    error -= kStep * density * std::expm1(static_cast<double>(classes - 1) * std::log1p(-exceeded));
  }
  return error;
}

}  // namespace sid
