#include "data/changes/label_noise.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randperm.h>

#include <cmath>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/random.h"

namespace sid {

absl::StatusOr<NoisyLabels> AddLabelNoise(Dataset dataset, double fraction, uint64_t seed) {
  if (!(fraction >= 0 && fraction < 1)) {
    return absl::InvalidArgumentError(absl::StrCat("label noise ", fraction,
                                                   " is not in [0, 1); 0.2 gives a fifth of the training examples a "
                                                   "wrong label, 0 none"));
  }
  const int64_t classes = dataset.classes();
  if (fraction > 0 && classes < 2) {
    return absl::InvalidArgumentError(absl::StrCat("label noise ", fraction, " needs a second class to draw, but ",
                                                   dataset.name, " has ", classes, "; choose 0"));
  }
  const at::Tensor& clean = dataset.train.labels;
  const int64_t examples = dataset.train.size();
  const int64_t count = std::llround(fraction * static_cast<double>(examples));
  at::Generator generator = MakeGenerator(seed, RandomUse::kLabelNoise);
  const at::Tensor shuffled = at::randperm(examples, generator, at::kLong);
  const at::Tensor flipped = std::get<0>(shuffled.slice(0, 0, count).sort());
  if (count > 0) {
    // A step of 1 to C - 1 around the circle of classes reaches every other class, and never its own.
    const at::Tensor steps = at::randint(1, classes, {count}, generator, at::kLong);
    const at::Tensor wrong = (clean.index_select(0, flipped) + steps).remainder(classes);
    dataset.train.labels = clean.index_copy(0, flipped, wrong);
  }
  return NoisyLabels{std::move(dataset), flipped};
}

}  // namespace sid
