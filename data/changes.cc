#include "data/changes.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/concat.h>
#include <ATen/ops/eq.h>
#include <ATen/ops/nonzero.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randperm.h>

#include <cmath>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/random.h"
#include "base/status.h"
#include "third_party/logging/logging.h"

namespace sid {

absl::StatusOr<Dataset> KeepTrainingImages(Dataset dataset, int64_t count, uint64_t seed) {
  const int64_t all = dataset.train.size();
  if (count < 0 || count > all) {
    return absl::InvalidArgumentError(absl::StrCat("train_images ", count, " is not in [0, ", all, "]: ", dataset.name,
                                                   " has ", all, " training images, and 0 takes them all"));
  }
  if (count == 0 || count == all) return dataset;
  std::vector<at::Tensor> kept;
  for (int64_t label = 0; label < dataset.classes(); ++label) {
    const at::Tensor members = at::nonzero(dataset.train.labels.eq(label)).view(-1);
    const double share = static_cast<double>(count) / static_cast<double>(all);
    const int64_t keep = std::llround(share * static_cast<double>(members.size(0)));
    if (keep == 0 && members.size(0) > 0) {
      // From a share of half an example on one is kept.
      const int64_t least = (all + 2 * members.size(0) - 1) / (2 * members.size(0));
      return absl::InvalidArgumentError(absl::StrCat("train_images ", count, " leaves class '",
                                                     dataset.class_names[label], "' of ", dataset.name,
                                                     " without an example; take ", least, " or more"));
    }
    const at::Generator generator = MakeGenerator(seed, RandomUse::kSubset, {static_cast<uint64_t>(label)});
    kept.push_back(members.index_select(0, at::randperm(members.size(0), generator, at::kLong).slice(0, 0, keep)));
  }
  const at::Tensor in_order = std::get<0>(at::concat(kept).sort());
  dataset.train = {dataset.train.images.index_select(0, in_order), dataset.train.labels.index_select(0, in_order)};
  dataset.statistics = ComputeStatistics(dataset.train.images);
  return dataset;
}

namespace {

// How many of a class's examples go to validation.
absl::StatusOr<int64_t> ValidationCount(const Dataset& dataset, int64_t label, int64_t examples, double fraction) {
  const int64_t count = std::llround(fraction * static_cast<double>(examples));
  if (examples == 0 || (count > 0 && count < examples)) return count;
  if (examples == 1) {
    return absl::InvalidArgumentError(
        absl::StrCat(dataset.name, " has one training image of class '", dataset.class_names[label],
                     "', which cannot be in a validation part too: validation fraction 0 makes none"));
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "validation fraction ", fraction, " of ", dataset.name, " leaves class '", dataset.class_names[label], "' with ",
      examples - count, " training and ", count,
      " validation examples; choose one nearer to a half, so that both parts have some, or 0 for no validation part"));
}

Examples Choose(const Examples& examples, const std::vector<at::Tensor>& indices) {
  const at::Tensor in_order = std::get<0>(at::concat(indices).sort());
  return {examples.images.index_select(0, in_order), examples.labels.index_select(0, in_order)};
}

}  // namespace

absl::StatusOr<Dataset> SplitValidation(Dataset dataset, double fraction, uint64_t seed) {
  if (!(fraction >= 0 && fraction < 1)) {
    return absl::InvalidArgumentError(absl::StrCat("validation fraction ", fraction,
                                                   " is not in [0, 1); 0.1 keeps a tenth of the training examples"));
  }
  CHECK_EQ(dataset.validation.size(), 0) << dataset.name << " has a validation part already";
  if (fraction == 0) return dataset;
  std::vector<at::Tensor> train, validation;
  for (int64_t label = 0; label < dataset.classes(); ++label) {
    const at::Tensor members = at::nonzero(dataset.train.labels.eq(label)).view(-1);
    SID_ASSIGN_OR_RETURN(const int64_t count, ValidationCount(dataset, label, members.size(0), fraction));
    const at::Generator generator = MakeGenerator(seed, RandomUse::kValidationSplit, {static_cast<uint64_t>(label)});
    const at::Tensor shuffled = members.index_select(0, at::randperm(members.size(0), generator, at::kLong));
    validation.push_back(shuffled.slice(0, 0, count));
    train.push_back(shuffled.slice(0, count));
  }
  dataset.validation = Choose(dataset.train, validation);
  dataset.train = Choose(dataset.train, train);
  dataset.statistics = ComputeStatistics(dataset.train.images);
  return dataset;
}

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
