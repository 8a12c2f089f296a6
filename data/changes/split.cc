#include "data/changes/split.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/nonzero.h>
#include <ATen/ops/randperm.h>

#include <cmath>
#include <tuple>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/random.h"
#include "base/status.h"
#include "third_party/logging/logging.h"

namespace sid {
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
  const at::Tensor in_order = std::get<0>(at::cat(indices).sort());
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

}  // namespace sid
